// PID 1 for programs that are none (--init): starts the program, forwards signals to it, reaps whatever is
// orphaned, and ends as the program does.
#include "container.h"

namespace tinyrun {

namespace {

constexpr uint64_t bit(int signal) { return uint64_t{1} << (signal - 1); }
// The kernel raises these at a fault of our own: blocked they would kill us all the same, forwarded they would lie.
constexpr uint64_t kFaults = bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGILL) | bit(SIGTRAP) | bit(SIGSYS);

struct SignalInfo {
  int signo, err, code, pad;
  long rest[14];
};
static_assert(sizeof(SignalInfo) == 128);

// The program gets a process group of its own, in the foreground where there is a terminal, so that ^C reaches it
// once and not also through us.
void takeForeground() {
  sys::call(__NR_setpgid, 0, 0);
  int group = static_cast<int>(sys::getpid());
  sys::ioctl(0, TIOCSPGRP, &group);   // ENOTTY without a terminal
}

// Exit status of the program, once it is among the reaped; -1 before.
int reapAll(int program) {
  int ended = -1;
  for (;;) {
    int status = 0;
    const long pid = sys::wait4(-1, &status, WNOHANG);
    if (pid == -EINTR) continue;
    if (pid <= 0) return ended;
    if (pid != program) continue;
    ended = (status & 0x7f) != 0 ? 128 + (status & 0x7f) : status >> 8 & 0xff;
  }
}

[[noreturn]] void stay(int program) {
  // First: who hears the control socket close goes by the name (handshake_host.cc).
  sys::prctl(PR_SET_NAME, reinterpret_cast<unsigned long>("tinyrun-init"));
  // What the program may use must not be held open by us: end of file on its pipes, its terminal's hang-up.
  sys::closeRange(3, kNoSlot, 0);
  const uint64_t wanted = ~kFaults;
  for (;;) {
    SignalInfo info = {};
    const long signal = sys::call(__NR_rt_sigtimedwait, &wanted, &info, nullptr, sizeof wanted);
    if (signal == SIGCHLD) {
      if (const int status = reapAll(program); status >= 0) sys::exit(status);
    } else if (signal > 0 && signal != SIGTTIN && signal != SIGTTOU) {
      sys::kill(program, static_cast<int>(signal));
    }
  }
}

}  // namespace

Result run(Container&, const args::reaper&) {
  const uint64_t blocked = ~kFaults;
  uint64_t old = 0;
  if (Result r = check("rt_sigprocmask", sys::sigprocmask(SIG_SETMASK, &blocked, &old), ""); !r) return r;
  struct clone_args clone = {};
  clone.exit_signal = SIGCHLD;
  // The seccomp filter in force may answer ENOSYS to clone3 (it cannot look into its arguments).
  long pid = sys::clone3(&clone);
  if (pid == -ENOSYS) pid = sys::call(__NR_clone, SIGCHLD, 0, 0, 0, 0);
  if (pid < 0) return failed("clone", pid, "");
  if (pid > 0) stay(static_cast<int>(pid));
  takeForeground();
  return check("rt_sigprocmask", sys::sigprocmask(SIG_SETMASK, &old, nullptr), "");
}

}  // namespace tinyrun
