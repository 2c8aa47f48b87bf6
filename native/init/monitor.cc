// tinyrun-init monitor FD: the parent of a container whose command need not stay. FD is a memfd with a message `order`
// (monitor.def). One thread, nothing allocated; in a session of its own, where no signal but SIGKILL ends it. It holds the
// container's lock: as long as it lives the container is alive or being taken back, and when it is killed the container's
// first process dies too (PR_SET_PDEATHSIG) and the free lock tells the next command to sweep.
//
//   caller (tinyrun run)                      monitor                                  container
//     claim, journal, record
//     vfork, execveat ── order, lock, fds ──→ plan: host lane ══ clone3, handshake ══→ container lane
//                     ←── started / failed ── oom_score_adj −1000                      the program
//     closes its copy of the lock
//     0 ──→ thread ──→ pipe ──────────────────→ splice ──→ pipe or terminal ─────────→ 0
//     1 ←── thread ←── pipe ←────────────────── splice ←── pipe or terminal ←───────── 1, 2
//     nobody reads 1 ─── brokenPipe ────────→ closes its end: SIGPIPE
//     SIGWINCH ───────── resize ────────────→ TIOCSWINSZ
//     signals ──────────────────────────────── by pidfd ─────────────────────────────→
//                                              pidfd, waitid ←──────────────────────── ends
//                                              memory.events, exit.json, journal undone,
//                                              what lies in the pipes moved
//                     ←────────── exit ────── run directory removed
//                     ←──── end of process ── lock closed
//
// The caller may go at any time: what the program writes is dropped from then on, its input ends, all else goes on. A
// caller that does not read stops the program, as a pipe would.
//
// The socket is SOCK_SEQPACKET, one frame a packet. Who sends it what no monitor understands is not heard any more.
#include "monitor.h"

#include <linux/mman.h>

#include <new>

#include "ending.h"
#include "host.h"
#include "message.h"
#include "stream.h"
#include "undo.h"

namespace tinyrun {

namespace {

constexpr int kExited = WEXITED;   // waitid(2)
constexpr int kPidfdType = 3;      // P_PIDFD
constexpr int kClaimedExit = 1;    // CLD_EXITED
constexpr int kNonBlock = O_NONBLOCK;
constexpr uint32_t kNoStep = 0xffffffff;   // of `failed`: the monitor's own, not the plan's

struct Monitor {
  message::order order;
  message::Writer out;
  Machine machine;
  Stream streams[3];      // input, output, errors
  int caller = -1;
  int pidfd = -1;
  int runDir = -1;
  int dataDir = -1;
  int terminal = -1;
  int given[3] = {-1, -1, -1};   // the container's ends, until it has them
  Ending ending;
};

// In .bss: what is not touched costs no memory.
alignas(16) unsigned char storage[sizeof(Monitor)];

template <class M>
void tell(Monitor& monitor, const M& message) {
  if (monitor.caller < 0) return;
  write(monitor.out, message);
  if (sys::sendPacket(monitor.caller, monitor.out.data(), monitor.out.size(), -1) < 0) drop(monitor.caller);
}

[[noreturn]] void fail(Monitor& monitor, uint32_t step, int err, const char* syscall, const char* path) {
  message::failed failed;
  failed.step = step;
  failed.error = static_cast<uint32_t>(err);
  failed.syscall = message::textOf(syscall);
  failed.path = message::textOf(path);
  tell(monitor, failed);
  sys::exit(1);
}

void insist(Monitor& monitor, long value, const char* syscall, const char* path) {
  if (value < 0) fail(monitor, kNoStep, static_cast<int>(-value), syscall, path);
}

// ---- the order ----------------------------------------------------------------------------------------

bool readOrder(int fd, message::order& order) {
  struct stat st;
  if (sys::fstat(fd, &st) < 0 || st.st_size <= 0) return false;
  const auto size = static_cast<size_t>(st.st_size);
  const long at = sys::mmap(size, PROT_READ, MAP_PRIVATE, fd);
  if (at < 0 && at > -4096) return false;
  message::Frame frame;
  return message::readFrame(reinterpret_cast<const uint8_t*>(at), size, frame) && message::read(frame, order);
}

int openDir(Monitor& monitor, const char* path) {
  const long fd = sys::openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  insist(monitor, fd, "openat", path);
  return static_cast<int>(fd);
}

// ---- streams ------------------------------------------------------------------------------------------

// A pipe of the container's own. `ours`: its end that never blocks.
struct Pipe {
  int ends[2] = {-1, -1};
};

Pipe makePipe(Monitor& monitor, int ours, int theirs) {
  Pipe pipe;
  insist(monitor, sys::pipe2(pipe.ends, O_CLOEXEC), "pipe2", "");
  insist(monitor, sys::fcntl(pipe.ends[ours], F_SETFL, kNonBlock), "fcntl", "pipe");
  if (monitor.order.owner != kNoSlot)
    insist(monitor, sys::fchown(pipe.ends[theirs], monitor.order.owner, kNoSlot), "fchown", "pipe");
  return pipe;
}

void makeOutput(Monitor& monitor, size_t stream, int sink) {
  const Pipe pipe = makePipe(monitor, 0, 1);
  monitor.given[stream] = pipe.ends[1];
  monitor.streams[stream].join(pipe.ends[0], sink, Stream::Way::output, false);
}

// Before the plan runs: pipes for 0, 1 and 2, one for both outputs where they go to the same place.
void makePipes(Monitor& monitor) {
  const message::order& order = monitor.order;
  Pipe input = makePipe(monitor, 1, 0);
  monitor.given[0] = input.ends[0];
  if (order.input < 0) drop(input.ends[1]);
  else monitor.streams[0].join(order.input, input.ends[1], Stream::Way::input, false);
  makeOutput(monitor, 1, order.output);
  if (order.errors == order.output) monitor.given[2] = monitor.given[1];
  else makeOutput(monitor, 2, order.errors);
}

void setNonBlock(Monitor& monitor, int fd) {
  const long flags = sys::fcntl(fd, F_GETFL);
  insist(monitor, flags, "fcntl", "F_GETFL");
  insist(monitor, sys::fcntl(fd, F_SETFL, flags | kNonBlock), "fcntl", "F_SETFL");
}

// Once it has run: the terminal, whose master the container has sent.
void joinTerminal(Monitor& monitor) {
  const message::order& order = monitor.order;
  monitor.terminal = monitor.machine.takeFd(order.console);
  if (monitor.terminal < 0) return;
  setNonBlock(monitor, monitor.terminal);
  setNonBlock(monitor, order.output);
  const auto copy = [&] { return static_cast<int>(sys::fcntl(monitor.terminal, F_DUPFD_CLOEXEC, 3)); };
  if (order.input >= 0) monitor.streams[0].join(order.input, copy(), Stream::Way::input, true);
  monitor.streams[1].join(copy(), order.output, Stream::Way::output, true);
}

// The container has its ends, ours would keep it from its end of file.
void letGoOfTheirs(Monitor& monitor) {
  if (monitor.given[2] == monitor.given[1]) monitor.given[2] = -1;
  for (int& fd : monitor.given) drop(fd);
}

// ---- the plan -----------------------------------------------------------------------------------------

void runPlan(Monitor& monitor) {
  const message::order& order = monitor.order;
  MachineOptions options;
  options.executable = order.executable;
  const bool piped = order.console == kNoSlot;
  if (piped) makePipes(monitor);
  for (int i = 0; i < 3 && piped; ++i) options.stdio[i] = monitor.given[i];
  PlanFault fault;
  if (!monitor.machine.load(order.plan.data, order.plan.size, options, fault))
    fail(monitor, kNoStep, fault.err == 0 ? EINVAL : fault.err, fault.text, "the plan");
  const Outcome outcome = monitor.machine.run();
  if (outcome.state == State::failed)
    fail(monitor, outcome.failure.step, outcome.failure.err, outcome.failure.syscall, outcome.failure.path);
  // A plan that asks for Node, or makes nobody to stay with, is none for a monitor.
  if (outcome.state != State::done || outcome.pid == 0) fail(monitor, kNoStep, EOPNOTSUPP, "monitor", "the plan");
  monitor.pidfd = monitor.machine.takePidfd();
  insist(monitor, monitor.pidfd, "fcntl", "pidfd");
  if (!piped) joinTerminal(monitor);
  letGoOfTheirs(monitor);
  monitor.machine.close();

  message::started started;
  started.pid = static_cast<uint32_t>(outcome.pid);
  startTimeOf(started.pid, started.startTime);
  addTime(monitor.ending.started);
  tell(monitor, started);
}

// Not before: the container would have inherited it. Without CAP_SYS_RESOURCE things stay as they are.
void surviveMemoryPressure() {
  const sys::Fd file(sys::openat(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY));
  if (!file.bad()) sys::write(file.get(), "-1000", 5);
}

// ---- attending ----------------------------------------------------------------------------------------

void loseCaller(Monitor& monitor) {
  drop(monitor.caller);
  for (int i = 1; i < 3; ++i) monitor.streams[i].loseSink();
}

// The caller was given all there is from the start: it can only want less.
void attach(Monitor& monitor, const message::attach& wanted) {
  if (wanted.stdin == 0) monitor.streams[0].endSource();
  for (int i = 1; i < 3 && wanted.output == 0; ++i) monitor.streams[i].loseSink();
}

void breakPipe(Monitor& monitor, const message::brokenPipe& broken) {
  if (broken.stream == 1 || broken.stream == 2) monitor.streams[broken.stream].breakPipe();
}

void resize(const Monitor& monitor, const message::resize& wanted) {
  struct {
    uint16_t rows, columns, width, height;
  } size = {static_cast<uint16_t>(wanted.rows), static_cast<uint16_t>(wanted.columns), 0, 0};
  if (monitor.terminal >= 0) sys::ioctl(monitor.terminal, TIOCSWINSZ, &size);
}

void hear(Monitor& monitor) {
  uint8_t packet[message::kLongest];
  int carried = -1;
  const long n = sys::receivePacket(monitor.caller, packet, sizeof packet, &carried);
  drop(carried);
  message::Frame frame;
  if (n <= 0 || !message::readFrame(packet, static_cast<size_t>(n), frame)) return loseCaller(monitor);
  message::resize size;
  message::attach wanted;
  message::brokenPipe broken;
  if (message::read(frame, size)) resize(monitor, size);
  else if (message::read(frame, wanted)) attach(monitor, wanted);
  else if (message::read(frame, broken)) breakPipe(monitor, broken);
  else if (frame.kind == message::Kind::closeStdin) monitor.streams[0].endSource();
  else loseCaller(monitor);
}

struct Poll {
  struct pollfd fds[8];
  size_t count = 0;
  size_t of[3] = {};   // how many are each stream's
};

void add(Poll& poll, int fd) { poll.fds[poll.count++] = {fd, POLLIN, 0}; }   // a negative one is passed over

// Waits for the caller and the streams, and moves what can be. Answers whether the process has ended, or false when
// nothing happened for as long as `limit` allows.
bool attend(Monitor& monitor, int pidfd, struct __kernel_timespec* limit, bool& quiet) {
  Poll poll;
  add(poll, pidfd);
  add(poll, monitor.caller);
  for (int i = 0; i < 3; ++i) {
    if (!monitor.streams[i].open()) continue;
    poll.of[i] = monitor.streams[i].wait(poll.fds + poll.count);
    poll.count += poll.of[i];
  }
  const long ready = sys::ppoll(poll.fds, static_cast<unsigned>(poll.count), limit);
  quiet = ready == 0;
  if (ready <= 0) return false;
  size_t at = 2;
  for (int i = 0; i < 3; at += poll.of[i], ++i)
    if (poll.of[i] != 0) monitor.streams[i].advance(poll.fds + at, poll.of[i]);
  if (poll.fds[1].revents != 0) hear(monitor);
  return poll.fds[0].revents != 0;
}

void awaitEnd(Monitor& monitor) {
  bool quiet = false;
  while (!attend(monitor, monitor.pidfd, nullptr, quiet)) {
  }
}

// ---- the end ------------------------------------------------------------------------------------------

void reap(Monitor& monitor) {
  struct {
    int signo, err, code, pad, pid;
    unsigned uid;
    int status;
    int rest[25];
  } info = {};
  while (sys::waitid(kPidfdType, monitor.pidfd, &info, kExited) == -EINTR) {
  }
  drop(monitor.pidfd);
  Ending& ending = monitor.ending;
  addTime(ending.finished);
  const auto status = static_cast<uint32_t>(info.status);
  ending.code = info.code == kClaimedExit ? status : 128 + status;
  if (info.code != kClaimedExit) ending.signal = status;
  if (ending.signal != 0) ending.why = "signal";
  if (killedForMemory(monitor.order.cgroup)) ending.why = "memory";
}

bool anyOpen(const Monitor& monitor) {
  for (const Stream& stream : monitor.streams)
    if (stream.open()) return true;
  return false;
}

// What was written before the end reaches the caller, however slowly it reads, as long as it is there. A terminal that
// somebody elsewhere holds open is given up a second after it fell silent.
void drain(Monitor& monitor) {
  for (Stream& stream : monitor.streams) stream.finish();
  while (anyOpen(monitor)) {
    struct __kernel_timespec second = {1, 0};
    bool quiet = false;
    attend(monitor, -1, &second, quiet);
    for (Stream& stream : monitor.streams)
      if (quiet && stream.idle()) stream.close();
  }
}

// What outlives a container that is kept: its name, its data.
void removeContainer(Monitor& monitor) {
  const Bytes& plan = monitor.order.remove;
  PlanFault fault;
  if (monitor.machine.load(plan.data, plan.size, {}, fault)) monitor.machine.run();
  monitor.machine.close();
}

void end(Monitor& monitor) {
  const Ending& ending = monitor.ending;
  // The copy in the run directory is what a sweep settles the record by where the other could not be written.
  writeEnding(monitor.runDir, ending, false);
  const bool removed = monitor.order.remove.size != 0;
  const bool kept = removed || writeEnding(monitor.dataDir, ending, true) == 0;
  // Kills what the program left in a pid namespace of the host, which may still hold the terminal.
  const bool undone = undoJournal(monitor.machine, monitor.runDir);
  drain(monitor);
  if (removed && undone) removeContainer(monitor);

  message::exit exit;
  exit.code = ending.code;
  exit.signal = ending.signal;
  exit.started = message::textOf(ending.started.c_str());
  exit.finished = message::textOf(ending.finished.c_str());
  exit.why = message::textOf(ending.why);
  tell(monitor, exit);
  if (undone && kept) removeRunDir(monitor.runDir, monitor.order.run);
}

}  // namespace

void runMonitor(int fd) {
  Monitor& monitor = *new (storage) Monitor;
  if (fd < 3 || !readOrder(fd, monitor.order)) return;
  sys::close(fd);
  // Where the container shares the host's pid namespace it is seen there, and where tinyrun itself lacks CAP_SYS_PTRACE, a
  // container with all it has could trace it: its root is the host's.
  sys::prctl(PR_SET_DUMPABLE, 0);
  sys::closeRange(3, kNoSlot, CLOSE_RANGE_CLOEXEC);
  const message::order& order = monitor.order;
  monitor.caller = order.caller;
  monitor.runDir = openDir(monitor, order.run);
  monitor.dataDir = openDir(monitor, order.data);
  runPlan(monitor);
  surviveMemoryPressure();
  awaitEnd(monitor);
  reap(monitor);
  end(monitor);
  sys::exit(0);   // closes the lock
}

}  // namespace tinyrun
