// Starts a monitor: tinyrun-init, in a session of its own, as a child of whoever calls.
#pragma once

#include <stddef.h>

namespace tinyrun {

struct MonitorSpawn {
  const void* order = nullptr;   // an encoded message `order`: copied into a memfd
  size_t size = 0;
  int executable = -1;           // tinyrun-init, from sealedMemfd()
  int cgroup = -1;               // an open cgroup2 directory that it is born into; -1: the caller's
  const int* pass = nullptr;     // fds that the order names: they keep their numbers
  size_t passed = 0;
};

// The monitor's pid, with a pidfd to wait for it by, or a negative errno and the call that failed. Safe in a process with
// threads: between clone and exec nothing is touched but the child's own stack.
int spawnMonitor(const MonitorSpawn& spawn, int& pidfd, const char*& syscall);

}  // namespace tinyrun
