// Threads that share work.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "line.h"

namespace tinyrun {

// Each takes the next piece of work that none has taken. What is asked of them is guarded by the owner's lock.
template <class Work>
class Crew {
 public:
  Crew(size_t size, std::mutex& mutex, std::condition_variable& changed, std::function<void(Work&)> work)
      : mutex_(mutex), changed_(changed), work_(std::move(work)) {
    const QuietSignals quiet;
    for (size_t i = 0; i < size; ++i) threads_.emplace_back([this] { run(); });
  }
  ~Crew() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    called_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

  // These two with the lock held.
  void add(Work work) {
    waiting_.push_back(std::move(work));
    called_.notify_one();
  }
  size_t pending() const { return waiting_.size() + under_way_; }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      called_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      Work mine = std::move(waiting_.front());
      waiting_.pop_front();
      ++under_way_;
      lock.unlock();
      work_(mine);
      lock.lock();
      --under_way_;
      changed_.notify_all();
    }
  }

  std::mutex& mutex_;
  // For who waits for the crew; it has one of its own, so that no thread is woken for what others are called for.
  std::condition_variable& changed_;
  std::condition_variable called_;
  std::function<void(Work&)> work_;
  std::deque<Work> waiting_;
  size_t under_way_ = 0;
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace tinyrun
