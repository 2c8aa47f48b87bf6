// How a container's first process is born: clone3(2) with CLONE_VM|CLONE_VFORK, then nothing but an exec of
// tinyrun-init. Node has threads, so its child may use neither malloc nor locks; and it is large, so that copying its
// page tables would cost more than everything else here.
#include "host.h"

namespace tinyrun {

namespace {

constexpr int kHighest = 1 << 20;

// What the child needs, on the parent's stack: the parent stands still until the child has called exec or exited.
struct Birth {
  int executable;
  int plan;
  int control;
  int stdio[3];
  uint32_t preserved;
  const Host* host;
  U32s pass;
  const char* planText;
  bool newUser;
  const char* syscall;   // answer: what failed
  int err;
};

// An exec before the ids are mapped would drop every capability, as no uid is root yet: ambient ones survive it.
long keepCapabilities() {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {};
  if (const long r = sys::call(__NR_capget, &header, data); r < 0) return r;
  for (auto& half : data) half.inheritable = half.permitted;
  if (const long r = sys::call(__NR_capset, &header, data); r < 0) return r;
  for (unsigned cap = 0; cap < 64; ++cap)
    if ((data[cap / 32].permitted >> cap % 32 & 1) != 0)
      if (const long r = sys::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap); r < 0) return r;
  return 0;
}

// Sources first move out of the way of 0, 1 and 2, so that any permutation works.
long placeStdio(Birth& birth) {
  for (int i = 0; i < 3; ++i) {
    int& from = birth.stdio[i];
    if (from >= 3 || from == i) continue;
    const long moved = sys::fcntl(from, F_DUPFD_CLOEXEC, 3);
    if (moved < 0) return moved;
    from = static_cast<int>(moved);
  }
  for (int i = 0; i < 3; ++i) {
    const int from = birth.stdio[i];
    const long r = from == i ? sys::fcntl(i, F_SETFD, 0) : sys::dup3(from, i, 0);
    if (r < 0) return r;
  }
  return 0;
}

// Only what the plan names crosses the exec, whatever the embedding process has open.
long chooseFds(const Birth& birth) {
  if (const long r = sys::closeRange(3, kNoSlot, CLOSE_RANGE_CLOEXEC); r < 0) return r;
  const auto keep = [](int fd) { return sys::fcntl(fd, F_SETFD, 0); };
  if (const long r = keep(birth.plan); r < 0) return r;
  if (const long r = keep(birth.control); r < 0) return r;
  for (uint32_t i = 0; i < birth.preserved; ++i)
    if (const long r = keep(static_cast<int>(3 + i)); r < 0) return r;
  for (uint32_t i = 0; i < birth.pass.count; ++i)
    if (const long r = keep(birth.host->fdOf(birth.pass[i])); r < 0) return r;
  return 0;
}

TINYRUN_NO_SANITIZE int bornChild(void* context) {
  Birth& birth = *static_cast<Birth*>(context);
  const auto fail = [&birth](const char* syscall, long error) {
    birth.syscall = syscall;
    birth.err = static_cast<int>(-error);
    return 125;
  };
  if (const long r = placeStdio(birth); r < 0) return fail("dup3", r);
  if (const long r = chooseFds(birth); r < 0) return fail("fcntl", r);
  if (birth.newUser)
    if (const long r = keepCapabilities(); r < 0) return fail("capset", r);
  const char* const argv[] = {"tinyrun-init", "plan", birth.planText, nullptr};
  const char* const envp[] = {nullptr};
  return fail("execveat", sys::execveat(birth.executable, "", argv, envp, AT_EMPTY_PATH));
}

// Tells the child its fds, by the header of the plan that it will map.
Result writeHeader(Host& host, const args::clone& a, int control) {
  wire::Header header = host.plan.header();
  header.flags = (host.options.trace ? wire::kTrace : 0) | (host.options.pause ? wire::kPause : 0);
  header.control = control;
  header.preserved = host.options.preserveFds;
  for (uint32_t i = 0; i < a.pass.count; ++i) {
    const int fd = host.fdOf(a.pass[i]);
    if (fd < 0) return {EBADF, "clone3", "a slot to pass is empty"};
    header.fds[a.pass[i]] = fd;
  }
  return check("pwrite", sys::pwrite(host.planFd, &header, sizeof header, 0), "plan");
}

Result checkPreserved(Host& host) {
  for (uint32_t i = 0; i < host.options.preserveFds; ++i) {
    const int fd = static_cast<int>(3 + i);
    if (const long r = sys::fcntl(fd, F_GETFD); r >= 0) continue;
    host.detail.clear();
    host.detail.add("preserved fd ").add(static_cast<uint64_t>(fd));
    return {EBADF, "fcntl", host.detail.c_str()};
  }
  return kDone;
}

}  // namespace

Result run(Host& host, const args::clone& a) {
  if (host.pidfd >= 0) return {EEXIST, "clone3", "the plan has cloned before"};
  if (host.options.executable < 0) return {ENOENT, "execveat", "tinyrun-init"};
  if (host.options.preserveFds > kHighest) return {EINVAL, "clone3", "preserved fds"};
  if (Result r = checkPreserved(host); !r) return r;
  int pair[2];
  if (Result r = check("socketpair", sys::socketpair(pair), "control socket"); !r) return r;
  sys::Fd ours(pair[0]), theirs(pair[1]);
  if (Result r = writeHeader(host, a, theirs.get()); !r) return r;

  Text<16> planText;
  planText.add(static_cast<uint64_t>(host.planFd));
  Birth birth = {};
  birth.executable = host.options.executable;
  birth.plan = host.planFd;
  birth.control = theirs.get();
  for (int i = 0; i < 3; ++i) birth.stdio[i] = host.options.stdio[i];
  birth.preserved = host.options.preserveFds;
  birth.host = &host;
  birth.pass = a.pass;
  birth.planText = planText.c_str();
  birth.newUser = (a.flags & CLONE_NEWUSER) != 0;

  alignas(16) char stack[16384];
  int pidfd = -1;
  struct clone_args clone = {};
  clone.flags = a.flags | CLONE_PIDFD | CLONE_VM | CLONE_VFORK;
  clone.pidfd = reinterpret_cast<uint64_t>(&pidfd);
  if (a.cgroup != kNoSlot) {
    clone.flags |= CLONE_INTO_CGROUP;
    clone.cgroup = static_cast<uint64_t>(host.fdOf(a.cgroup));
  }
  const long pid = sys::cloneOn(stack, clone, bornChild, &birth);
  if (pid < 0) return failed("clone3", pid, "");

  host.pid = static_cast<int>(pid);
  host.pidfd = pidfd;
  host.control = ours.release();
  host.lastReport = host.trace ? sys::nanoseconds() : 0;
  if (birth.err == 0) return kDone;
  endChild(host);
  return {birth.err, birth.syscall, "tinyrun-init"};
}

}  // namespace tinyrun
