// Fds that close themselves, and the ways of opening that several files need.
#pragma once

#include <fcntl.h>
#include <linux/openat2.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "bind.h"

namespace tinyrun {

class UniqueFd {
 public:
  explicit UniqueFd(Fd fd = -1) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~UniqueFd() {
    if (fd_ >= 0) ::close(fd_);
  }
  Fd get() const { return fd_; }
  Fd release() { return std::exchange(fd_, -1); }

 private:
  Fd fd_;
};

// openat2(2); throws.
Fd openHow(Fd dirfd, const Path& path, const open_how& how);

// An O_PATH fd of the file itself, a symlink included.
Fd openPath(Fd dirfd, const Path& path);

// Opens a control file of a kernel filesystem beneath its directory, through no link.
Fd openBeneath(Fd dirfd, const Path& path, int flags);

// The magic link that names what an fd holds.
inline std::string procFd(Fd fd) { return "/proc/self/fd/" + std::to_string(fd); }

}  // namespace tinyrun
