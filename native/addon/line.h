// Work for a thread of its own.
#pragma once

#include <signal.h>

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace tinyrun {

// While it is there threads are started that signals do not reach: these are for the threads that wait for them.
class QuietSignals {
 public:
  QuietSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  QuietSignals(const QuietSignals&) = delete;
  ~QuietSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

// A thread with work that is done in order. What is asked of it and what it answers is guarded by the owner's lock.
template <class Work>
class Line {
 public:
  Line(std::mutex& mutex, std::condition_variable& changed, std::function<void(Work&)> work)
      : mutex_(mutex), changed_(changed), work_(std::move(work)) {
    const QuietSignals quiet;
    thread_ = std::thread([this] { run(); });
  }
  ~Line() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // These two with the lock held.
  void add(Work work) { waiting_.push_back(std::move(work)); }
  size_t pending() const { return waiting_.size() + under_way_; }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      std::vector<Work> mine = std::exchange(waiting_, {});
      under_way_ = mine.size();
      lock.unlock();
      for (auto& work : mine) work_(work);
      mine.clear();
      lock.lock();
      under_way_ = 0;
      changed_.notify_all();
    }
  }

  std::mutex& mutex_;
  std::condition_variable& changed_;
  std::function<void(Work&)> work_;
  std::vector<Work> waiting_;
  size_t under_way_ = 0;
  bool closed_ = false;
  std::thread thread_;
};

}  // namespace tinyrun
