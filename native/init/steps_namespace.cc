// Namespaces and what belongs to them: names, the loopback, sessions, keyrings.
#include <linux/keyctl.h>

#include "container.h"

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
