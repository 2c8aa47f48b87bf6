// BPF_PROG_TYPE_CGROUP_DEVICE programs: how cgroup v2 allows and denies devices.
#include <linux/bpf.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bind.h"

namespace tinyrun {
namespace {

int bpf(int command, bpf_attr& attr) { return static_cast<int>(syscall(SYS_bpf, command, &attr, sizeof attr)); }

// The verifier gives up with EAGAIN when a signal is pending (a profiler's, a resized terminal's), as often as one asks;
// a blocked one is not. What is left of EAGAIN is work that the kernel itself has for this thread, done by then.
int loadProgram(bpf_attr& attr) {
  sigset_t all, old;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int fd = -1;
  for (int tries = 0; tries < 5; ++tries)
    if (fd = bpf(BPF_PROG_LOAD, attr); fd >= 0 || errno != EAGAIN) break;
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  errno = error;
  return fd;
}

// The verifier's complaint says which instruction it did not like; asked for only when loading failed, since
// writing the log costs more than the verification.
std::string verifierLog(bpf_attr& attr) {
  const int error = errno;
  std::string log(16384, '\0');
  attr.log_buf = reinterpret_cast<uint64_t>(log.data());
  attr.log_size = static_cast<uint32_t>(log.size());
  attr.log_level = 1;
  const int fd = loadProgram(attr);
  if (fd >= 0) ::close(fd);
  log.resize(log.find('\0') == std::string::npos ? log.size() : log.find('\0'));
  errno = error;
  return log;
}

Fd bpfLoadDevice(Bytes program) {
  if (program.size == 0 || program.size % sizeof(bpf_insn) != 0)
    throw ArgumentError{ArgumentError::kRange, 1, "must be a whole number of 8-byte instructions"};
  // The program is read as instructions and must be aligned; the caller's bytes need not be.
  std::vector<bpf_insn> instructions(program.size / sizeof(bpf_insn));
  std::copy_n(program.data, program.size, reinterpret_cast<uint8_t*>(instructions.data()));
  bpf_attr attr{};
  attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  attr.insns = reinterpret_cast<uint64_t>(instructions.data());
  attr.insn_cnt = static_cast<uint32_t>(instructions.size());
  attr.license = reinterpret_cast<uint64_t>("Apache-2.0");
  const int fd = loadProgram(attr);  // always close-on-exec
  if (fd >= 0) return fd;
  const std::string log = verifierLog(attr);
  throw SyscallFailure{"bpf", errno, "BPF_PROG_LOAD", log};
}

void bpfAttach(Fd cgroup, Fd program, uint32_t type, std::optional<Flags> flags) {
  bpf_attr attr{};
  attr.target_fd = static_cast<uint32_t>(cgroup);
  attr.attach_bpf_fd = static_cast<uint32_t>(program);
  attr.attach_type = type;
  attr.attach_flags = flags ? flags->u32() : 0;
  check(bpf(BPF_PROG_ATTACH, attr), "bpf", "BPF_PROG_ATTACH");
}

void bpfDetach(Fd cgroup, Fd program, uint32_t type) {
  bpf_attr attr{};
  attr.target_fd = static_cast<uint32_t>(cgroup);
  attr.attach_bpf_fd = static_cast<uint32_t>(program);
  attr.attach_type = type;
  check(bpf(BPF_PROG_DETACH, attr), "bpf", "BPF_PROG_DETACH");
}

}  // namespace

void exportBpf(Exports& out) {
  out.insert(out.end(),
             {bind<&bpfLoadDevice>("bpfLoadDevice"), bind<&bpfAttach>("bpfAttach"), bind<&bpfDetach>("bpfDetach")});
}

}  // namespace tinyrun
