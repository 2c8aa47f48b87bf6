// What this process may do, and whether a pid is still who it was.
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../init/kernel.h"
#include "bind.h"

namespace tinyrun {
namespace {

Napi::Value capabilities(Napi::Env env) {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
  check(syscall(SYS_capget, &header, data), "capget");
  auto wide = [&](auto field) { return data[0].*field | static_cast<uint64_t>(data[1].*field) << 32; };
  uint64_t bounding = 0;
  int last = -1;
  // PR_CAPBSET_READ fails with EINVAL for what the kernel does not know: so `last` needs no /proc.
  for (int cap = 0; cap < 64; ++cap) {
    const int held = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
    if (held < 0) break;
    last = cap;
    bounding |= static_cast<uint64_t>(held) << cap;
  }
  return Record(env)
      .set("effective", wide(&__user_cap_data_struct::effective))
      .set("permitted", wide(&__user_cap_data_struct::permitted))
      .set("bounding", bounding)
      .set("last", last);
}

std::optional<uint64_t> startTime(int pid) {
  uint64_t ticks = 0;
  const long r = startTimeOf(static_cast<uint32_t>(pid), ticks);
  if (r == -ENOENT || r == -ESRCH) return std::nullopt;
  if (r < 0) throw SyscallFailure{"open", static_cast<int>(-r), "/proc/" + std::to_string(pid) + "/stat", ""};
  return ticks;
}

// FNV-1a, 64 bits, as 16 hexadecimal digits: names files after long keys. In a process that lives for milliseconds
// the loop in JavaScript would run interpreted, and set the optimising compiler to work on it besides.
std::string fnv1a(Data data) {
  uint64_t hash = 0xcbf29ce484222325;
  const auto* bytes = static_cast<const uint8_t*>(data.data());
  for (size_t at = 0; at < data.size(); ++at) hash = (hash ^ bytes[at]) * 0x100000001b3;
  char text[17];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

}  // namespace

void exportFacts(Exports& out) {
  out.insert(out.end(), {bind<&capabilities>("capabilities"), bind<&startTime>("startTime"), bind<&fnv1a>("fnv1a")});
}

}  // namespace tinyrun
