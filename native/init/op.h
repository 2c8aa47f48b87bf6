// The opcodes of steps.def and where their steps run.
#pragma once

#include <stdint.h>

namespace tinyrun {

enum class LaneKind : uint8_t { host = 1, container = 2, both = 3 };

enum class Op : uint16_t {
  none = 0,
#define STEP(name, lanes) name,
#include "../steps.def"
  count
};

}  // namespace tinyrun
