// A hook of config.json: a program of the host, run in the namespaces the container has so far.
#include <linux/memfd.h>

#include "container.h"

namespace tinyrun {

namespace {

struct Launch {
  const char* path;
  const char* const* argv;
  const char* const* envp;
  int input;
  long error;
};

TINYRUN_NO_SANITIZE int hookChild(void* context) {
  Launch& launch = *static_cast<Launch*>(context);
  launch.error = sys::dup3(launch.input, 0, 0);
  if (launch.error >= 0) launch.error = sys::call(__NR_execve, launch.path, launch.argv, launch.envp);
  return 127;
}

// The state as a file rather than a pipe: nothing blocks when the hook does not read it.
Result stateFile(const args::hook& a, sys::Fd& file) {
  file.reset(sys::memfdCreate("state", MFD_CLOEXEC));
  if (file.bad()) return failed("memfd_create", file.value(), a.path);
  Text<24> pid;
  pid.add(static_cast<uint64_t>(sys::getpid()));
  struct {
    const char* data;
    size_t size;
  } const parts[] = {{a.stateHead, a.stateHead.size}, {pid.c_str(), pid.size()}, {a.stateTail, a.stateTail.size}};
  for (const auto& part : parts)
    if (const long n = sys::write(file.get(), part.data, part.size); n != static_cast<long>(part.size))
      return n < 0 ? failed("write", n, a.path) : Result{ENOSPC, "write", a.path};
  return check("lseek", sys::lseek(file.get(), 0, 0 /* SEEK_SET */), a.path);
}

Result outcome(Container& lane, const args::hook& a, int status) {
  if (status == 0) return kDone;
  lane.detail.clear();
  lane.detail.add("hook ").add(a.path);
  if ((status & 0x7f) != 0)
    lane.detail.add(" was ended by signal ").add(static_cast<uint64_t>(status & 0x7f));
  else
    lane.detail.add(" failed with exit status ").add(static_cast<uint64_t>(status >> 8 & 0xff));
  return {ECANCELED, "wait4", lane.detail.c_str()};
}

}  // namespace

Result run(Container& lane, const args::hook& a) {
  Launch launch = {a.path, nullptr, nullptr, -1, 0};
  sys::Fd input;
  if (Result r = pointersOf(a.args, launch.argv); !r) return r;
  if (Result r = pointersOf(a.env, launch.envp); !r) return r;
  if (Result r = stateFile(a, input); !r) return r;
  launch.input = input.get();

  alignas(16) char stack[8192];
  int rawPidfd = -1;
  struct clone_args clone = {};
  clone.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
  clone.pidfd = reinterpret_cast<uint64_t>(&rawPidfd);
  clone.exit_signal = SIGCHLD;
  clone.stack = reinterpret_cast<uint64_t>(stack);
  clone.stack_size = sizeof stack;
  const long pid = sys::clone3Stack(&clone, hookChild, &launch);
  if (pid < 0) return failed("clone3", pid, a.path);
  const sys::Fd pidfd(rawPidfd);

  struct pollfd wait = {pidfd.get(), POLLIN, 0};
  struct __kernel_timespec limit = {a.timeoutMs / 1000, static_cast<long long>(a.timeoutMs % 1000) * 1'000'000};
  const long ended = sys::ppoll(&wait, 1, a.timeoutMs == 0 ? nullptr : &limit);
  if (ended == 0) sys::pidfdSignal(pidfd.get(), SIGKILL);
  int status = 0;
  sys::wait4(static_cast<int>(pid), &status, 0);
  if (ended == 0) return {ETIMEDOUT, "ppoll", a.path};
  if (launch.error < 0) return failed("execve", launch.error, a.path);
  return outcome(lane, a, status);
}

}  // namespace tinyrun
