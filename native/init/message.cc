#include "message.h"

#include <linux/mman.h>

#include "sys.h"

namespace tinyrun::message {

namespace {

bool isKnown(uint8_t kind) {
  switch (static_cast<Kind>(kind)) {
#define MESSAGE(name, number, way) case Kind::name:
#include "../monitor.def"
    return true;
  }
  return false;
}

}  // namespace

bool readFrame(const uint8_t* bytes, size_t size, Frame& frame) {
  if (size < kHeader || !isKnown(bytes[0]) || (bytes[1] | bytes[2] | bytes[3]) != 0) return false;
  const size_t length = size_t{bytes[4]} << 24 | size_t{bytes[5]} << 16 | size_t{bytes[6]} << 8 | size_t{bytes[7]};
  if (length != size - kHeader) return false;
  frame = {static_cast<Kind>(bytes[0]), bytes + kHeader, length};
  return true;
}

const void* mapFrame(int fd, Frame& frame, size_t& size) {
  struct stat st;
  if (sys::fstat(fd, &st) < 0 || st.st_size <= 0) return nullptr;
  size = static_cast<size_t>(st.st_size);
  const long at = sys::mmap(size, PROT_READ, MAP_PRIVATE, fd);
  if (at < 0 && at > -4096) return nullptr;
  const auto* bytes = reinterpret_cast<const uint8_t*>(at);
  if (readFrame(bytes, size, frame)) return bytes;
  sys::munmap(bytes, size);
  return nullptr;
}

#define MESSAGE(name, number, way)                              \
  bool read(const Frame& frame, [[maybe_unused]] name& out) { \
    if (frame.kind != name::kKind) return false;              \
    Reader in(frame.payload, frame.size);
#define U32(f) in.read(out.f);
#define I32(f) in.read(out.f);
#define U64(f) in.read(out.f);
#define STR(f) in.read(out.f);
#define BYTES(f) in.read(out.f);
#define STRS(f) in.read(out.f);
#define RAW(f) in.readRest(out.f);
#define END           \
  return in.finish(); \
  }
#include "../monitor.def"

void Writer::put(const void* bytes, size_t n) {
  if (n > room()) n = room();
  if (n == 0) return;   // `bytes` may be null
  __builtin_memcpy(data_ + size_, bytes, n);
  size_ += n;
}

void Writer::begin(Kind kind) {
  size_ = 0;
  const uint8_t header[kHeader] = {static_cast<uint8_t>(kind)};
  put(header, sizeof header);
}

void Writer::add(uint32_t value) { put(&value, sizeof value); }

void Writer::add(uint64_t value) { put(&value, sizeof value); }

// `zeros`: at least so many behind it.
void Writer::blob(const void* bytes, size_t n, size_t zeros) {
  constexpr size_t kFrame = 4 + 4;     // its length, padding
  constexpr size_t kBehind = 8 * 8;    // for fields that follow: none may lack its place
  const size_t most = room() < kFrame + kBehind ? 0 : room() - kFrame - kBehind;
  if (n > most) n = most;
  add(static_cast<uint32_t>(n));
  put(bytes, n);
  const uint8_t padding[4] = {};
  put(padding, padded(n + zeros) - n);
}

void Writer::add(Str text) { blob(text.data, text.size, 1); }

void Writer::add(Bytes bytes) { blob(bytes.data, bytes.size, 0); }

void Writer::add(const Strs& texts) {
  add(texts.count);
  for (const Str text : texts) add(text);
}

void Writer::end() {
  const size_t length = size_ - kHeader;
  for (size_t i = 0; i < 4; ++i) data_[4 + i] = static_cast<uint8_t>(length >> (24 - 8 * i));
}

#define MESSAGE(name, number, way)                                 \
  void write(Writer& out, [[maybe_unused]] const name& message) { \
    out.begin(name::kKind);
#define U32(f) out.add(message.f);
#define I32(f) out.add(message.f);
#define U64(f) out.add(message.f);
#define STR(f) out.add(message.f);
#define BYTES(f) out.add(message.f);
#define STRS(f) out.add(message.f);
#define RAW(f) out.addRaw(message.f);
#define END  \
  out.end(); \
  }
#include "../monitor.def"

}  // namespace tinyrun::message
