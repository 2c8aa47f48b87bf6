// Attributes of the process that execve keeps: limits, scheduling, users, capabilities, filters.
#include <linux/filter.h>
#include <linux/seccomp.h>

#include "container.h"

namespace tinyrun {

Result run(Container& lane, const args::setRlimit& a) {
  const uint64_t limit[2] = {a.soft, a.hard};
  lane.detail.clear();
  lane.detail.add("resource ").add(uint64_t{a.resource}).add(" ").add(a.soft).add(":").add(a.hard);
  return check("prlimit64", sys::call(__NR_prlimit64, 0, a.resource, limit, nullptr), lane.detail.c_str());
}

Result run(Container&, const args::personality& a) {
  return check("personality", sys::call(__NR_personality, a.persona), "");
}

Result run(Container&, const args::scheduler& a) {
  struct {   // struct sched_attr, SCHED_ATTR_SIZE_VER0
    uint32_t size, policy;
    uint64_t flags;
    int32_t nice;
    uint32_t priority;
    uint64_t runtime, deadline, period;
  } attr = {48, a.policy, a.flags, a.nice, a.priority, a.runtime, a.deadline, a.period};
  static_assert(sizeof attr == 48);
  return check("sched_setattr", sys::call(__NR_sched_setattr, 0, &attr, 0), "");
}

Result run(Container&, const args::ioPriority& a) {
  constexpr int kProcess = 1;   // IOPRIO_WHO_PROCESS
  return check("ioprio_set", sys::call(__NR_ioprio_set, kProcess, 0, a.priority), "");
}

Result run(Container&, const args::memoryPolicy& a) {
  // The kernel takes one off the count of bits before it reads them.
  const unsigned long bits = a.nodes.size == 0 ? 0 : a.nodes.size * 8 + 1;
  const void* nodes = a.nodes.size == 0 ? nullptr : a.nodes.data;
  return check("set_mempolicy", sys::call(__NR_set_mempolicy, a.mode, nodes, bits), "");
}

Result run(Container&, const args::cpuAffinity& a) {
  return check("sched_setaffinity", sys::call(__NR_sched_setaffinity, 0, a.mask.size, a.mask.data), "");
}

Result run(Container& lane, const args::capBounding& a) {
  for (unsigned cap = 0; cap < 64; ++cap) {
    if ((a.keep >> cap & 1) != 0) continue;
    const long r = sys::prctl(PR_CAPBSET_DROP, cap);
    if (r == -EINVAL) break;   // beyond the kernel's last capability
    if (r < 0) {
      lane.detail.clear();
      lane.detail.add("PR_CAPBSET_DROP ").add(uint64_t{cap});
      return failed("prctl", r, lane.detail.c_str());
    }
  }
  return kDone;
}

// So that the program can open /dev/stdout again. Never a device, which is the host's: as its owner the program's user
// could open it, or keep others from it, out there and after the container has gone. Nor a file that was given for
// reading, which its owner may write. What cannot be given away works all the same.
static void giveStreams(uint32_t uid, bool files) {
  constexpr unsigned kSocket = 0140000;
  for (int fd = 0; fd < 3; ++fd) {
    struct stat st;
    if (sys::fstat(fd, &st) < 0 || st.st_uid == uid) continue;
    const unsigned type = st.st_mode & sys::kTypeMask;
    const bool output = files && type == sys::kRegular && (sys::fcntl(fd, F_GETFL) & O_ACCMODE) != O_RDONLY;
    if (type == sys::kFifo || type == kSocket || output) sys::fchown(fd, uid, kNoSlot);
  }
}

// Groups before uid: without CAP_SETGID they could not be set any more. KEEPCAPS leaves the permitted set for capSet,
// which comes next; execve clears the flag.
Result run(Container& lane, const args::setUser& a) {
  constexpr uint32_t kLeaveUmask = 0xffffffffu;
  if (a.umask != kLeaveUmask) lane.umask = a.umask & 0777;
  if ((a.flags & flag::setUser::ownStreams) != 0) giveStreams(a.uid, (a.flags & flag::setUser::ownFiles) != 0);
  if (Result r = check("prctl", sys::prctl(PR_SET_KEEPCAPS, 1), "PR_SET_KEEPCAPS"); !r) return r;
  if ((a.flags & flag::setUser::keepGroups) == 0) {
    const long r = sys::call(__NR_setgroups, a.groups.count, a.groups.data);
    if (r < 0) return failed("setgroups", r, "");
  }
  lane.detail.clear();
  lane.detail.add("uid ").add(uint64_t{a.uid}).add(" gid ").add(uint64_t{a.gid});
  if (Result r = check("setresgid", sys::setresgid(a.gid), lane.detail.c_str()); !r) return r;
  return check("setresuid", sys::setresuid(a.uid), lane.detail.c_str());
}

Result run(Container&, const args::capSet& a) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2];
  for (unsigned i = 0; i < 2; ++i) {
    data[i].effective = static_cast<uint32_t>(a.effective >> 32 * i);
    data[i].permitted = static_cast<uint32_t>(a.permitted >> 32 * i);
    data[i].inheritable = static_cast<uint32_t>(a.inheritable >> 32 * i);
  }
  if (Result r = check("prctl", sys::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL), "PR_CAP_AMBIENT"); !r) return r;
  if (Result r = check("capset", sys::call(__NR_capset, &header, data), ""); !r) return r;
  for (unsigned cap = 0; cap < 64; ++cap) {
    if ((a.ambient >> cap & 1) == 0) continue;
    const long r = sys::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap);
    // EPERM: SECBIT_NO_CAP_AMBIENT_RAISE of whoever called us. The program has one privilege less, no more.
    if (r < 0 && r != -EPERM) return failed("prctl", r, "PR_CAP_AMBIENT_RAISE");
  }
  return kDone;
}

Result run(Container&, const args::noNewPrivs&) {
  return check("prctl", sys::prctl(PR_SET_NO_NEW_PRIVS, 1), "PR_SET_NO_NEW_PRIVS");
}

namespace {

// The fd of a filter's listener leaves by a thread of its own, which the filter does not bind: a call of the thread that
// it does bind could be one that the listener is to answer, before there is a listener. That thread makes none from
// seccomp(2) on: it tells of the fd by a word in memory, and sees by another that its messenger is gone.
struct Messenger {
  Container& lane;
  uint32_t slot;
  uint32_t stage;
  long listener;        // kPending, then what seccomp(2) answered
  uint32_t alive;       // cleared by the kernel when the messenger has ended (CLONE_CHILD_CLEARTID)
  Result result;
};
constexpr long kPending = -0x10000;

Result handOver(Container& lane, uint32_t slot, uint32_t stage, long fd) {
  const sys::Fd listener(fd);
  if (Result r = tell(lane, control::Kind::fd, slot, listener.get()); !r) return r;
  args::sync sync = {};
  sync.stage = stage;
  return run(lane, sync);
}

TINYRUN_NO_SANITIZE int carryListener(void* context) {
  Messenger& m = *static_cast<Messenger*>(context);
  struct __kernel_timespec pause = {0, 50'000};
  long fd;
  while ((fd = __atomic_load_n(&m.listener, __ATOMIC_ACQUIRE)) == kPending) sys::ppoll(nullptr, 0, &pause);
  if (fd < 0) return 0;
  m.result = handOver(m.lane, m.slot, m.stage, fd);
  return 0;
}

Result loadWithListener(Container& lane, const args::seccomp& a, struct sock_fprog& program) {
  alignas(16) static char stack[16384];
  Messenger messenger = {lane, a.slot, a.stage, kPending, 1, kDone};
  struct clone_args clone = {};
  clone.flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |
                CLONE_CHILD_CLEARTID;
  clone.child_tid = reinterpret_cast<uint64_t>(&messenger.alive);
  clone.stack = reinterpret_cast<uint64_t>(stack);
  clone.stack_size = sizeof stack;
  const long thread = sys::clone3Stack(&clone, carryListener, &messenger);
  // One thread is all that the profile's TSYNC can be about; the kernel takes it with a listener only in another form.
  const uint32_t flags = a.flags & ~static_cast<uint32_t>(SECCOMP_FILTER_FLAG_TSYNC);
  const long fd = sys::call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  // No room for a thread (a limit on processes): then what the filter has is hoped to be enough.
  if (thread < 0) return fd < 0 ? failed("seccomp", fd, "SECCOMP_SET_MODE_FILTER") : handOver(lane, a.slot, a.stage, fd);
  __atomic_store_n(&messenger.listener, fd, __ATOMIC_RELEASE);
  while (__atomic_load_n(&messenger.alive, __ATOMIC_ACQUIRE) != 0) sys::relax();
  if (fd < 0) return failed("seccomp", fd, "SECCOMP_SET_MODE_FILTER");
  return messenger.result;
}

Result programOf(const Bytes& filter, struct sock_fprog& program) {
  program.len = static_cast<unsigned short>(filter.size / sizeof(struct sock_filter));
  program.filter = reinterpret_cast<struct sock_filter*>(const_cast<uint8_t*>(filter.data));
  const bool whole = filter.size % sizeof(struct sock_filter) == 0 && filter.size / sizeof(struct sock_filter) <= 0xffff;
  return whole ? kDone : Result{EINVAL, "seccomp", "filter"};
}

Result load(uint32_t flags, struct sock_fprog& program) {
  const long r = sys::call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  return r < 0 ? failed("seccomp", r, "SECCOMP_SET_MODE_FILTER") : kDone;
}

}  // namespace

Result run(Container& lane, const args::seccomp& a) {
  struct sock_fprog program = {};
  if (Result r = programOf(a.filter, program); !r) return r;
  if ((a.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0) return loadWithListener(lane, a, program);
  return load(a.flags, program);
}

Result run(Container& lane, const args::confineHooks& a) {
  struct sock_fprog program = {};
  if (Result r = programOf(a.filter, program); !r) return r;
  lane.confinement = a;
  lane.confined = true;
  return kDone;
}

Result confine(Container& lane) {
  if (!lane.confined) return kDone;
  const args::confineHooks& a = lane.confinement;
  struct sock_fprog program = {};
  if (Result r = programOf(a.filter, program); !r) return r;
  if (Result r = load(a.flags, program); !r) return r;
  if (a.drop == 0) return kDone;
  args::capSet sets = {};
  sets.effective = a.effective;
  sets.permitted = a.permitted;
  sets.inheritable = a.inheritable;
  sets.ambient = a.ambient;
  return run(lane, sets);
}

}  // namespace tinyrun
