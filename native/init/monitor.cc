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

#include "monitor_parts.h"

namespace tinyrun {

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

namespace {

// In .bss: what is not touched costs no memory.
alignas(16) unsigned char storage[sizeof(Monitor)];

// ---- the order ----------------------------------------------------------------------------------------

bool readOrder(int fd, message::order& order) {
  message::Frame frame;
  size_t size = 0;
  return message::mapFrame(fd, frame, size) != nullptr && message::read(frame, order);
}

int openDir(Monitor& monitor, const char* path) {
  const long fd = sys::openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  insist(monitor, fd, "openat", path);
  return static_cast<int>(fd);
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
  if (isFurther(monitor)) monitor.container = monitor.machine.takeFd(monitor.order.container);
  monitor.machine.holdReserved();   // published ports are the container's until we are gone
  monitor.machine.close();
  monitor.health.begin(monitor.order, monitor.dataDir, monitor.pidfd);

  message::started started;
  started.pid = static_cast<uint32_t>(outcome.pid);
  startTimeOf(started.pid, started.startTime);
  addTime(monitor.ending.started);
  monitor.since = sys::nanoseconds();
  if (isFurther(monitor)) insist(monitor, writeProcess(monitor.runDir, started.pid, started.startTime), "symlinkat", "process");
  // before its end can be, and before the caller goes on
  tellEvent(monitor.events, actionOf(monitor, 0, "start"));
  tell(monitor, started);
}

// Not before: the container would have inherited it. Without CAP_SYS_RESOURCE things stay as they are.
void surviveMemoryPressure(Monitor& monitor) {
  const sys::Fd file(sys::openat(AT_FDCWD, "/proc/self/oom_score_adj", O_RDWR));
  char was[16];
  const long n = file.bad() ? 0 : sys::read(file.get(), was, sizeof was - 1);
  if (n > 0 && sys::write(file.get(), "-1000", 5) == 5) monitor.oomScore.add(was, static_cast<size_t>(n));
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

void resize(Monitor& monitor, const message::resize& wanted) {
  struct {
    uint16_t rows, columns, width, height;
  } size = {static_cast<uint16_t>(wanted.rows), static_cast<uint16_t>(wanted.columns), 0, 0};
  if (monitor.terminal < 0) return;
  sys::ioctl(monitor.terminal, TIOCSWINSZ, &size);
  if (isFurther(monitor)) return;   // Docker tells it of containers alone
  Text<96> more;
  more.add("\"height\":\"").add(uint64_t{size.rows}).add("\",\"width\":\"").add(uint64_t{size.columns}).add("\",");
  tellEvent(monitor.events, "resize", more.c_str());
}

void hearCaller(Monitor& monitor) {
  uint8_t packet[message::kLongest];
  int carried = -1;
  const long n = sys::receivePacket(monitor.caller, packet, sizeof packet, &carried);
  drop(carried);
  message::Frame frame;
  if (n <= 0 || !message::readFrame(packet, static_cast<size_t>(n), frame)) return loseCaller(monitor);
  message::attach wanted;
  message::brokenPipe broken;
  message::stdin typed;
  if (message::read(frame, wanted)) attach(monitor, wanted);
  else if (message::read(frame, broken)) breakPipe(monitor, broken);
  else if (message::read(frame, typed)) type(monitor, reinterpret_cast<const char*>(typed.data.data), typed.data.size);
  else if (!hear(monitor, frame)) loseCaller(monitor);
}

constexpr size_t kOwn = 9;   // the process, the caller, the container, two for each stream; two for a probe of its health
constexpr size_t kStreams = 3;   // where those of the streams begin

struct Poll {
  struct pollfd fds[kOwn + 2 + 1 + Clients::kMost];
  size_t count = 0;
  size_t of[3] = {};   // how many are each stream's
};

void add(Poll& poll, int fd) { poll.fds[poll.count++] = {fd, POLLIN, 0}; }   // a negative one is passed over

// Its pid namespace may be the host's, its cgroup none of its own.
void endWithContainer(Monitor& monitor) {
  drop(monitor.container);
  if (monitor.pidfd >= 0) sys::pidfdSignal(monitor.pidfd, SIGKILL);
}

void awaitEnd(Monitor& monitor) {
  Health& health = monitor.health;
  for (bool quiet = false;;) {
    struct __kernel_timespec until = {};
    if (health.on()) until = health.patience();
    if (attend(monitor, monitor.pidfd, health.on() ? &until : nullptr, quiet)) return;
    if (health.on()) health.tick(monitor.machine, monitor.events);
  }
}

}  // namespace

const char* actionOf(const Monitor& monitor, size_t which, const char* otherwise) {
  for (const Str action : monitor.order.actions)
    if (which-- == 0) return action.data;
  return otherwise;
}

bool takesTyping(const Monitor& monitor) { return monitor.streams[0].takesMore(); }

void type(Monitor& monitor, const char* text, size_t size) { monitor.streams[0].type(text, size); }

bool hear(Monitor& monitor, const message::Frame& frame) {
  message::resize size;
  if (frame.kind == message::Kind::closeStdin) monitor.streams[0].end();
  else if (frame.kind == message::Kind::lookHealth) return monitor.health.replace(monitor.runDir);
  else if (message::read(frame, size)) resize(monitor, size);
  else return false;
  return true;
}

bool attend(Monitor& monitor, int pidfd, struct __kernel_timespec* limit, bool& quiet) {
  Poll poll;
  add(poll, pidfd);
  // what it types comes by its messages, too
  add(poll, takesTyping(monitor) ? monitor.caller : -1);
  add(poll, monitor.container);
  const bool watched = monitor.log.on() || monitor.clients.watching();
  for (int i = 0; i < 3; ++i) {
    if (!monitor.streams[i].open()) continue;
    monitor.streams[i].watch(watched);
    poll.of[i] = monitor.streams[i].wait(poll.fds + poll.count);
    poll.count += poll.of[i];
  }
  const size_t clientsAt = poll.count, clients = monitor.clients.wait(poll.fds + clientsAt, monitor);
  poll.count += clients;
  const size_t healthAt = poll.count, probed = monitor.health.wait(poll.fds + healthAt);
  poll.count += probed;
  const long ready = sys::ppoll(poll.fds, static_cast<unsigned>(poll.count), limit);
  quiet = ready == 0;
  if (ready <= 0) return false;
  size_t at = kStreams;
  for (int i = 0; i < 3; at += poll.of[i], ++i)
    if (poll.of[i] != 0) monitor.streams[i].advance(poll.fds + at, poll.of[i]);
  if (poll.fds[1].revents != 0) hearCaller(monitor);
  if (poll.fds[2].revents != 0) endWithContainer(monitor);
  monitor.clients.advance(poll.fds + clientsAt, clients, monitor);
  monitor.health.advance(poll.fds + healthAt, probed);
  return poll.fds[0].revents != 0;
}

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
  monitor.events = {order.events, order.event, monitor.dataDir};
  if (order.plan.size == 0) {
    becomeAgain(monitor);
    sys::exit(1);
  }
  monitor.log.begin(monitor.dataDir, order.logBytes, order.logFiles);
  insist(monitor, monitor.clients.listen(monitor.runDir), "bind", "socket");
  runPlan(monitor);
  surviveMemoryPressure(monitor);
  awaitEnd(monitor);
  reap(monitor);
  end(monitor);
  sys::exit(0);   // closes the lock
}

}  // namespace tinyrun
