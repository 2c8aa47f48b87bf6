// The encoded plan, as ARCHITECTURE.md "The wire" draws it. Little endian, everything 4-byte aligned.
//
//    0 u32 magic "TRPL"   4 u32 version   8 u32 size in bytes   12 u32 count of steps
//   16 u32 flags          20 i32 control socket  24 u32 preserved fds   28 u32 reserved, 0
//   32 i32 fds[64]        slot → fd, -1 for none
//  288 steps: u16 opcode, u8 lane, u8 flags, u32 payload bytes, then the payload
//      U32, I32, SLOT: 4 bytes       U64, I64: low word, high word
//      STR: u32 length, bytes, NUL, zeros to 4      BYTES: u32 length, bytes, zeros to 4
//      STRS: u32 count, that many STR               U32S: u32 count, that many u32
//
// Fields 20 and 32… are filled in by the host lane just before clone; the encoder writes -1. Fields 16 and 24
// are set by load() from its options.
#pragma once

#include <stdint.h>

#include "machine.h"

namespace tinyrun::wire {

inline constexpr uint32_t kMagic = 0x4c505254u;   // "TRPL"
inline constexpr uint32_t kVersion = 1;           // PLAN_VERSION
inline constexpr uint32_t kMaxSize = 16u << 20;   // more is a defect of the encoder, not a container
inline constexpr uint32_t kTrace = 1;             // Header.flags
inline constexpr uint32_t kPause = 2;
inline constexpr uint8_t kMayFail = 1;            // Step.flags

struct Header {
  uint32_t magic;
  uint32_t version;
  uint32_t size;
  uint32_t count;
  uint32_t flags;
  int32_t control;
  uint32_t preserved;
  uint32_t reserved;
  int32_t fds[kSlots];
};
static_assert(sizeof(Header) == 288);

struct StepHeader {
  uint16_t opcode;
  uint8_t lane;
  uint8_t flags;
  uint32_t size;
};
static_assert(sizeof(StepHeader) == 8);

}  // namespace tinyrun::wire
