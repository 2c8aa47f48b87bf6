// Bytes looked at sixteen at a time.
#pragma once

#include <stdint.h>

namespace tinyrun {

// Sixteen bytes at once, which both architectures compare in one instruction.
typedef uint8_t Block __attribute__((vector_size(16)));

inline Block blockAt(const uint8_t* at) {
  Block block;
  __builtin_memcpy(&block, at, sizeof block);
  return block;
}

template <class Mask>
bool anyOf(const Mask& mask) {
  uint64_t halves[2];
  __builtin_memcpy(halves, &mask, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

}  // namespace tinyrun
