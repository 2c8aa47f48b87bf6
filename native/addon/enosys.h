#pragma once

#include <seccomp.h>

#include <cstdint>
#include <string>
#include <vector>

namespace tinyrun {

// `program` after what answers ENOSYS to calls above the highest of `names`; `architectures` are SCMP_ARCH_* (resolved,
// not SCMP_ARCH_NATIVE).
std::vector<uint8_t> withEnosys(std::vector<uint8_t> program, const std::vector<uint32_t>& architectures,
                                const std::vector<std::string>& names);

}  // namespace tinyrun
