// Encodes plans for the tests, independently of the TypeScript encoder: one struct for each step (make::mkdir, …),
// generated from steps.def.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../init/decode.h"

namespace make {

using Words = std::vector<uint32_t>;
using Texts = std::vector<std::string>;

#define STEP(name, lanes) struct name {
#define U32(f) uint32_t f = 0;
#define I32(f) int32_t f = 0;
#define U64(f) uint64_t f = 0;
#define I64(f) int64_t f = 0;
#define SLOT(f) uint32_t f = tinyrun::kNoSlot;
#define STR(f) std::string f = {};
#define BYTES(f) std::string f = {};
#define STRS(f) Texts f = {};
#define U32S(f) Words f = {};
#define END };
#include "../steps.def"

class Writer {
 public:
  void word(uint32_t v) { bytes.append(reinterpret_cast<const char*>(&v), 4); }
  void words(uint64_t v) {
    word(static_cast<uint32_t>(v));
    word(static_cast<uint32_t>(v >> 32));
  }
  void blob(const std::string& v) {
    word(static_cast<uint32_t>(v.size()));
    bytes += v;
    pad();
  }
  void text(const std::string& v) {
    word(static_cast<uint32_t>(v.size()));
    bytes += v;
    bytes += '\0';
    pad();
  }
  void texts(const Texts& v) {
    word(static_cast<uint32_t>(v.size()));
    for (const auto& t : v) text(t);
  }
  void list(const Words& v) {
    word(static_cast<uint32_t>(v.size()));
    for (const uint32_t w : v) word(w);
  }
  void pad() {
    while (bytes.size() % 4 != 0) bytes += '\0';
  }
  std::string bytes;
};

#define STEP(name, lanes) inline void encode([[maybe_unused]] Writer& w, [[maybe_unused]] const name& a) {
#define U32(f) w.word(a.f);
#define I32(f) w.word(static_cast<uint32_t>(a.f));
#define U64(f) w.words(a.f);
#define I64(f) w.words(static_cast<uint64_t>(a.f));
#define SLOT(f) w.word(a.f);
#define STR(f) w.text(a.f);
#define BYTES(f) w.blob(a.f);
#define STRS(f) w.texts(a.f);
#define U32S(f) w.list(a.f);
#define END }
#include "../steps.def"

#define STEP(name, lanes) \
  inline tinyrun::Op opOf(const name&) { return tinyrun::Op::name; }
#include "../steps.def"

class Plan {
 public:
  template <class S>
  Plan& host(const S& step, bool mayFail = false) {
    return add(step, 1, mayFail);
  }
  template <class S>
  Plan& container(const S& step, bool mayFail = false) {
    return add(step, 2, mayFail);
  }
  // The steps of another behind these.
  Plan& append(const Plan& other) {
    body_ += other.body_;
    count_ += other.count_;
    return *this;
  }
  std::string bytes() const {
    Writer w;
    for (const uint32_t v : {tinyrun::wire::kMagic, tinyrun::wire::kVersion, static_cast<uint32_t>(288 + body_.size()),
                             count_, 0u, ~0u, 0u, 0u})
      w.word(v);
    for (uint32_t i = 0; i < tinyrun::kSlots; ++i) w.word(~0u);
    return w.bytes + body_;
  }

 private:
  template <class S>
  Plan& add(const S& step, uint8_t lane, bool mayFail) {
    Writer w;
    encode(w, step);
    const tinyrun::wire::StepHeader header = {static_cast<uint16_t>(opOf(step)), lane,
                                              static_cast<uint8_t>(mayFail ? tinyrun::wire::kMayFail : 0),
                                              static_cast<uint32_t>(w.bytes.size())};
    body_.append(reinterpret_cast<const char*>(&header), sizeof header);
    body_ += w.bytes;
    ++count_;
    return *this;
  }
  std::string body_;
  uint32_t count_ = 0;
};

}  // namespace make
