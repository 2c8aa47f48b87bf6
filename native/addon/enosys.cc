// System calls newer than a seccomp profile answer ENOSYS, whatever its default: C libraries try the new call first and
// fall back on the old one when the kernel does not know it, but not when it refuses it. What runc puts before a filter
// (libcontainer/seccomp/patchbpf), for each architecture: a number above all that the profile names is "not there".
#include "enosys.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace tinyrun {
namespace {

constexpr uint32_t kX32 = 0x40000000;   // __X32_SYSCALL_BIT

// What the kernel calls an architecture of libseccomp; x86_64 and x32 are one, told apart by a bit of the number.
// The constants of libseccomp are those of the kernel but for that.
uint32_t auditArch(uint32_t arch) { return arch == SCMP_ARCH_X32 ? SCMP_ARCH_X86_64 : arch; }

// The highest number that a rule names; 0 when none does.
uint32_t lastCall(uint32_t arch, const std::vector<std::string>& names) {
  uint32_t last = 0;
  for (const auto& name : names) {
    const int number = seccomp_syscall_resolve_name_arch(arch, name.c_str());
    // Negative ones are libseccomp's own, for calls that this architecture does not have.
    if (number > 0) last = std::max(last, static_cast<uint32_t>(number));
  }
  return last;
}

}  // namespace

std::vector<uint8_t> withEnosys(std::vector<uint8_t> program, const std::vector<uint32_t>& architectures,
                                const std::vector<std::string>& names) {
  std::vector<sock_filter> code;
  const auto load = [&](uint32_t offset) { code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)); };
  const auto answer = [&] { code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS)); };
  for (const uint32_t arch : architectures) {
    const uint32_t last = lastCall(arch, names);
    if (last == 0) continue;
    // Another architecture: on to the next block.
    const bool isX86 = auditArch(arch) == SCMP_ARCH_X86_64;
    load(offsetof(struct seccomp_data, arch));
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, auditArch(arch), 0, static_cast<uint8_t>(isX86 ? 4 : 3)));
    load(offsetof(struct seccomp_data, nr));
    if (isX86) {
      const bool x32 = arch == SCMP_ARCH_X32;
      code.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32, static_cast<uint8_t>(x32 ? 0 : 2),
                              static_cast<uint8_t>(x32 ? 2 : 0)));
    }
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, last, 0, 1));
    answer();
  }
  const auto* const first = reinterpret_cast<const uint8_t*>(code.data());
  std::vector<uint8_t> out(first, first + code.size() * sizeof(sock_filter));
  out.insert(out.end(), program.begin(), program.end());
  return out;
}

}  // namespace tinyrun
