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
  constexpr uint32_t kLeaveGroups = 1, kGiveStreams = 2, kGiveFiles = 4, kLeaveUmask = 0xffffffffu;
  if (a.umask != kLeaveUmask) lane.umask = a.umask & 0777;
  if ((a.flags & kGiveStreams) != 0) giveStreams(a.uid, (a.flags & kGiveFiles) != 0);
  if (Result r = check("prctl", sys::prctl(PR_SET_KEEPCAPS, 1), "PR_SET_KEEPCAPS"); !r) return r;
  if ((a.flags & kLeaveGroups) == 0) {
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

Result run(Container& lane, const args::seccomp& a) {
  struct sock_fprog program = {};
  program.len = static_cast<unsigned short>(a.filter.size / sizeof(struct sock_filter));
  program.filter = reinterpret_cast<struct sock_filter*>(const_cast<uint8_t*>(a.filter.data));
  if (a.filter.size % sizeof(struct sock_filter) != 0 || a.filter.size / sizeof(struct sock_filter) > 0xffff)
    return {EINVAL, "seccomp", "filter"};
  const long r = sys::call(__NR_seccomp, SECCOMP_SET_MODE_FILTER, a.flags, &program);
  if (r < 0) return failed("seccomp", r, "SECCOMP_SET_MODE_FILTER");
  if ((a.flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) == 0) return kDone;
  const sys::Fd listener(r);
  return tell(lane, control::Kind::fd, a.slot, listener.get());
}

}  // namespace tinyrun
