// The messages of monitor.def as C++: one struct each, written into a frame and read from one. Like plans they are not
// believed: see Reader. Nothing is allocated; what is read points into the frame.
#pragma once

#include "decode.h"

namespace tinyrun::message {

// u8 kind, three zeros, u32 length of the payload, big endian: Docker's frame.
inline constexpr size_t kHeader = 8;
// Of all but those that carry a stream, or an order.
inline constexpr size_t kLongest = 2048;

enum class Kind : uint8_t {
#define MESSAGE(name, number, way) name = number,
#include "../monitor.def"
};

#define MESSAGE(name, number, way) \
  struct name {                  \
    static constexpr Kind kKind = Kind::name;
#define U32(f) uint32_t f = 0;
#define I32(f) int32_t f = 0;
#define U64(f) uint64_t f = 0;
#define STR(f) Str f = {};
#define BYTES(f) Bytes f = {};
#define STRS(f) Strs f = {};
#define RAW(f) Bytes f = {};
#define END \
  }         \
  ;
#include "../monitor.def"

struct Frame {
  Kind kind = Kind::stdin;
  const uint8_t* payload = nullptr;
  size_t size = 0;
};

// One whole frame, neither more nor less, of a kind that monitor.def knows.
bool readFrame(const uint8_t* bytes, size_t size, Frame& frame);
// One that is all of a file, where it is mapped, with that size; null: there is none.
const void* mapFrame(int fd, Frame& frame, size_t& size);

// A frame's fields. False: they are not those of this message.
#define MESSAGE(name, number, way) bool read(const Frame& frame, name& out);
#include "../monitor.def"

// A frame being made in a buffer of its own. What does not fit is cut, as the texts of a Packet are.
class Writer {
 public:
  void begin(Kind kind);
  void add(uint32_t value);
  void add(int32_t value) { add(static_cast<uint32_t>(value)); }
  void add(uint64_t value);
  void add(Str text);
  void add(Bytes bytes);
  void add(const Strs& texts);
  void addRaw(Bytes bytes) { put(bytes.data, bytes.size); }
  void end();
  const uint8_t* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  void put(const void* bytes, size_t n);
  void blob(const void* bytes, size_t n, size_t zeros);
  size_t room() const { return kLongest - size_; }
  size_t size_ = 0;
  uint8_t data_[kLongest] = {};
};

inline Str textOf(const char* text) { return {text, static_cast<uint32_t>(__builtin_strlen(text))}; }

#define MESSAGE(name, number, way) void write(Writer& out, const name& message);
#include "../monitor.def"

}  // namespace tinyrun::message
