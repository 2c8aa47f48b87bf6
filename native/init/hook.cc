// A hook of config.json: a program of the host, run in the namespaces the container has so far.
#include <linux/memfd.h>

#include "container.h"
#include "root.h"

namespace tinyrun {

namespace {

struct Launch {
  const char* path;
  const char* const* argv;
  const char* const* envp;
  int root;            // -1: the current directory is ours
  int streams[3];
  Container* lane;
  Result confined;
  long error;
};

TINYRUN_NO_SANITIZE int hookChild(void* context) {
  Launch& launch = *static_cast<Launch*>(context);
  launch.error = launch.root < 0 ? 0 : sys::fchdir(launch.root);
  for (int fd = 0; fd < 3 && launch.error >= 0; ++fd) launch.error = sys::dup3(launch.streams[fd], fd, 0);
  launch.confined = confine(*launch.lane);
  if (!launch.confined) return 127;
  if (launch.error >= 0) launch.error = sys::call(__NR_execve, launch.path, launch.argv, launch.envp);
  return 127;
}

// The state as a file rather than a pipe: nothing blocks when the hook does not read it.
Result stateFile(const args::hook& a, sys::Fd& file) {
  file.reset(sys::memfdCreate("state", MFD_CLOEXEC));
  if (file.bad()) return failed("memfd_create", file.value(), a.path);
  Text<24> pid;
  pid.add(static_cast<uint64_t>(sys::getpid()));
  const Piece pieces[] = {{a.stateHead, a.stateHead.size}, {pid.c_str(), pid.size()}, {a.stateTail, a.stateTail.size}};
  if (Result r = writePieces(file.get(), pieces, a.path); !r) return r;
  return check("lseek", sys::lseek(file.get(), 0, 0 /* SEEK_SET */), a.path);
}

// Output goes to a file, too: a hook may leave a process behind that holds it open.
Result outputFile(const char* name, const char* path, sys::Fd& file) {
  file.reset(sys::memfdCreate(name, MFD_CLOEXEC));
  return file.bad() ? failed("memfd_create", file.value(), path) : kDone;
}

void addOutput(Container& lane, const char* name, int file, size_t most) {
  char text[512];
  if (sys::lseek(file, 0, 0 /* SEEK_SET */) < 0) return;
  const long n = sys::read(file, text, most);
  size_t size = n > 0 ? static_cast<size_t>(n) : 0;
  while (size > 0 && text[size - 1] == '\n') --size;
  lane.detail.add(", ").add(name).add(": ").add(text, size);
}

Result outcome(Container& lane, const args::hook& a, const Launch& launch, int status) {
  if (status == 0) return kDone;
  lane.detail.clear();
  lane.detail.add("hook ").add(a.path);
  if ((status & 0x7f) != 0)
    lane.detail.add(" was ended by signal ").add(static_cast<uint64_t>(status & 0x7f));
  else
    lane.detail.add(" failed with exit status ").add(static_cast<uint64_t>(status >> 8 & 0xff));
  addOutput(lane, "stdout", launch.streams[1], 200);
  addOutput(lane, "stderr", launch.streams[2], 500);
  return {ECANCELED, "wait4", lane.detail.c_str()};
}

}  // namespace

Result run(Container& lane, const args::hook& a) {
  Launch launch = {a.path, nullptr, nullptr, a.inRoot != 0 ? rootOf(lane) : -1, {-1, -1, -1}, &lane, kDone, 0};
  sys::Fd input, output, errors;
  if (Result r = pointersOf(a.args, launch.argv); !r) return r;
  if (Result r = pointersOf(a.env, launch.envp); !r) return r;
  if (Result r = stateFile(a, input); !r) return r;
  if (Result r = outputFile("stdout", a.path, output); !r) return r;
  if (Result r = outputFile("stderr", a.path, errors); !r) return r;
  launch.streams[0] = input.get();
  launch.streams[1] = output.get();
  launch.streams[2] = errors.get();

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
  if (!launch.confined) return launch.confined;
  if (launch.error < 0) return failed("execve", launch.error, a.path);
  return outcome(lane, a, launch, status);
}

}  // namespace tinyrun
