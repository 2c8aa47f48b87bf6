// Network devices of the host move into the clone's network namespace, and back where the plan fails: the namespace of a
// container that did not start takes those of software with it, and returns those of hardware under their new names.
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include "host.h"
#include "netlink.h"

namespace tinyrun {

namespace {

struct Errand {
  int netns;
  long socket;   // answer
};

// In our memory and with our fds, on a stack of its own: this thread needs no way back from the other namespace.
TINYRUN_NO_SANITIZE int openThere(void* context) {
  Errand& errand = *static_cast<Errand*>(context);
  errand.socket = sys::setns(errand.netns, CLONE_NEWNET);
  if (errand.socket >= 0) errand.socket = sys::call(__NR_socket, 16, 3 | O_CLOEXEC, 0);   // as netlink::open
  return 0;
}

Result openLinks(Host& host) {
  host.detail.clear();
  host.detail.add("/proc/").add(static_cast<uint64_t>(host.pid)).add("/ns/net");
  const sys::Fd netns(sys::openat(AT_FDCWD, host.detail.c_str(), O_RDONLY));
  if (netns.bad()) return failed("openat", netns.value(), host.detail.c_str());
  Errand errand = {netns.get(), -1};
  alignas(16) char stack[8192];
  struct clone_args clone = {};
  clone.flags = CLONE_VM | CLONE_VFORK | CLONE_FILES;
  const long pid = sys::cloneOn(stack, clone, openThere, &errand);
  if (pid < 0) return failed("clone3", pid, "");
  sys::reap(pid, nullptr);
  if (errand.socket < 0) return failed("setns", errand.socket, host.detail.c_str());
  host.links = static_cast<int>(errand.socket);
  return kDone;
}

// The device of that index on `socket` goes to the network namespace of the process, and is `as` there.
Result moveLink(Host& host, int socket, long index, int pid, Str as) {
  struct {
    struct nlmsghdr head;
    struct ifinfomsg link;
    struct nlattr target;
    int pid;
    struct nlattr naming;
    char name[16];
  } request = {};
  if (as.size >= sizeof request.name) return {ENAMETOOLONG, "RTM_NEWLINK", as};
  request.head = {sizeof request, RTM_NEWLINK, NLM_F_REQUEST | NLM_F_ACK, 1, 0};
  request.link.ifi_index = static_cast<int>(index);
  request.target = {sizeof request.target + sizeof request.pid, IFLA_NET_NS_PID};
  request.pid = pid;
  request.naming = {sizeof request.naming + sizeof request.name, IFLA_IFNAME};
  copyText(request.name, sizeof request.name, as);
  return netlink::send(host, socket, &request, sizeof request, as);
}

// Calls visit(arguments) for each linkMove step of the plan, until one fails.
template <class Visit>
Result eachMove(Host& host, Visit visit) {
  for (Cursor cursor(host.plan); !cursor.atEnd(); cursor.next()) {
    const Step step = cursor.step();
    if (step.op != Op::linkMove) continue;
    args::linkMove a;
    Reader in(step.payload, step.size);
    if (!decode(in, a)) return {EINVAL, "decode", nameOf(step.op)};
    if (Result r = visit(a); !r) return r;
  }
  return kDone;
}

// All of them before the first one moves: the kernel moves a device and then finds its new name taken.
Result lookAtAll(Host& host, int own) {
  return eachMove(host, [&](const args::linkMove& a) -> Result {
    if (const long here = netlink::indexOf(own, a.name); here < 0) return failed("ioctl SIOCGIFINDEX", here, a.name);
    const long there = netlink::indexOf(host.links, a.as);
    if (there >= 0) return {EEXIST, "RTM_NEWLINK", a.as};
    return there == -ENODEV ? kDone : failed("ioctl SIOCGIFINDEX", there, a.as);
  });
}

Result bringBack(Host& host, Str there, const args::linkMove& a) {
  const long index = netlink::indexOf(host.links, there);
  if (index < 0) return failed("ioctl SIOCGIFINDEX", index, there);
  if (Result r = moveLink(host, host.links, index, static_cast<int>(sys::getpid()), a.name); !r) return r;
  if (a.restore.size == 0) return kDone;
  const sys::Fd own(netlink::open(netlink::kRoute));
  if (own.bad()) return failed("socket", own.value(), a.name);
  const long here = netlink::indexOf(own.get(), a.name);
  if (here < 0) return failed("ioctl SIOCGIFINDEX", here, a.name);
  return netlink::send(host, own.get(), a.restore, {static_cast<uint32_t>(here), a.deviceAt}, {}, a.name);
}

// Somebody else in that namespace may take the name in between: then the device is there under its old one.
Result moveThere(Host& host, int own, const args::linkMove& a) {
  const long index = netlink::indexOf(own, a.name);
  if (index < 0) return failed("ioctl SIOCGIFINDEX", index, a.name);
  const bool hasNamesake = netlink::indexOf(host.links, a.name) >= 0;
  const Result moved = moveLink(host, own, index, host.pid, a.as);
  if (moved || hasNamesake || netlink::indexOf(own, a.name) >= 0) return moved;
  const Result back = bringBack(host, a.name, a);
  return back ? Result{moved.err, moved.syscall, a.as} : back;
}

}  // namespace

Result run(Host& host, const args::linkMove& a) {
  if (host.pid == 0) return {ESRCH, "RTM_NEWLINK", a.name};
  const sys::Fd own(netlink::open(netlink::kRoute));
  if (own.bad()) return failed("socket", own.value(), a.name);
  if (host.links < 0) {
    if (Result r = openLinks(host); !r) return r;
    if (Result r = lookAtAll(host, own.get()); !r) return r;
  }
  const Result moved = moveThere(host, own.get(), a);
  if (moved) ++host.moved;
  return moved;
}

void bringLinksBack(Host& host) {
  char* const path = host.outcome.failure.path;
  uint32_t left = host.moved;
  host.moved = 0;
  [[maybe_unused]] const Result all = eachMove(host, [&](const args::linkMove& a) -> Result {
    if (left == 0) return kDone;
    --left;
    const Result r = bringBack(host, a.as, a);
    if (r) return kDone;
    Text<kPathText> text;
    text.add(path).add("; network device ").add(a.name).add(" has not come back: ").add(r.syscall).add(" error ");
    text.add(static_cast<uint64_t>(r.err));
    copyText(path, kPathText, text.c_str());
    return kDone;
  });
  drop(host.links);
}

}  // namespace tinyrun
