// One direction of a container's streams: bytes from one fd to another until there are no more, nobody takes them, or the
// container has ended. streams.cc draws how the directions belong together.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>

#include "open.h"

namespace tinyrun {

inline constexpr size_t kPiece = 65536;
constexpr int kManyPieces = 16 * kPiece;
// What the threads of one container share with finish().
struct Shared {
  UniqueFd ended;   // an eventfd: readable from finish() on
  std::mutex mutex;
  std::condition_variable left;
  int outputs = 0;  // threads that still copy output
  UniqueFd told;    // who is told, in words of its own for each output, that nobody takes it any more
  int failed = 0;   // the first errno, but for EPIPE, and which of the caller's fds it was
  int stream = 0;

  bool wait(std::optional<std::chrono::milliseconds> limit) {
    std::unique_lock lock(mutex);
    const auto none = [this] { return outputs == 0; };
    if (limit) return left.wait_for(lock, *limit, none);
    left.wait(lock, none);
    return true;
  }
};

// From one fd to another. 0: the end of the input; negative: an errno, EAGAIN to look again; otherwise bytes.
class Copy {
 public:
  Copy(UniqueFd from, UniqueFd to, std::shared_ptr<Shared> shared)
      : from_(std::move(from)), to_(std::move(to)), shared_(std::move(shared)), plain_(isSocket(to_.get())) {}

  // As far as the container writes, or finish() lets it.
  int output() {
    for (;;) {
      pollfd fds[] = {{from_.get(), POLLIN, 0}, {shared_->ended.get(), POLLIN, 0}};
      if (wait(fds, 2) && fds[1].revents != 0) return drain();
      const ssize_t n = move(kManyPieces);
      if (n <= 0 && n != -EAGAIN) return static_cast<int>(n);
      if (n >= static_cast<ssize_t>(kPiece)) grow();
    }
  }

  // As long as there is input and somebody may read it.
  int input() {
    isInput_ = true;
    const bool terminal = isatty(from_.get()) == 1;
    for (;;) {
      // Asks for nothing and is given that, but a job in the background stops here (SIGTTIN) like all that read a terminal.
      if (terminal && ::read(from_.get(), buffer_, 0) == -1) return -errno;
      pollfd fds[] = {{from_.get(), POLLIN, 0}, {to_.get(), 0, 0}, {shared_->ended.get(), POLLIN, 0}};
      if (!wait(fds, 3)) continue;
      if (fds[1].revents != 0 || fds[2].revents != 0) return 0;
      if (const ssize_t n = move(kPiece); n <= 0 && n != -EAGAIN) return static_cast<int>(n);
    }
  }

 private:
  // splice(2) to a full one waits with the pipe locked, whatever its flags say: the program could not even be killed.
  static bool isSocket(Fd fd) {
    struct stat status;
    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
  }

  static bool wait(pollfd* fds, nfds_t count) { return poll(fds, count, -1) > 0; }

  int drain() {
    for (int left = lying(); left > 0;) {
      const ssize_t n = move(static_cast<size_t>(left));
      if (n > 0) left -= static_cast<int>(n);
      else if (n != -EAGAIN) return static_cast<int>(n);
      else left = std::min(left, lying());   // others may read the pipe, too
    }
    return 0;
  }

  // Who writes much is not made to wait for us at each piece. May be refused: the size of all pipes has a limit.
  void grow() {
    if (!std::exchange(grown_, true)) fcntl(from_.get(), F_SETPIPE_SZ, kManyPieces);
  }

  int lying() const {
    int size = 0;
    return ioctl(from_.get(), FIONREAD, &size) == -1 ? 0 : size;
  }

  ssize_t move(size_t most) {
    while (!plain_) {
      const ssize_t n = splice(from_.get(), nullptr, to_.get(), nullptr, most, SPLICE_F_NONBLOCK);
      if (n >= 0) return n;
      if (errno == EINVAL) plain_ = true;
      else if (errno == EAGAIN) return room() ? -EAGAIN : 0;
      else if (errno != EINTR) return -errno;
    }
    const ssize_t n = ::read(from_.get(), buffer_, std::min(most, kPiece));
    if (n > 0) return write(static_cast<size_t>(n));
    return n == 0 ? 0 : errno == EINTR ? -EAGAIN : -errno;
  }

  ssize_t write(size_t size) {
    for (size_t done = 0; done < size;) {
      const ssize_t n = ::write(to_.get(), buffer_ + done, size - done);
      if (n >= 0) done += static_cast<size_t>(n);
      else if (errno == EAGAIN) { if (!room()) return 0; }
      else if (errno != EINTR) return -errno;
    }
    return static_cast<ssize_t>(size);
  }

  // Waits until there may be room again; false where that has no sense any more: input of a container that has ended.
  bool room() {
    pollfd fds[] = {{to_.get(), POLLOUT, 0}, {shared_->ended.get(), POLLIN, 0}};
    wait(fds, isInput_ ? 2 : 1);
    return !isInput_ || fds[1].revents == 0;
  }

  UniqueFd from_;
  UniqueFd to_;
  std::shared_ptr<Shared> shared_;
  bool plain_;
  bool isInput_ = false;
  bool grown_ = false;
  char buffer_[kPiece];
};

}  // namespace tinyrun
