// The container's half of the conversation drawn in control.h.
#include "container.h"

namespace tinyrun {

using control::Kind;
using control::Packet;

namespace {

// Nobody listens any more: the host lane left after `ready`.
bool hostLeft(long error) { return error == -EPIPE || error == -ECONNRESET || error == -ENOTCONN || error == -EBADF; }

const char* reasonOf(int err) {
  switch (err) {
    case ENOENT: return "no such file or directory";
    case EACCES: return "permission denied";
    case EPERM: return "operation not permitted";
    case ENOEXEC: return "exec format error";
    case E2BIG: return "argument list too long";
    case ENOMEM: return "cannot allocate memory";
    default: return nullptr;
  }
}

void complain(const Result& result) {
  Text<512> line;
  line.add("tinyrun: ").add(result.syscall).add(" ").add(result.path).add(": ");
  if (const char* reason = reasonOf(result.err))
    line.add(reason);
  else
    line.add("errno ").add(static_cast<uint64_t>(result.err));
  line.add("\n");
  sys::write(2, line.c_str(), line.size());
}

// As `docker run` has them: not found, found but not executable, our own.
int exitStatusOf(const Result& result) {
  const bool ofProgram = equal(result.syscall, "execve");
  if (ofProgram && result.err == ENOENT) return 127;
  return ofProgram && (result.err == EACCES || result.err == ENOEXEC || result.err == EISDIR) ? 126 : 125;
}

Packet packetOf(Kind kind, uint32_t step, const Result& result, uint32_t value, uint64_t ns) {
  Packet packet = {};
  packet.kind = kind;
  packet.step = step;
  packet.err = result.err;
  packet.value = value;
  packet.ns = ns;
  copyText(packet.syscall, sizeof packet.syscall, result.syscall);
  copyText(packet.path, sizeof packet.path, result.path);
  return packet;
}

long sendOne(Container& lane, Kind kind, uint32_t step, const Result& result, uint32_t value, uint64_t ns, int fd) {
  const Packet packet = packetOf(kind, step, result, value, ns);
  return sys::sendPacket(lane.control, &packet, sizeof packet, fd);
}

}  // namespace

void report(Container& lane, Kind kind, uint32_t step, const Result& result, uint32_t value, uint64_t ns) {
  const long n = sendOne(lane, kind, step, result, value, ns, -1);
  if (n < 0 && kind == Kind::failed && hostLeft(n)) complain(result);
}

Result tell(Container& lane, Kind kind, uint32_t value, int fd) {
  const long n = sendOne(lane, kind, lane.step, kDone, value, 0, fd);
  return n < 0 ? failed("sendmsg", n, "control socket") : kDone;
}

namespace {

Result receive(Container& lane, Packet& packet) {
  int carried = -1;
  const long n = sys::receivePacket(lane.control, &packet, sizeof packet, &carried);
  if (carried >= 0) sys::close(carried);
  if (n < 0) return failed("recvmsg", n, "control socket");
  // The host lane is gone in mid plan: so should this container be.
  return n == sizeof packet ? kDone : Result{ECONNABORTED, "recvmsg", "control socket"};
}

}  // namespace

Result waitFor(Container& lane, Kind kind, uint32_t value, uint32_t* answer) {
  Packet packet = lane.early;
  lane.early.kind = Kind::none;
  if (packet.kind != kind)
    if (Result r = receive(lane, packet); !r) return r;
  // While this lane pauses, the host's word for the step after the pause may come first.
  if (kind == Kind::go && packet.kind != Kind::go) {
    lane.early = packet;
    if (Result r = receive(lane, packet); !r) return r;
  }
  if (packet.kind != kind || (answer == nullptr && packet.value != value)) return {EPROTO, "recvmsg", "control socket"};
  if (answer != nullptr) *answer = packet.value;
  return kDone;
}

void giveUp(Container& lane, const Result& result) {
  report(lane, Kind::failed, lane.step, result, 0, 0);
  if (lane.fifo >= 0) {
    const Packet packet = packetOf(Kind::failed, lane.step, result, 0, 0);
    sys::write(lane.fifo, &packet, sizeof packet);   // below PIPE_BUF: whole or not at all
  }
  sys::exit(exitStatusOf(result));
}

#ifdef TINYRUN_FAILPOINTS
void failpoint(Container& lane, const char* name) {
  if (!lane.pause) return;
  Result named = kDone;
  named.syscall = name;
  report(lane, Kind::pause, lane.step, named, 0, 0);
  if (Result r = waitFor(lane, Kind::go, 0); !r) giveUp(lane, r);
}
#endif

void Container::before(const Step& step_) {
  if (!pause) return;
  const Result result = [&] {
    if (Result r = tell(*this, Kind::pause, 0); !r) return r;
    return waitFor(*this, Kind::go, 0);
  }();
  // Whoever stepped through the plan has left: it ends here rather than running unobserved.
  if (!result) giveUp(*this, result);
  (void)step_;
}

void Container::after(const Step& step_, const Result& result, uint64_t ns) {
  report(*this, Kind::trace, step_.index, result, 0, ns);
}

// What is made from here on must have an owner that exists in the user namespace.
Result becomeRoot() {
  if (Result r = check("setresgid", sys::setresgid(0), "0"); !r) return r;
  return check("setresuid", sys::setresuid(0), "0");
}

Result run(Container& lane, const args::awaitConfigured&) {
  uint32_t mapped = 0;
  if (Result r = waitFor(lane, Kind::configured, 0, &mapped); !r) return r;
  if (mapped == 0) return kDone;
  if (lane.forked) keepOwnFiles(lane);
  return becomeRoot();
}

Result run(Container& lane, const args::sync& a) {
  if (Result r = tell(lane, Kind::sync, a.stage); !r) return r;
  return waitFor(lane, Kind::synced, a.stage);
}

// A container may stay `created` for long: it holds only what its last steps need.
Result run(Container& lane, const args::ready&) {
  drop(lane.nullDevice);
  drop(lane.emptyDirectory);
  for (int& place : lane.ownPlaces) drop(place);
  return tell(lane, Kind::ready, 0);
}

namespace {

constexpr uint64_t bit(int signal) { return uint64_t{1} << (signal - 1); }
// What a process dies of unless it says otherwise; the kernel's own at a fault of ours cannot be put off.
constexpr uint64_t kDeadly =
    ~(bit(SIGCHLD) | bit(SIGCONT) | bit(SIGURG) | bit(SIGWINCH) | bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) |
      bit(SIGTTOU) | bit(SIGKILL) | bit(SIGSEGV) | bit(SIGBUS) | bit(SIGFPE) | bit(SIGILL) | bit(SIGTRAP) | bit(SIGSYS));

// The kernel keeps from the first process of a pid namespace every signal that it has no handler for, but not one that
// it blocks: without this `kill` would not end a container that waits for `start`.
class Mortal {
 public:
  Mortal() {
    if (sys::sigprocmask(SIG_SETMASK, &kDeadly, &old_) < 0) return;
    constexpr int kFlags = O_CLOEXEC | O_NONBLOCK;
    fd_.reset(sys::call(__NR_signalfd4, -1, &kDeadly, sizeof kDeadly, kFlags));
    if (fd_.bad()) sys::sigprocmask(SIG_SETMASK, &old_, nullptr);   // a filter with a listener may refuse it
  }
  ~Mortal() {
    if (!fd_.bad()) sys::sigprocmask(SIG_SETMASK, &old_, nullptr);
  }
  Mortal(const Mortal&) = delete;
  Mortal& operator=(const Mortal&) = delete;

  int fd() const { return fd_.bad() ? -1 : fd_.get(); }

  // Ends the process of the signal that has come.
  void die() {
    uint32_t info[32];   // struct signalfd_siginfo, whose first field is the number
    static_assert(sizeof info == 128);
    if (sys::read(fd_.get(), info, sizeof info) != sizeof info) return;
    sys::sigprocmask(SIG_SETMASK, &old_, nullptr);
    sys::kill(static_cast<int>(sys::getpid()), static_cast<int>(info[0]));
    sys::exit(128 + static_cast<int>(info[0]));
  }

 private:
  uint64_t old_ = 0;
  sys::Fd fd_;
};

}  // namespace

Result run(Container& lane, const args::awaitStart& a) {
  lane.fifo = lane.take(a.fifo);
  if (lane.fifo < 0) return {EBADF, "ppoll", "exec fifo"};
  Mortal mortal;
  for (;;) {
    struct pollfd wait[] = {{lane.fifo, POLLIN, 0}, {mortal.fd(), POLLIN, 0}};
    if (const long r = sys::ppoll(wait, 2, nullptr); r < 0 && r != -EINTR) return failed("ppoll", r, "exec fifo");
    if ((wait[1].revents & POLLIN) != 0) mortal.die();
    char byte;
    const long n = sys::read(lane.fifo, &byte, 1);
    if (n == 1) return kDone;
    if (n < 0 && n != -EAGAIN && n != -EINTR) return failed("read", n, "exec fifo");
    // A writer came and left without a word; a read-only fifo stays ready then (O_RDWR does not). Look again later.
    struct __kernel_timespec pause = {0, 20'000'000};
    if (n == 0) sys::ppoll(nullptr, 0, &pause);
  }
}

// The child goes on with the lane; CLONE_PARENT makes it a child of the host, which gets its pidfd. The pid is told as
// this process sees it: setns(CLONE_NEWPID) changes the namespace of children only, so that is the host's view.
Result run(Container& lane, const args::fork& a) {
  int pidfd = -1;
  struct clone_args clone = {};
  clone.flags = a.flags | CLONE_PARENT | CLONE_PIDFD;
  clone.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  // Closes when this process is gone. The child waits for it: were its first packet there before the one that tells its
  // pid, the host lane would take the wrong process for the container (and write the id maps of that one).
  int gate[2];
  if (Result r = check("pipe2", sys::pipe2(gate, O_CLOEXEC), "fork"); !r) return r;
  sys::Fd told(gate[0]), open(gate[1]);
  long pid = sys::clone3(&clone);
  // The filter of an exec is in force by now: Docker's answers clone3 so, whose flags it cannot see, and allows clone.
  if (pid == -ENOSYS) pid = sys::clone(clone.flags, &pidfd);
  if (pid < 0) return failed("clone3", pid, "");
  if (pid == 0) {
    open.reset(-1);
    char nothing;
    while (sys::read(told.get(), &nothing, 1) == -EINTR) {
    }
    lane.forked = true;
    if (!lane.joinedUser) return kDone;
    keepOwnFiles(lane);
    (void)becomeRoot();   // a namespace that maps no root can be joined all the same: setUser decides
    return kDone;
  }
  if (Result r = tell(lane, Kind::forked, static_cast<uint32_t>(pid), pidfd); !r) {
    sys::pidfdSignal(pidfd, SIGKILL);
    giveUp(lane, r);
  }
  sys::exit(0);
}

}  // namespace tinyrun
