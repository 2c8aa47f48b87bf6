// An OCI linux.seccomp object → the BPF program that libseccomp makes of it. Names the installed libseccomp does not
// know are ignored, as the specification demands, and handed back so that the caller can say so.
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cstring>
#include <memory>

#include "bind.h"
#include "enosys.h"
#include "filter.h"
#include "open.h"

namespace tinyrun {
namespace {

struct Named {
  const char* name;
  uint32_t value;
};

constexpr Named kArchitectures[] = {
    {"SCMP_ARCH_NATIVE", SCMP_ARCH_NATIVE},     {"SCMP_ARCH_X86", SCMP_ARCH_X86},
    {"SCMP_ARCH_X86_64", SCMP_ARCH_X86_64},     {"SCMP_ARCH_X32", SCMP_ARCH_X32},
    {"SCMP_ARCH_ARM", SCMP_ARCH_ARM},           {"SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64},
    {"SCMP_ARCH_MIPS", SCMP_ARCH_MIPS},         {"SCMP_ARCH_MIPS64", SCMP_ARCH_MIPS64},
    {"SCMP_ARCH_MIPS64N32", SCMP_ARCH_MIPS64N32}, {"SCMP_ARCH_MIPSEL", SCMP_ARCH_MIPSEL},
    {"SCMP_ARCH_MIPSEL64", SCMP_ARCH_MIPSEL64}, {"SCMP_ARCH_MIPSEL64N32", SCMP_ARCH_MIPSEL64N32},
    {"SCMP_ARCH_PPC", SCMP_ARCH_PPC},           {"SCMP_ARCH_PPC64", SCMP_ARCH_PPC64},
    {"SCMP_ARCH_PPC64LE", SCMP_ARCH_PPC64LE},   {"SCMP_ARCH_S390", SCMP_ARCH_S390},
    {"SCMP_ARCH_S390X", SCMP_ARCH_S390X},       {"SCMP_ARCH_PARISC", SCMP_ARCH_PARISC},
    {"SCMP_ARCH_PARISC64", SCMP_ARCH_PARISC64}, {"SCMP_ARCH_RISCV64", SCMP_ARCH_RISCV64},
};

constexpr Named kOperators[] = {
    {"SCMP_CMP_NE", SCMP_CMP_NE}, {"SCMP_CMP_LT", SCMP_CMP_LT}, {"SCMP_CMP_LE", SCMP_CMP_LE},
    {"SCMP_CMP_EQ", SCMP_CMP_EQ}, {"SCMP_CMP_GE", SCMP_CMP_GE}, {"SCMP_CMP_GT", SCMP_CMP_GT},
    {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

// Passed to seccomp(2) by whoever loads the program; SYNC_THREAD's name differs from the others in the kernel only.
constexpr Named kFlags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
    {"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", 1u << 5},
};

[[noreturn]] void unknown(const char* what, const std::string& name) {
  throw ArgumentError{ArgumentError::kRange, 0, std::string("unknown seccomp ") + what + " " + name};
}

template <size_t N>
uint32_t lookUp(const Named (&table)[N], const std::string& name, const char* what) {
  for (const auto& entry : table)
    if (name == entry.name) return entry.value;
  unknown(what, name);
}

uint32_t action(const std::string& name, std::optional<uint32_t> value) {
  const uint32_t data = value.value_or(EPERM);
  if (data > 0xffff) throw ArgumentError{ArgumentError::kRange, 0, "errnoRet must fit 16 bits"};
  if (name == "SCMP_ACT_KILL" || name == "SCMP_ACT_KILL_THREAD") return SCMP_ACT_KILL_THREAD;
  if (name == "SCMP_ACT_KILL_PROCESS") return SCMP_ACT_KILL_PROCESS;
  if (name == "SCMP_ACT_TRAP") return SCMP_ACT_TRAP;
  if (name == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(data);
  if (name == "SCMP_ACT_TRACE") return SCMP_ACT_TRACE(data);
  if (name == "SCMP_ACT_ALLOW") return SCMP_ACT_ALLOW;
  if (name == "SCMP_ACT_LOG") return SCMP_ACT_LOG;
  if (name == "SCMP_ACT_NOTIFY") return SCMP_ACT_NOTIFY;
  unknown("action", name);
}

// libseccomp answers with a negative errno.
void checked(int result, const char* call, std::string what = {}) {
  if (result < 0) throw SyscallFailure{call, -result, std::move(what), ""};
}

using Context = std::unique_ptr<void, decltype(&seccomp_release)>;

std::vector<scmp_arg_cmp> comparisons(const Options& rule) {
  std::vector<scmp_arg_cmp> list;
  for (const auto& arg : rule.get<std::optional<std::vector<Options>>>("args").value_or(std::vector<Options>{})) {
    const uint32_t index = arg.get<uint32_t>("index");
    if (index > 5) throw ArgumentError{ArgumentError::kRange, 0, "index must be from 0 to 5"};
    const auto op = static_cast<scmp_compare>(lookUp(kOperators, arg.get<Text>("op"), "operator"));
    const uint64_t value = arg.get<uint64_t>("value");
    const uint64_t second = arg.get<std::optional<uint64_t>>("valueTwo").value_or(0);
    // SCMP_CMP_MASKED_EQ: `value` is the mask, `valueTwo` what the masked argument must equal.
    list.push_back({index, op, value, second});
  }
  return list;
}

// libseccomp refuses two comparisons of one argument in one rule (-EINVAL); runc and crun then add a rule for each,
// any of which matches, and profiles are written for that.
bool comparesTwice(const std::vector<scmp_arg_cmp>& list) {
  uint32_t seen = 0;
  for (const auto& one : list) {
    if ((seen & 1u << one.arg) != 0) return true;
    seen |= 1u << one.arg;
  }
  return false;
}

void addRule(scmp_filter_ctx context, uint32_t act, int number, const std::string& name,
             const std::vector<scmp_arg_cmp>& list) {
  if (!comparesTwice(list)) {
    checked(seccomp_rule_add_array(context, act, number, static_cast<unsigned>(list.size()), list.data()),
            "seccomp_rule_add", name);
    return;
  }
  for (const auto& one : list) checked(seccomp_rule_add_array(context, act, number, 1, &one), "seccomp_rule_add", name);
}

void addSyscalls(scmp_filter_ctx context, const Options& rule, uint32_t fallback, std::vector<std::string>& unknownNames) {
  const uint32_t act = action(rule.get<Text>("action"), rule.get<std::optional<uint32_t>>("errnoRet"));
  if (act == fallback) return;  // says nothing new, and libseccomp refuses it
  const auto list = comparisons(rule);
  for (const auto& name : rule.get<std::vector<Text>>("names")) {
    const int number = seccomp_syscall_resolve_name(name.c_str());
    if (number == __NR_SCMP_ERROR) unknownNames.push_back(name);
    else addRule(context, act, number, name, list);
  }
}

// All that the filter is for; the native one is there from the start.
std::vector<uint32_t> addArchitectures(scmp_filter_ctx context, const std::vector<Text>& names) {
  std::vector<uint32_t> all = {seccomp_arch_native()};
  for (const auto& name : names) {
    const uint32_t arch = lookUp(kArchitectures, name, "architecture");
    const int result = seccomp_arch_add(context, arch);
    if (result == -EEXIST) continue;
    checked(result, "seccomp_arch_add", name);
    all.push_back(arch);
  }
  return all;
}

// A tracer, or who only logs, is to see calls that are new as well.
bool isPermissive(const std::string& action) {
  return action == "SCMP_ACT_ALLOW" || action == "SCMP_ACT_LOG" || action == "SCMP_ACT_TRACE";
}

std::vector<uint8_t> exportProgram(scmp_filter_ctx context) {
  const UniqueFd memory(check(memfd_create("seccomp", MFD_CLOEXEC), "memfd_create"));
  checked(seccomp_export_bpf(context, memory.get()), "seccomp_export_bpf");
  struct stat st;
  check(fstat(memory.get(), &st), "fstat");
  std::vector<uint8_t> program(static_cast<size_t>(st.st_size));
  check(::pread(memory.get(), program.data(), program.size(), 0), "pread64");
  return program;
}

Napi::Value seccompCompile(Napi::Env env, Options profile) {
  const uint32_t fallback = action(profile.get<Text>("defaultAction"), profile.get<std::optional<uint32_t>>("defaultErrnoRet"));
  const Context context(seccomp_init(fallback), seccomp_release);
  if (context == nullptr) throw SyscallFailure{"seccomp_init", EINVAL, "", ""};
  // no_new_privs is a step of its own; setting it here would do nothing for an exported program.
  checked(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_NNP, 0), "seccomp_attr_set", "SCMP_FLTATR_CTL_NNP");
  // A binary tree over the syscall numbers: a dozen comparisons for each call instead of hundreds.
  checked(seccomp_attr_set(context.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2), "seccomp_attr_set", "SCMP_FLTATR_CTL_OPTIMIZE");
  const auto architectures = addArchitectures(context.get(), profile.get<std::optional<std::vector<Text>>>("architectures").value_or(std::vector<Text>{}));

  uint32_t flags = 0;
  for (const auto& name : profile.get<std::optional<std::vector<Text>>>("flags").value_or(std::vector<Text>{}))
    flags |= lookUp(kFlags, name, "flag");
  std::vector<std::string> unknownNames, names;
  for (const auto& rule : profile.get<std::optional<std::vector<Options>>>("syscalls").value_or(std::vector<Options>{})) {
    addSyscalls(context.get(), rule, fallback, unknownNames);
    for (const auto& name : rule.get<std::vector<Text>>("names")) names.push_back(name);
  }
  auto program = exportProgram(context.get());
  if (!isPermissive(profile.get<Text>("defaultAction")) && fallback != SCMP_ACT_ERRNO(ENOSYS))
    program = withEnosys(std::move(program), architectures, names);

  return Record(env)
      .set("filter", program)
      .set("flags", flags)
      .set("unknown", unknownNames);
}

std::vector<uint8_t> seccompShrink(Bytes filter) {
  if (filter.size == 0 || filter.size % sizeof(sock_filter) != 0)
    throw ArgumentError{ArgumentError::kRange, 1, "must be whole instructions"};
  std::vector<sock_filter> program(filter.size / sizeof(sock_filter));
  std::memcpy(program.data(), filter.data, filter.size);
  program = shrunk(std::move(program));
  const auto* const first = reinterpret_cast<const uint8_t*>(program.data());
  return {first, first + program.size() * sizeof(sock_filter)};
}

}  // namespace

void exportSeccomp(Exports& out) {
  out.push_back(bind<&seccompCompile>("seccompCompile"));
  out.push_back(bind<&seccompShrink>("seccompShrink"));
}

}  // namespace tinyrun
