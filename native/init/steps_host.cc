// The host lane's own verbs. Their paths are ours (run root, data root), not a container's. Those that serve as an
// undo are idempotent: what is not there any more has been undone.
#include "host.h"

namespace tinyrun {

namespace {

Result unlessMissing(const char* syscall, long value, const char* path) {
  return value == -ENOENT ? kDone : check(syscall, value, path);
}

}  // namespace

Result run(Host&, const args::mkdir& a) {
  return check("mkdirat", sys::mkdirat(AT_FDCWD, a.path, a.mode), a.path);
}

Result run(Host&, const args::rmdir& a) {
  return unlessMissing("unlinkat", sys::unlinkat(AT_FDCWD, a.path, AT_REMOVEDIR), a.path);
}

Result run(Host&, const args::mkfifo& a) {
  return check("mknodat", sys::mknodat(AT_FDCWD, a.path, sys::kFifo | a.mode, 0), a.path);
}

Result run(Host&, const args::unlink& a) {
  return unlessMissing("unlinkat", sys::unlinkat(AT_FDCWD, a.path, 0), a.path);
}

Result run(Host&, const args::removeTree& a) {
  return check("unlinkat", removeTreeAt(AT_FDCWD, a.path), a.path);
}

namespace {

Result writeWhole(Str path, const void* data, size_t size) {
  const sys::Fd file(sys::openat(AT_FDCWD, path, O_WRONLY));
  if (file.bad()) return failed("openat", file.value(), path);
  const long n = sys::write(file.get(), data, size);
  if (n < 0) return failed("write", n, path);
  return static_cast<size_t>(n) == size ? kDone : Result{EIO, "write", path};
}

}  // namespace

Result run(Host&, const args::writeFile& a) { return writeWhole(a.path, a.value.data, a.value.size); }
Result run(Host&, const args::writeBytes& a) { return writeWhole(a.path, a.value.data, a.value.size); }

Result run(Host&, const args::writeEither& a) {
  const Result one = writeWhole(a.path, a.value.data, a.value.size);
  const Result other = writeWhole(a.otherPath, a.otherValue.data, a.otherValue.size);
  if (one.err == 0 || other.err == 0) return kDone;
  return one.err == ENOENT ? other : one;   // the one that is there says more
}

namespace {

// The container holds the fifo open until execve closes it, and writes into it why it could not come so far.
Result started(Host& host, int fifo, const char* path) {
  struct pollfd closed = {fifo, 0, 0};   // POLLHUP is told unasked
  while (sys::ppoll(&closed, 1, nullptr) == -EINTR) {
  }
  control::Packet packet = {};
  const long n = sys::read(fifo, &packet, sizeof packet);
  if (n == 0) return kDone;
  if (n != sizeof packet) return {ESRCH, "read", path};   // our own byte: it ended without having read it
  packet.syscall[kSyscallText - 1] = 0;
  packet.path[kPathText - 1] = 0;
  Failure& failure = host.outcome.failure;
  copyText(failure.syscall, sizeof failure.syscall, packet.syscall);
  copyText(failure.path, sizeof failure.path, packet.path);
  failure.step = host.step;
  failure.err = packet.err == 0 ? EPROTO : packet.err;
  return {failure.err, failure.syscall, failure.path};
}

}  // namespace

Result run(Host& host, const args::signalStart& a) {
  // For writing first: that fails with ENXIO when nobody waits, which a reader of our own would hide.
  sys::Fd writer(sys::openat(AT_FDCWD, a.path, O_WRONLY | O_NONBLOCK));
  if (writer.bad()) return failed("openat", writer.value(), a.path);
  const sys::Fd reader(sys::openat(AT_FDCWD, a.path, O_RDONLY | O_NONBLOCK));
  if (reader.bad()) return failed("openat", reader.value(), a.path);
  if (Result r = check("write", sys::write(writer.get(), "", 1), a.path); !r) return r;
  writer.reset(-1);
  return started(host, reader.get(), a.path);
}

Result run(Host&, const args::umount& a) {
  constexpr int kDetach = 2, kNoFollow = 8;   // MNT_DETACH, UMOUNT_NOFOLLOW
  const long r = sys::umount2(a.path, static_cast<int>(a.flags) | kDetach | kNoFollow);
  return r == -EINVAL ? kDone : unlessMissing("umount2", r, a.path);   // EINVAL: not a mount point
}

// Field 22 of /proc/PID/stat, counted behind the last ')': the name before it may hold anything.
long startTimeOf(uint32_t pid, uint64_t& ticks) {
  Text<32> path;
  path.add("/proc/").add(uint64_t{pid}).add("/stat");
  const sys::Fd file(sys::openat(AT_FDCWD, path.c_str(), O_RDONLY));
  if (file.bad()) return file.value();
  char text[1024];
  const long n = sys::read(file.get(), text, sizeof text - 1);
  if (n <= 0) return n < 0 ? n : -ESRCH;
  text[n] = 0;
  long at = n;
  while (at > 0 && text[at] != ')') --at;
  for (int field = 2; field < 22 && text[at] != 0; ++at)
    if (text[at] == ' ') ++field;
  ticks = 0;
  for (; text[at] >= '0' && text[at] <= '9'; ++at) ticks = ticks * 10 + static_cast<uint64_t>(text[at] - '0');
  return 0;
}

namespace {

// The pidfd first, then the proof that it is the process that was meant: a pid may be another's by now.
Result openPidfd(Host& host, uint32_t pid, uint64_t startTime, sys::Fd& pidfd) {
  host.detail.clear();
  host.detail.add("pid ").add(uint64_t{pid});
  pidfd.reset(sys::pidfdOpen(static_cast<int>(pid), 0));
  if (pidfd.bad()) return failed("pidfd_open", pidfd.value(), host.detail.c_str());
  if (startTime == 0) return kDone;
  uint64_t started = 0;
  const long r = startTimeOf(pid, started);
  if (r < 0 || started != startTime) return {ESRCH, "pidfd_open", host.detail.c_str()};
  return kDone;
}

}  // namespace

Result run(Host& host, const args::pidfdOpen& a) {
  sys::Fd pidfd;
  if (Result r = openPidfd(host, a.pid, a.startTime, pidfd); !r) return r;
  return host.put(a.slot, pidfd.release());
}

Result run(Host& host, const args::kill& a) {
  sys::Fd pidfd;
  if (Result r = openPidfd(host, a.pid, a.startTime, pidfd); !r) return r;
  const long r = sys::pidfdSignal(pidfd.get(), static_cast<int>(a.signal));
  return check("pidfd_send_signal", r, host.detail.c_str());
}

namespace {

// A name that nobody guesses, in the directory of `path`.
Result temporaryBeside(const char* path, Text<4096>& name) {
  uint64_t words[2];
  if (const long n = sys::getrandom(words, sizeof words); n != sizeof words) return failed("getrandom", n, path);
  size_t directory = length(path);
  while (directory > 0 && path[directory - 1] != '/') --directory;
  name.add(path, directory).add(".tmp-").add(words[0]).add("-").add(words[1]);
  return name.cut() ? Result{ENAMETOOLONG, "openat", path} : kDone;
}

// Whole or not at all: `write` fills what is open.
template <class Write>
Result renamed(const char* path, unsigned mode, Write write) {
  Text<4096> temporary;
  if (Result r = temporaryBeside(path, temporary); !r) return r;
  sys::Fd file(sys::openat(AT_FDCWD, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
  if (file.bad()) return failed("openat", file.value(), path);
  Result result = write(file.get());
  if (result && mode != 0600) result = check("fchmod", sys::fchmod(file.get(), mode), path);
  if (result) result = check("renameat2", sys::renameat(AT_FDCWD, temporary.c_str(), AT_FDCWD, path), path);
  if (!result) sys::unlinkat(AT_FDCWD, temporary.c_str(), 0);
  return result;
}

Result writeNew(Host& host, const args::publish& a, int file) {
  uint64_t ticks = 0;
  if (const long r = startTimeOf(static_cast<uint32_t>(host.pid), ticks); r < 0) return failed("read", r, a.path);
  Text<24> pid, time;
  pid.add(static_cast<uint64_t>(host.pid));
  time.add(ticks);
  const Piece pieces[] = {{a.head, a.head.size},
                          {pid.c_str(), pid.size()},
                          {a.middle, a.middle.size},
                          {time.c_str(), time.size()},
                          {a.tail, a.tail.size}};
  return writePieces(file, pieces, a.path);
}

}  // namespace

Result run(Host& host, const args::publish& a) {
  if (host.pid == 0) return {ESRCH, "publish", a.path};
  return renamed(a.path, 0600, [&](int file) { return writeNew(host, a, file); });
}

Result run(Host&, const args::replaceFile& a) {
  const Piece pieces[] = {{a.value, a.value.size}};
  return renamed(a.path, a.mode, [&](int file) { return writePieces(file, pieces, a.path); });
}

}  // namespace tinyrun
