// The plan as the interpreter sees it: a cursor over the mapped bytes and one argument struct for each step of
// steps.def. Strings point into the plan. Nothing is copied, nothing is believed: see decode.cc.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "machine.h"
#include "op.h"
#include "wire.h"

namespace tinyrun {

struct Str {
  const char* data = "";
  uint32_t size = 0;
  bool empty() const { return size == 0; }
  operator const char*() const { return data; }   // NUL-terminated on the wire, and without NUL inside
};

struct Bytes {
  const uint8_t* data = nullptr;
  uint32_t size = 0;
};

inline uint32_t word(const uint8_t* at) {
  uint32_t value;
  __builtin_memcpy(&value, at, sizeof value);
  return value;
}
inline constexpr size_t padded(size_t n) { return (n + 3) & ~size_t{3}; }

struct U32s {
  uint32_t count = 0;
  const uint8_t* data = nullptr;
  uint32_t operator[](uint32_t i) const { return word(data + 4 * size_t{i}); }
};

// A list of strings, checked when it was read; walked in place.
struct Strs {
  uint32_t count = 0;
  const uint8_t* data = nullptr;

  class Iterator {
   public:
    Iterator(const uint8_t* at, uint32_t left) : at_(at), left_(left) {}
    Str operator*() const { return {reinterpret_cast<const char*>(at_ + 4), word(at_)}; }
    void operator++() {
      at_ += 4 + padded(size_t{word(at_)} + 1);
      --left_;
    }
    bool operator!=(const Iterator& other) const { return left_ != other.left_; }

   private:
    const uint8_t* at_;
    uint32_t left_;
  };
  Iterator begin() const { return {data, count}; }
  Iterator end() const { return {nullptr, 0}; }
};

// One struct for each step: args::bind, args::execve, …
namespace args {
#define STEP(name, lanes) struct name {
#define U32(f) uint32_t f = 0;
#define I32(f) int32_t f = 0;
#define U64(f) uint64_t f = 0;
#define I64(f) int64_t f = 0;
#define SLOT(f) uint32_t f = kNoSlot;
#define STR(f) Str f = {};
#define BYTES(f) Bytes f = {};
#define STRS(f) Strs f = {};
#define U32S(f) U32s f = {};
#define END };
#include "../steps.def"
}  // namespace args

// The bits of their flags: flag::bind::recursive, …
namespace flag {
#define FLAG(name, flag, bit) namespace name { inline constexpr uint32_t flag = bit; }
#include "../steps.def"
}  // namespace flag

// Reads one payload. The first thing that is wrong stays in fault(); everything read after it is zero.
class Reader {
 public:
  Reader(const uint8_t* from, size_t size) : at_(from), left_(size) {}
  void read(uint32_t& out);
  void read(int32_t& out);
  void read(uint64_t& out);
  void read(int64_t& out);
  void read(Str& out);
  void read(Bytes& out);
  void read(Strs& out);
  void read(U32s& out);
  void readSlot(uint32_t& out);
  // All that is left.
  void readRest(Bytes& out);
  // True when all was well and nothing is left.
  bool finish();
  const char* fault() const { return fault_; }

 private:
  const uint8_t* take(size_t n);
  const uint8_t* takePadded(size_t n);
  uint32_t takeWord();
  void refuse(const char* fault);
  const uint8_t* at_;
  size_t left_;
  const char* fault_ = nullptr;
};

#define STEP(name, lanes) bool decode(Reader& in, args::name& out);
#include "../steps.def"

struct Step {
  uint32_t index = 0;
  Op op = Op::none;
  LaneKind lane = LaneKind::host;
  bool mayFail = false;
  const uint8_t* payload = nullptr;
  uint32_t size = 0;
};

// Name and lanes of an opcode that is in steps.def.
const char* nameOf(Op op);
LaneKind lanesOf(Op op);

// Bytes of a plan that check() has accepted.
class Plan {
 public:
  Plan() = default;
  // False and a fault: the bytes are not a plan. Looks at every byte of every step.
  bool check(const void* bytes, size_t size, PlanFault& fault);
  const wire::Header& header() const { return *reinterpret_cast<const wire::Header*>(bytes_); }
  uint32_t count() const { return count_; }
  const uint8_t* bytes() const { return bytes_; }
  uint32_t size() const { return size_; }

 private:
  const uint8_t* bytes_ = nullptr;
  uint32_t size_ = 0;
  uint32_t count_ = 0;
};

// Walks the steps of a checked plan.
class Cursor {
 public:
  Cursor() = default;
  explicit Cursor(const Plan& plan) : at_(plan.bytes() + sizeof(wire::Header)), count_(plan.count()) {}
  bool atEnd() const { return index_ == count_; }
  Step step() const;
  void next();
  uint32_t index() const { return index_; }

 private:
  const uint8_t* at_ = nullptr;
  uint32_t index_ = 0;
  uint32_t count_ = 0;
};

}  // namespace tinyrun
