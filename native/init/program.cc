#include "program.h"

#include <linux/mman.h>

namespace tinyrun {

namespace {

struct Launch {
  const Program* program;
  int streams[3];
  Result prepared;
  long error;
};

constexpr int kSignals = 64;

// Nothing of ours crosses the exec but the three streams: not a blocked or ignored signal either, and a handler must not run here.
TINYRUN_NO_SANITIZE long shed(const int* streams) {
  for (int fd = 0; fd < 3; ++fd)
    if (const long r = sys::dup3(streams[fd], fd, 0); r < 0) return r;
  if (const long r = sys::closeRange(3, ~0u, CLOSE_RANGE_CLOEXEC); r < 0) return r;
  const uint64_t byDefault[4] = {};   // struct sigaction of the kernel: handler, flags, restorer, mask
  for (int signal = 1; signal <= kSignals; ++signal)
    sys::call(__NR_rt_sigaction, signal, byDefault, nullptr, sizeof(uint64_t));   // KILL and STOP have no other
  const uint64_t none = 0;
  return sys::sigprocmask(SIG_SETMASK, &none, nullptr);
}

TINYRUN_NO_SANITIZE int programChild(void* context) {
  Launch& launch = *static_cast<Launch*>(context);
  const Program& program = *launch.program;
  launch.error = shed(launch.streams);
  if (launch.error < 0) return 127;
  if (program.prepare != nullptr) launch.prepared = program.prepare(program.context);
  if (!launch.prepared) return 127;
  launch.error = sys::call(__NR_execve, program.path, program.argv, program.envp);
  return 127;
}

void addOutput(Lane& lane, const char* name, int file, size_t most) {
  char text[512];
  if (sys::lseek(file, 0, 0 /* SEEK_SET */) < 0) return;
  const long n = sys::read(file, text, most);
  size_t size = n > 0 ? static_cast<size_t>(n) : 0;
  while (size > 0 && text[size - 1] == '\n') --size;
  lane.detail.add(", ").add(name).add(": ").add(text, size);
}

Result outcome(Lane& lane, const char* name, const Launch& launch, int status) {
  if (status == 0) return kDone;
  lane.detail.clear();
  lane.detail.add(name);
  if ((status & 0x7f) != 0)
    lane.detail.add(" was ended by signal ").add(static_cast<uint64_t>(status & 0x7f));
  else
    lane.detail.add(" failed with exit status ").add(static_cast<uint64_t>(status >> 8 & 0xff));
  addOutput(lane, "stdout", launch.streams[1], 200);
  addOutput(lane, "stderr", launch.streams[2], 500);
  return {ECANCELED, "wait4", lane.detail.c_str()};
}

long bear(Launch& launch, sys::Fd& pidfd) {
  alignas(16) char stack[8192];
  int raw = -1;
  struct clone_args clone = {};
  clone.flags = CLONE_VM | CLONE_VFORK | CLONE_PIDFD;
  clone.pidfd = reinterpret_cast<uint64_t>(&raw);
  const long pid = sys::cloneOn(stack, clone, programChild, &launch);
  if (pid > 0) pidfd.reset(raw);
  return pid;
}

// False when its time was up.
bool ended(int pidfd, uint32_t timeoutMs) {
  const uint64_t until = sys::nanoseconds() + uint64_t{timeoutMs} * 1'000'000;
  for (;;) {
    const uint64_t now = sys::nanoseconds(), left = now < until ? until - now : 0;
    struct __kernel_timespec limit = {static_cast<long long>(left / 1'000'000'000), static_cast<long long>(left % 1'000'000'000)};
    struct pollfd wait = {pidfd, POLLIN, 0};
    const long r = sys::ppoll(&wait, 1, timeoutMs == 0 ? nullptr : &limit);
    if (r != -EINTR) return r != 0;
  }
}

}  // namespace

Result runProgram(Lane& lane, const Program& program, const char* name) {
  const sys::Fd output(sys::memfdCreate("stdout", MFD_CLOEXEC)), errors(sys::memfdCreate("stderr", MFD_CLOEXEC));
  if (output.bad()) return failed("memfd_create", output.value(), program.path);
  if (errors.bad()) return failed("memfd_create", errors.value(), program.path);
  Launch launch = {&program, {program.input, output.get(), errors.get()}, kDone, 0};
  sys::Fd pidfd;
  const long pid = bear(launch, pidfd);
  if (pid < 0) return failed("clone3", pid, program.path);
  const bool inTime = ended(pidfd.get(), program.timeoutMs);
  if (!inTime) sys::pidfdSignal(pidfd.get(), SIGKILL);
  int status = 0;
  sys::reap(pid, &status);
  if (!inTime) return {ETIMEDOUT, "ppoll", program.path};
  if (!launch.prepared) return launch.prepared;
  if (launch.error < 0) return failed("execve", launch.error, program.path);
  return outcome(lane, name, launch, status);
}

Result pointersOf(const Strs& strings, const char**& out) {
  const size_t size = (size_t{strings.count} + 1) * sizeof(char*);
  const long at = sys::mmap(size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (at < 0 && at > -4096) return failed("mmap", at, "");
  out = reinterpret_cast<const char**>(at);
  size_t i = 0;
  for (const Str text : strings) out[i++] = text.data;
  return kDone;
}

void freePointers(const Strs& strings, const char** pointers) {
  if (pointers != nullptr) sys::munmap(pointers, (size_t{strings.count} + 1) * sizeof(char*));
}

}  // namespace tinyrun
