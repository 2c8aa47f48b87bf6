// Namespaces and what belongs to them: names, the loopback, sessions, keyrings.
#include <linux/keyctl.h>

#include "container.h"
#include "root.h"

namespace tinyrun {

Result run(Container& lane, const args::setns& a) {
  const int fd = lane.fdOf(a.slot);
  if (fd < 0) return {EBADF, "setns", "slot"};
  // From here on processes of that container may look at us through their /proc (CVE-2016-9962).
  sys::prctl(PR_SET_DUMPABLE, 0);
  if (Result r = check("setns", sys::setns(fd, static_cast<int>(a.flags)), ""); !r) return r;
  if ((a.flags & CLONE_NEWUSER) != 0) lane.joinedUser = true;
  if ((a.flags & CLONE_NEWNS) != 0) forgetRoot(lane);
  return kDone;
}

namespace {

// The clone of what `path` is below `root`: open_tree(2) clones only mounts of the namespace it is called in.
Result cloneMount(Container& lane, int root, const args::borrowMount& a) {
  const sys::Fd at(openInRoot(root, a.path, O_PATH, kPlain));
  if (at.bad()) return failed("openat2", at.value(), a.path);
  sys::Fd tree(sys::openTree(at.get(), "", OPEN_TREE_CLONE | AT_EMPTY_PATH));
  if (tree.bad()) return failed("open_tree", tree.value(), a.path);
  return lane.put(a.slot, tree.release());
}

}  // namespace

Result run(Container& lane, const args::borrowMount& a) {
  const int theirs = lane.fdOf(a.mntns), root = lane.fdOf(a.root);
  if (theirs < 0 || root < 0) return {EBADF, "setns", "slot"};
  constexpr const char* kOwn = "/proc/self/ns/mnt";
  const sys::Fd own(sys::openat(AT_FDCWD, kOwn, O_RDONLY));
  if (own.bad()) return failed("openat", own.value(), kOwn);
  const sys::Fd top(sys::openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  if (top.bad()) return failed("openat", top.value(), "/");
  // As in setns; the directory we came from is no business of that container's either.
  sys::prctl(PR_SET_DUMPABLE, 0);
  if (Result r = check("setns", sys::setns(theirs, CLONE_NEWNS), a.path); !r) return r;
  const Result borrowed = cloneMount(lane, root, a);
  if (Result r = check("setns", sys::setns(own.get(), CLONE_NEWNS), kOwn); !r) return r;
  // setns(2) has put us at the root of the namespace, which is not ours in a chroot.
  if (Result r = check("fchdir", sys::fchdir(top.get()), "/"); !r) return r;
  if (Result r = check("chroot", sys::chroot("."), "/"); !r) return r;
  return borrowed;
}

Result run(Container&, const args::unshare& a) { return check("unshare", sys::unshare(a.flags), ""); }

Result run(Container&, const args::setHostname& a) {
  return check("sethostname", sys::call(__NR_sethostname, a.name.data, a.name.size), a.name);
}

Result run(Container&, const args::setDomainname& a) {
  return check("setdomainname", sys::call(__NR_setdomainname, a.name.data, a.name.size), a.name);
}

Result run(Container&, const args::linkUp& a) {
  constexpr int kUnix = 1, kDatagram = 2;   // any socket takes the ioctl, also where IPv4 is not built in
  constexpr unsigned long kGetFlags = 0x8913, kSetFlags = 0x8914;
  constexpr int kUp = 1;
  struct {   // struct ifreq, whose header cannot be had without libc's sockaddr
    char name[16];
    short flags;
    char rest[22];
  } request = {};
  if (a.name.size >= sizeof request.name) return {ENAMETOOLONG, "ioctl SIOCSIFFLAGS", a.name};
  copyText(request.name, sizeof request.name, a.name);
  sys::Fd socket(sys::call(__NR_socket, kUnix, kDatagram | O_CLOEXEC, 0));
  if (socket.bad()) return failed("socket", socket.value(), a.name);
  if (Result r = check("ioctl SIOCGIFFLAGS", sys::ioctl(socket.get(), kGetFlags, &request), a.name); !r) return r;
  request.flags = static_cast<short>(request.flags | kUp);
  return check("ioctl SIOCSIFFLAGS", sys::ioctl(socket.get(), kSetFlags, &request), a.name);
}

Result run(Container&, const args::setsid&) { return check("setsid", sys::setsid(), ""); }

Result run(Container&, const args::sessionKeyring& a) {
  const long r = sys::call(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, a.name.data);
  const Result result = check("keyctl", r, a.name);
  return r == -ENOSYS ? ignored(result) : result;   // a kernel without keyrings has none to share either
}

}  // namespace tinyrun
