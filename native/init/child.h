// How a child ended, by its pidfd: waitid(2) without libc.
#pragma once

#include "sys.h"

namespace tinyrun {

// What waitid(2) fills in; libc's siginfo_t.
struct ChildInfo {
  int signo, err, code, pad, pid;
  unsigned uid;
  int status;   // what it exited with, or the signal that ended it
  int rest[25];

  bool exited() const { return code == 1; }   // CLD_EXITED
  // As a shell has it.
  int shellCode() const { return exited() ? status : 128 + status; }
};
static_assert(sizeof(ChildInfo) == 128);

// Waits for that, whatever comes in between; with WNOWAIT in `flags` it is there for the next one, too. 0 or -errno.
inline long awaitChild(int pidfd, ChildInfo& info, int flags = 0) {
  constexpr int kPidfdType = 3;   // P_PIDFD
  long r;
  do r = sys::waitid(kPidfdType, pidfd, &info, WEXITED | flags);
  while (r == -EINTR);
  return r;
}

}  // namespace tinyrun
