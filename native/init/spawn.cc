// How a monitor is born: clone3(2) with CLONE_VM|CLONE_VFORK and an exec, like a container (clone.cc), but as a process of
// the host's that outlives its caller: a session of its own, the root for its directory, /dev/null for 0, 1 and 2.
#include "spawn.h"

#include "machine.h"
#include "sys.h"
#include "text.h"

namespace tinyrun {

namespace {

struct Departure {
  const MonitorSpawn* spawn;
  int order;
  int null;
  const char* orderText;
  const char* syscall;   // answer: what failed
  int err;
};

TINYRUN_NO_SANITIZE int bornMonitor(void* context) {
  Departure& departure = *static_cast<Departure*>(context);
  const MonitorSpawn& spawn = *departure.spawn;
  const auto fail = [&departure](const char* syscall, long error) {
    departure.syscall = syscall;
    departure.err = static_cast<int>(-error);
    return 125;
  };
  if (const long r = sys::setsid(); r < 0) return fail("setsid", r);
  if (const long r = sys::chdir("/"); r < 0) return fail("chdir", r);
  for (int fd = 0; fd < 3; ++fd)
    if (const long r = sys::dup3(departure.null, fd, 0); r < 0) return fail("dup3", r);
  // Only what the order names crosses the exec, whatever the caller has open.
  if (const long r = sys::closeRange(3, kNoSlot, CLOSE_RANGE_CLOEXEC); r < 0) return fail("close_range", r);
  if (const long r = sys::fcntl(departure.order, F_SETFD, 0); r < 0) return fail("fcntl", r);
  for (size_t i = 0; i < spawn.passed; ++i)
    if (const long r = sys::fcntl(spawn.pass[i], F_SETFD, 0); r < 0) return fail("fcntl", r);
  const char* const argv[] = {"tinyrun-init", "monitor", departure.orderText, nullptr};
  const char* const envp[] = {nullptr};
  return fail("execveat", sys::execveat(spawn.executable, "", argv, envp, AT_EMPTY_PATH));
}

// What failed before there was a process of its own.
int refused(const char*& syscall, const char* name, long error) {
  syscall = name;
  return static_cast<int>(error);
}

}  // namespace

int spawnMonitor(const MonitorSpawn& spawn, int& pidfd, const char*& syscall) {
  // 0, 1 and 2 are the monitor's own: an order that named them would find /dev/null there.
  for (size_t i = 0; i < spawn.passed; ++i)
    if (spawn.pass[i] < 3) return refused(syscall, "fcntl", -EBADF);
  const sys::Fd order(sharedBytes("tinyrun-order", spawn.order, spawn.size));
  if (order.bad()) return refused(syscall, "memfd_create", order.value());
  const sys::Fd null(sys::openat(AT_FDCWD, "/dev/null", O_RDWR));
  if (null.bad()) return refused(syscall, "openat", null.value());
  Text<16> text;
  text.add(static_cast<uint64_t>(order.get()));
  Departure departure = {&spawn, order.get(), null.get(), text.c_str(), "", 0};

  alignas(16) char stack[8192];
  int made = -1;
  struct clone_args clone = {};
  clone.flags = CLONE_PIDFD | CLONE_VM | CLONE_VFORK;
  clone.pidfd = reinterpret_cast<uint64_t>(&made);
  if (spawn.cgroup >= 0) {
    clone.flags |= CLONE_INTO_CGROUP;
    clone.cgroup = static_cast<uint64_t>(spawn.cgroup);
  }
  // Signals stay blocked across the exec: nothing may end a monitor before it says which may.
  const long pid = sys::cloneOn(stack, clone, bornMonitor, &departure);
  if (pid < 0) return refused(syscall, "clone3", pid);
  if (departure.err == 0) {
    pidfd = made;
    return static_cast<int>(pid);
  }
  sys::reap(pid, nullptr);
  sys::close(made);
  return refused(syscall, departure.syscall, -departure.err);
}

}  // namespace tinyrun
