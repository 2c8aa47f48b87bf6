// User namespaces: the maps of the cloned child, and namespaces made only to idmap mounts with.
#include <linux/mman.h>

#include "host.h"

namespace tinyrun {

namespace {

Result writeOf(Host& host, int pid, const char* file, const char* value, size_t size) {
  host.detail.clear();
  host.detail.add("/proc/").add(static_cast<uint64_t>(pid)).add("/").add(file);
  const char* path = host.detail.c_str();
  const sys::Fd fd(sys::openat(AT_FDCWD, path, O_WRONLY));
  if (fd.bad()) return failed("openat", fd.value(), path);
  return check("write", sys::write(fd.get(), value, size), path);
}

Result writeMaps(Host& host, int pid, const Str& uidMap, const Str& gidMap, bool denySetgroups) {
  if (denySetgroups)
    if (Result r = writeOf(host, pid, "setgroups", "deny", 4); !r) return r;
  if (!uidMap.empty())
    if (Result r = writeOf(host, pid, "uid_map", uidMap, uidMap.size); !r) return r;
  if (gidMap.empty()) return kDone;
  return writeOf(host, pid, "gid_map", gidMap, gidMap.size);
}

// Lives in our memory on a stack of its own, only so long as its namespace is being taken hold of. It dies with us.
TINYRUN_NO_SANITIZE int holdNamespace(void*) {
  sys::prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) sys::ppoll(nullptr, 0, nullptr);
}

Result takeNamespace(Host& host, const args::makeUserns& a, int pid) {
  if (Result r = writeMaps(host, pid, a.uidMap, a.gidMap, false); !r) return r;
  host.detail.clear();
  host.detail.add("/proc/").add(static_cast<uint64_t>(pid)).add("/ns/user");
  const long fd = sys::openat(AT_FDCWD, host.detail.c_str(), O_RDONLY);
  if (fd < 0) return failed("openat", fd, host.detail.c_str());
  return host.put(a.slot, static_cast<int>(fd));
}

}  // namespace

Result run(Host& host, const args::idMaps& a) {
  if (host.pid == 0) return {ESRCH, "write", "uid_map"};
  host.mapped = true;
  return writeMaps(host, host.pid, a.uidMap, a.gidMap, a.denySetgroups != 0);
}

Result run(Host& host, const args::makeUserns& a) {
  alignas(16) char stack[8192];
  int rawPidfd = -1;
  struct clone_args clone = {};
  clone.flags = CLONE_NEWUSER | CLONE_VM | CLONE_PIDFD;
  clone.pidfd = reinterpret_cast<uint64_t>(&rawPidfd);
  const long pid = sys::cloneOn(stack, clone, holdNamespace, nullptr);
  if (pid < 0) return failed("clone3", pid, "CLONE_NEWUSER");
  const sys::Fd pidfd(rawPidfd);
  const Result taken = takeNamespace(host, a, static_cast<int>(pid));
  sys::pidfdSignal(pidfd.get(), SIGKILL);
  sys::reap(pid, nullptr);
  return taken;
}

}  // namespace tinyrun
