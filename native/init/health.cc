#include "health.h"

#include "child.h"
#include "ending.h"
#include "lane.h"

namespace tinyrun {

namespace {

constexpr const char* kName = "health.json";
constexpr const char* kOrder = "health";
constexpr const char* kTemporary = ".health.json.new";
constexpr int kNoCode = -1;          // Docker's: it did not come to an end of its own
constexpr uint64_t kMillisecond = 1000000, kSettles = 100 * kMillisecond;

bool isFrozen(const char* cgroup) {
  if (*cgroup == 0) return false;
  const sys::Fd dir(sys::openat(AT_FDCWD, cgroup, O_PATH | O_DIRECTORY));
  const sys::Fd file(dir.bad() ? -1 : sys::openat(dir.get(), "cgroup.events", O_RDONLY));
  char text[256];
  const long n = file.bad() ? 0 : sys::read(file.get(), text, sizeof text - 1);
  text[n < 0 ? 0 : n] = 0;
  for (const char* at = text; *at != 0; ++at)
    if (startsWith(at, "frozen 1")) return true;
  return false;
}

// ---- the probe ----------------------------------------------------------------------------------------

// The lock, the caller's socket and the container's streams end with the monitor, not with a probe of it.
void keepOnly(int a, int b, int c) {
  int kept[] = {a, b, c};
  for (int i = 0; i < 2; ++i)
    for (int j = 0; j < 2 - i; ++j)
      if (kept[j] > kept[j + 1]) {
        const int larger = kept[j];
        kept[j] = kept[j + 1];
        kept[j + 1] = larger;
      }
  unsigned from = 3;
  for (const int fd : kept) {
    const auto at = static_cast<unsigned>(fd);
    if (at > from) sys::closeRange(from, at - 1, 0);
    from = at + 1;
  }
  sys::closeRange(from, kNoSlot, 0);
}

[[noreturn]] void giveUp(int output, const char* text, const char* what, int error) {
  Text<1200> line;
  line.add("exec: ").add(text).add(what);
  if (error != 0) line.add(": errno ").add(static_cast<uint64_t>(error));
  sys::write(output, line.c_str(), line.size());
  sys::kill(static_cast<int>(sys::getpid()), SIGKILL);
  sys::exit(1);
}

[[noreturn]] void giveUp(int output, const Failure& failure) {
  Text<1024> path;
  path.add("\"").add(failure.path).add("\": ");
  const bool program = startsWith(failure.syscall, "exec");
  if (program && failure.err == ENOENT) giveUp(output, path.c_str(), "executable file not found in $PATH", 0);
  if (program && failure.err == EACCES) giveUp(output, path.c_str(), "permission denied", 0);
  giveUp(output, path.c_str(), failure.syscall, failure.err);
}

[[noreturn]] void runProbe(const message::health& check, Machine& machine, int executable, int container, int output) {
  sys::prctl(PR_SET_PDEATHSIG, SIGKILL);
  keepOnly(container, executable, output);
  MachineOptions options;
  options.executable = executable;
  for (int& fd : options.stdio) fd = output;
  PlanFault fault;
  if (!machine.load(check.plan.data, check.plan.size, options, fault)) giveUp(output, "the plan: ", fault.text, fault.err);
  if (const int r = machine.setFd(check.slot, container); r < 0) giveUp(output, "the plan: ", "fcntl", -r);
  const Outcome outcome = machine.run();
  if (outcome.state == State::failed) giveUp(output, outcome.failure);
  if (outcome.state != State::done || outcome.pid == 0) giveUp(output, "the plan: ", "it starts no program", 0);
  drop(output);
  ChildInfo end = {};
  awaitChild(outcome.pidfd, end);
  sys::exit(end.shellCode());
}

}  // namespace

// ---- when ---------------------------------------------------------------------------------------------

void Health::begin(const message::order& order, int dir, int pidfd) {
  order_ = &order;
  dir_ = dir;
  container_ = pidfd;
  check_.plan = order.health;
  check_.slot = order.healthSlot;
  check_.every = order.healthEvery;
  check_.timeout = order.healthTimeout;
  check_.start = order.healthStart;
  check_.startEvery = order.healthStartEvery;
  check_.retries = order.healthRetries;
  if (on()) restart();
}

void Health::restart() {
  since_ = sys::nanoseconds();
  next_ = since_ + interval();
  settled_ = 0;
  status_ = Status::starting;
  streak_ = 0;
  count_ = 0;
}

bool Health::replace(int runDir) {
  message::Frame frame;
  message::health check;
  size_t size = 0;
  const sys::Fd file(sys::openat(runDir, kOrder, O_RDONLY | O_NOFOLLOW));
  const void* at = file.bad() || order_ == nullptr ? nullptr : message::mapFrame(file.get(), frame, size);
  if (at == nullptr) return false;
  if (!message::read(frame, check)) {
    sys::munmap(at, size);
    return false;
  }
  stop();
  if (mapped_ != nullptr) sys::munmap(mapped_, mappedSize_);
  mapped_ = at;
  mappedSize_ = size;
  check_ = check;
  restart();
  sys::unlinkat(dir_, kName, 0);
  sys::unlinkat(runDir, kOrder, 0);
  return true;
}

bool Health::starts() const {
  return status_ == Status::starting && sys::nanoseconds() - since_ < check_.start * kMillisecond;
}

uint64_t Health::interval() const {
  return (starts() ? check_.startEvery : check_.every) * kMillisecond;
}

size_t Health::wait(struct pollfd* fds) const {
  if (probe_ < 0) return 0;
  fds[0] = {probe_, POLLIN, 0};
  fds[1] = {output_, POLLIN, 0};   // a negative one is passed over
  return 2;
}

struct __kernel_timespec Health::patience() const {
  const uint64_t until = settled_ != 0 ? settled_ : probe_ < 0 ? next_ : deadline_, now = sys::nanoseconds();
  const uint64_t left = until > now ? until - now : 0;
  return {static_cast<long long>(left / 1000000000ull), static_cast<long long>(left % 1000000000ull)};
}

void Health::advance(const struct pollfd* fds, size_t count) {
  if (count == 0 || probe_ < 0) return;   // it was replaced meanwhile
  if (fds[1].revents != 0) take();
  ended_ = fds[0].revents != 0;
}

void Health::tick(Machine& machine, Events& events) {
  if (settled_ != 0) {
    if (sys::nanoseconds() >= settled_) finish(failure_, events);
    return;
  }
  if (probe_ < 0) {
    if (sys::nanoseconds() >= next_) probe(machine);
    return;
  }
  if (ended_) return conclude(reap(), events);
  if (sys::nanoseconds() < deadline_) return;
  stop();
  next_ = sys::nanoseconds() + interval();
  if (isFrozen(order_->cgroup)) return;   // paused on its way: it was kept from ending in time
  Text<80> text;
  text.add("Health check exceeded timeout (").add(check_.timeout).add("ms)");
  say(text.c_str());
  conclude(kNoCode, events);
}

void Health::probe(Machine& machine) {
  next_ = sys::nanoseconds() + interval();
  if (isFrozen(order_->cgroup)) return;
  int ends[2];
  if (sys::pipe2(ends, O_CLOEXEC) < 0) return;
  sys::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  Entry& entry = entries_[count_ % kEntries];
  entry.size = 0;
  entry.cut = false;
  entry.begun.clear();
  addTime(entry.begun, Fraction::nanoseconds);
  struct clone_args clone = {};
  clone.flags = CLONE_PIDFD;
  clone.pidfd = reinterpret_cast<uint64_t>(&probe_);
  clone.exit_signal = SIGCHLD;
  const long pid = sys::clone3(&clone);
  if (pid == 0) runProbe(check_, machine, order_->executable, container_, ends[1]);
  sys::close(ends[1]);
  if (pid < 0) {
    probe_ = -1;
    sys::close(ends[0]);
    return;
  }
  output_ = ends[0];
  ended_ = false;
  deadline_ = sys::nanoseconds() + check_.timeout * kMillisecond;
}

// ---- what came of it ----------------------------------------------------------------------------------

void Health::take() {
  Entry& entry = entries_[count_ % kEntries];
  char text[kOutput];
  const long n = sys::read(output_, text, sizeof text);
  if (n == -EAGAIN || n == -EINTR) return;
  if (n <= 0) return drop(output_);
  const size_t room = kOutput - entry.size, size = static_cast<size_t>(n) < room ? static_cast<size_t>(n) : room;
  __builtin_memcpy(outputs_[count_ % kEntries] + entry.size, text, size);
  entry.size += size;
  entry.cut = entry.cut || size < static_cast<size_t>(n);
}

void Health::say(const char* text) {
  Entry& entry = entries_[count_ % kEntries];
  entry.size = length(text);
  entry.cut = false;
  __builtin_memcpy(outputs_[count_ % kEntries], text, entry.size);
}

// What it wrote last, too; a program of it that holds the pipe open is not waited for.
int Health::reap() {
  ChildInfo end = {};
  awaitChild(probe_, end);
  for (int i = 0; i < 32 && output_ >= 0; ++i) {
    struct pollfd left = {output_, POLLIN, 0};
    struct __kernel_timespec none = {0, 0};
    if (sys::ppoll(&left, 1, &none) <= 0) break;
    take();
  }
  drop(output_);
  drop(probe_);
  ended_ = false;
  return end.exited() ? end.status : kNoCode;
}

void Health::conclude(int code, Events& events) {
  Entry& entry = entries_[count_ % kEntries];
  entry.ended.clear();
  addTime(entry.ended, Fraction::nanoseconds);
  if (code == 0) return finish(code, events);
  failure_ = code;
  settled_ = sys::nanoseconds() + kSettles;
}

// As Docker counts: in the time it is given to start a failure is none, a success ends that time.
void Health::finish(int code, Events& events) {
  const Status before = status_;
  const bool forgiven = starts();
  Entry& entry = entries_[count_++ % kEntries];
  entry.code = code;
  settled_ = 0;
  if (code == 0) {
    streak_ = 0;
    status_ = Status::healthy;
  } else if (!forgiven && ++streak_ >= check_.retries) {
    status_ = Status::unhealthy;
  }
  next_ = sys::nanoseconds() + interval();
  write();
  if (status_ != before)
    tellEvent(events, status_ == Status::healthy ? "health_status: healthy" : "health_status: unhealthy");
}

long Health::write() {
  constexpr const char* kWords[] = {"starting", "healthy", "unhealthy"};
  sys::unlinkat(dir_, kTemporary, 0);
  sys::Fd file(sys::openat(dir_, kTemporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  if (file.bad()) return file.value();
  Text<128> head;
  head.add("{\"Status\":\"").add(kWords[static_cast<size_t>(status_)]).add("\",\"FailingStreak\":");
  head.add(uint64_t{streak_}).add(",\"Log\":[");
  long r = sys::write(file.get(), head.c_str(), head.size());
  const size_t first = count_ < kEntries ? 0 : count_ - kEntries;
  for (size_t i = first; i < count_ && r >= 0; ++i) {
    const Entry& entry = entries_[i % kEntries];
    Text<200> text;
    text.add(i == first ? "{" : ",{");
    text.add("\"Start\":\"").add(entry.begun.c_str()).add("\",\"End\":\"").add(entry.ended.c_str());
    text.add("\",\"ExitCode\":").add(entry.code < 0 ? "-1" : "");
    if (entry.code >= 0) text.add(static_cast<uint64_t>(entry.code));
    text.add(",\"Output\":\"");
    size_t size = text.size();
    __builtin_memcpy(json_, text.c_str(), size);
    size += escapeJson(json_ + size, outputs_[i % kEntries], entry.size);
    const char* tail = entry.cut ? "...\"}" : "\"}";
    __builtin_memcpy(json_ + size, tail, length(tail));
    r = sys::write(file.get(), json_, size + length(tail));
  }
  if (r >= 0) r = sys::write(file.get(), "]}\n", 3);
  if (r >= 0) r = sys::renameat(dir_, kTemporary, dir_, kName);
  if (r < 0) sys::unlinkat(dir_, kTemporary, 0);
  return r;
}

void Health::stop() {
  if (probe_ < 0) return;
  sys::pidfdSignal(probe_, SIGKILL);
  reap();
}

void Health::end() {
  stop();
  order_ = nullptr;
}

}  // namespace tinyrun
