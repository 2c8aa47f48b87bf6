// BPF_PROG_TYPE_CGROUP_DEVICE programs: how cgroup v2 allows and denies devices.
#include <linux/bpf.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../init/kernel.h"
#include "bind.h"

namespace tinyrun {
namespace {

int bpf(int command, bpf_attr& attr) { return static_cast<int>(syscall(SYS_bpf, command, &attr, sizeof attr)); }

// The verifier's complaint says which instruction it did not like; asked for only when loading failed, since
// writing the log costs more than the verification.
std::string verifierLog(bpf_attr& attr) {
  std::string log(16384, '\0');
  attr.log_buf = reinterpret_cast<uint64_t>(log.data());
  attr.log_size = static_cast<uint32_t>(log.size());
  attr.log_level = 1;
  if (const long fd = loadProgram(attr); fd >= 0) ::close(static_cast<int>(fd));
  log.resize(log.find('\0') == std::string::npos ? log.size() : log.find('\0'));
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
  const long fd = loadProgram(attr);
  if (fd >= 0) return static_cast<Fd>(fd);
  throw SyscallFailure{"bpf", static_cast<int>(-fd), "BPF_PROG_LOAD", verifierLog(attr)};
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
