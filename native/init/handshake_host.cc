// The host's half of the conversation drawn in control.h, but for clone (clone.cc).
#include "child.h"
#include "host.h"

namespace tinyrun {

using control::Kind;
using control::Packet;

namespace {

// The control socket closed before the container lane had said what was awaited: tell how its process ended.
Result childDied(Host& host) {
  ChildInfo info = {};
  const bool known = awaitChild(host.pidfd, info) == 0;
  host.pid = 0;
  host.detail.clear();
  host.detail.add("tinyrun-init ended in the middle of the plan");
  if (known) {
    host.detail.add(info.exited() ? ", exit status " : ", signal ");
    host.detail.add(static_cast<uint64_t>(info.status));
  }
  return {ECHILD, "waitid", host.detail.c_str()};
}

Result remoteFailure(Host& host, const Packet& packet) {
  Failure& failure = host.outcome.failure;
  failure.step = packet.step;
  failure.err = packet.err == 0 ? EPROTO : packet.err;
  copyText(failure.syscall, sizeof failure.syscall, packet.syscall);
  copyText(failure.path, sizeof failure.path, packet.path);
  return {failure.err, failure.syscall, failure.path};
}

// The container is another process from here on; the one that forked it leaves by itself.
Result forked(Host& host, const Packet& packet, sys::Fd& pidfd) {
  // Once: a process that has been caught on its way must not name another as the container.
  if (pidfd.bad() || host.forked) return {EPROTO, "pidfd_open", "fork"};
  host.forked = true;
  ChildInfo info;
  const long gone = awaitChild(host.pidfd, info);
  sys::close(host.pidfd);
  host.pidfd = pidfd.release();
  host.pid = static_cast<int>(packet.value);
  return check("waitid", gone, "fork");
}

Result protocolError(Host& host, const Packet& packet) {
  host.detail.clear();
  host.detail.add("unexpected packet ").add(static_cast<uint64_t>(packet.kind));
  return {EPROTO, "recvmsg", host.detail.c_str()};
}

void traced(Host& host, const Packet& packet) {
  host.lastStep = packet.step;
  host.lastReport = sys::nanoseconds();
  host.tell({packet.step, packet.err, packet.ns, packet.syscall, packet.path});
}

Result paused(Host& host, const Packet& packet) {
  host.paused = true;
  host.outcome.step = packet.step;
  copyText(host.outcome.failure.syscall, kSyscallText, packet.syscall);
  Result result;
  result.flow = Flow::again;
  return result;
}

// success of execve has no packet: the socket closes. Its time is what passed since the step before it ended.
Result executed(Host& host) {
  if (!host.trace) return kDone;
  for (Cursor cursor(host.plan); !cursor.atEnd(); cursor.next()) {
    const Step step = cursor.step();
    if (step.lane != LaneKind::container || step.op != Op::execve) continue;
    host.tell({step.index, 0, sys::nanoseconds() - host.lastReport, "", ""});
  }
  return kDone;
}

// A process that is killed for memory on its way, or by somebody, closes the socket as execve does. Its name tells them
// apart: execve closes the socket first, then gives the name of the program, and a death closes it before it can be reaped.
// What its own filter ends, at execve itself, counts as its program's end: so do runc and Docker have it. A program may call
// itself so, too: who is still there after a thousand looks is one.
bool diedBefore(const Host& host) {
  Text<64> path;
  path.add("/proc/").add(static_cast<uint64_t>(host.pid)).add("/comm");
  bool dead = false;
  for (int looks = 0; looks < 1000; ++looks) {
    const sys::Fd file(sys::openat(AT_FDCWD, path.c_str(), O_RDONLY));
    char name[32];   // TASK_COMM_LEN is 16
    const long n = file.bad() ? 0 : sys::read(file.get(), name, sizeof name);
    if (n <= 0) return false;
    name[n - 1] = 0;   // its line feed
    if (!equal(name, control::kSettingUp)) return false;
    if (dead) {
      ChildInfo info = {};
      awaitChild(host.pidfd, info, WNOWAIT);
      return info.exited() || info.status != SIGSYS;
    }
    struct pollfd end = {host.pidfd, POLLIN, 0};
    struct __kernel_timespec pause = {0, 1'000'000};
    dead = sys::ppoll(&end, 1, &pause) > 0;
  }
  return false;
}

// Reads packets until `wanted` with `value`. Kind::failed as `wanted` stands for the end of file of awaitExec.
Result collect(Host& host, Kind wanted, uint32_t value) {
  if (host.control < 0) return {ENOTCONN, "recvmsg", "no child"};
  for (;;) {
    Packet packet;
    int carried = -1;
    const long n = sys::receivePacket(host.control, &packet, sizeof packet, &carried);
    sys::Fd fd(carried);
    if (n == -ECONNRESET) continue;   // it left a packet of ours unread; what it said before is still queued
    if (n < 0) return failed("recvmsg", n, "control socket");
    if (n == 0) return wanted != Kind::failed || diedBefore(host) ? childDied(host) : executed(host);
    if (n != sizeof packet) return {EPROTO, "recvmsg", "short packet"};
    packet.syscall[kSyscallText - 1] = 0;
    packet.path[kPathText - 1] = 0;
    Result result = kDone;
    switch (packet.kind) {
      case Kind::trace: traced(host, packet); break;
      case Kind::failed: return remoteFailure(host, packet);
      case Kind::pause: return paused(host, packet);
      case Kind::forked: result = forked(host, packet, fd); break;
      case Kind::fd: result = fd.bad() ? protocolError(host, packet) : host.put(packet.value, fd.release()); break;
      case Kind::sync:
      case Kind::ready:
        if (packet.kind == wanted && packet.value == value) return kDone;
        return protocolError(host, packet);
      default: return protocolError(host, packet);
    }
    if (!result) return result;
  }
}

}  // namespace

Result sendToChild(Host& host, Kind kind, uint32_t value) {
  if (host.control < 0) return {ENOTCONN, "sendmsg", "no child"};
  Packet packet = {};
  packet.kind = kind;
  packet.value = value;
  const long n = sys::sendPacket(host.control, &packet, sizeof packet, -1);
  if (n >= 0) return kDone;
  // The child has gone; its last packet says why.
  return collect(host, Kind::configured, 0);
}

void endChild(Host& host) {
  bringLinksBack(host);   // those of software end with the namespace, which ends with the child
  if (host.pidfd < 0) return;
  if (host.pid != 0) {
    ChildInfo info;
    sys::pidfdSignal(host.pidfd, SIGKILL);
    awaitChild(host.pidfd, info);
  }
  sys::close(host.pidfd);
  host.pidfd = -1;
  host.pid = 0;
}

Result run(Host& host, const args::signalConfigured&) {
  return sendToChild(host, Kind::configured, host.mapped ? 1 : 0);
}
Result run(Host& host, const args::awaitSync& a) { return collect(host, Kind::sync, a.stage); }
Result run(Host& host, const args::signalSync& a) { return sendToChild(host, Kind::synced, a.stage); }
Result run(Host& host, const args::awaitReady&) { return collect(host, Kind::ready, 0); }
Result run(Host& host, const args::awaitExec&) { return collect(host, Kind::failed, 0); }

Result run(Host& host, const args::yield& a) {
  host.tag = a.tag;
  Result result;
  result.flow = Flow::leave;
  return result;
}

}  // namespace tinyrun
