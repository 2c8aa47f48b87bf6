// What the steps of both lanes work on and answer.
#pragma once

#include "decode.h"
#include "sys.h"
#include "text.h"

namespace tinyrun {

enum class Flow : uint8_t {
  next,    // on to the next step
  again,   // leave the loop; resume() repeats this step
  leave,   // leave the loop; resume() goes on with the next step
};

// How a step ended. err is a positive errno, 0 for success; `soft` marks a failure that only the trace is told of.
// `path` points into the plan or into Lane::detail.
struct [[nodiscard]] Result {
  int err = 0;
  const char* syscall = "";
  const char* path = "";
  bool soft = false;
  Flow flow = Flow::next;
  explicit operator bool() const { return err == 0; }
};

inline constexpr Result kDone = {};

// From the -errno of a system call.
inline Result failed(const char* syscall, long error, const char* path) {
  return {static_cast<int>(-error), syscall, path};
}
// For calls that answer 0 or -errno.
inline Result check(const char* syscall, long value, const char* path) {
  return value < 0 ? failed(syscall, value, path) : kDone;
}
inline Result ignored(Result result) {
  result.soft = true;
  return result;
}

// Closes what an fd variable holds, if anything.
inline void drop(int& fd) {
  if (fd >= 0) sys::close(fd);
  fd = -1;
}

struct Lane {
  int slots[kSlots];
  bool trace = false;
  bool onHost = false;
  uint32_t step = 0;               // index of the running step
  int pid = 0;                     // of the clone; in the host lane, once there is one
  Text<kPathText> detail;          // paths and reasons a step makes up itself

  Lane() {
    for (int& fd : slots) fd = -1;
  }
  int fdOf(uint32_t slot) const { return slot < kSlots ? slots[slot] : -1; }
  // The fd passes to the caller, the slot is empty; -1 when it was.
  int take(uint32_t slot) {
    const int fd = fdOf(slot);
    if (fd >= 0) slots[slot] = -1;
    return fd;
  }
  // The slot owns the fd from here on.
  Result put(uint32_t slot, int fd) {
    if (slot >= kSlots) {
      sys::close(fd);
      return {EBADF, "slot", ""};
    }
    if (slots[slot] >= 0) sys::close(slots[slot]);
    slots[slot] = fd;
    return kDone;
  }
};

// Texts one after another into a file, by one writev(2): what cannot be written whole (a full disk) is a failure.
struct Piece {
  const char* data;
  size_t size;
};
template <size_t N>
Result writePieces(int file, const Piece (&pieces)[N], const char* path) {
  struct iovec parts[N];
  size_t size = 0;
  for (size_t i = 0; i < N; ++i) {
    parts[i] = {const_cast<char*>(pieces[i].data), static_cast<__kernel_size_t>(pieces[i].size)};
    size += pieces[i].size;
  }
  const long n = sys::writev(file, parts, N);
  if (n < 0) return failed("writev", n, path);
  return static_cast<size_t>(n) == size ? kDone : Result{ENOSPC, "writev", path};
}

// The steps that run in either lane: steps_fd.cc, steps_proc.cc, netlink.cc.
Result run(Lane& lane, const args::open& a);
Result run(Lane& lane, const args::openTree& a);
Result run(Lane& lane, const args::openBelow& a);
Result run(Lane& lane, const args::closeSlot& a);
Result run(Lane& lane, const args::timeOffsets& a);
Result run(Lane& lane, const args::netlink& a);

}  // namespace tinyrun
