// File names between the kernel, where they are bytes, and JavaScript, where they are strings. A byte that is not part
// of UTF-8 is a lone surrogate there, U+DC80 to U+DCFF, as in src/image/tar/names.ts: so every name that the kernel
// has goes through JavaScript and back unchanged. None of them stands for ASCII: no '/' and no NUL can hide in one.
#pragma once

#include <napi.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace tinyrun {

// A name or the target of a link as the kernel answers it.
struct Name : std::string {
  using std::string::string;
};

inline bool isContinuation(unsigned char byte) { return (byte & 0xc0) == 0x80; }

// The length of the UTF-8 sequence that `text` begins with; 0 where that is none (Unicode, table 3-7).
inline size_t utf8Sequence(std::string_view text) {
  const auto at = [&](size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u; };
  const unsigned first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !isContinuation(second)) return 0;
  if (first < 0xe0) return 2;
  if (!isContinuation(at(2))) return 0;
  if (first < 0xf0) return (first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ? 0 : 3;
  if (!isContinuation(at(3)) || (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f)) return 0;
  return 4;
}

inline void appendUtf16(std::u16string& out, std::string_view sequence) {
  static constexpr unsigned char kMask[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  char32_t point = static_cast<unsigned char>(sequence[0]) & kMask[sequence.size()];
  for (const char byte : sequence.substr(1)) point = point << 6 | (static_cast<unsigned char>(byte) & 0x3f);
  if (point < 0x10000) return out.push_back(static_cast<char16_t>(point));
  out.push_back(static_cast<char16_t>(0xd7c0 + (point >> 10)));
  out.push_back(static_cast<char16_t>(0xdc00 + (point & 0x3ff)));
}

inline Napi::Value nameToJs(Napi::Env env, std::string_view name) {
  std::u16string text;
  bool whole = true;
  for (size_t at = 0; at < name.size();) {
    const size_t length = utf8Sequence(name.substr(at));
    if (length == 0) text.push_back(static_cast<char16_t>(0xdc00 | static_cast<unsigned char>(name[at])));
    else appendUtf16(text, name.substr(at, length));
    whole = whole && length != 0;
    at += length == 0 ? 1 : length;
  }
  return whole ? Napi::String::New(env, name.data(), name.size()) : Napi::String::New(env, text);
}

inline Napi::Value toJs(Napi::Env env, const Name& name) { return nameToJs(env, name); }

inline void appendUtf8(std::string& out, char32_t point) {
  const auto push = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto rest = [&](int shift) { push(0x80 | (point >> shift & 0x3f)); };
  if (point < 0x80) return push(point);
  if (point < 0x800) return push(0xc0 | point >> 6), rest(0);
  if (point < 0x10000) return push(0xe0 | point >> 12), rest(6), rest(0);
  push(0xf0 | point >> 18), rest(12), rest(6), rest(0);
}

inline bool isHigh(char16_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
inline bool isLow(char16_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

inline std::string nameBytes(std::u16string_view text) {
  std::string bytes;
  for (size_t i = 0; i < text.size(); ++i) {
    const char16_t unit = text[i];
    if (isHigh(unit) && i + 1 < text.size() && isLow(text[i + 1]))
      appendUtf8(bytes, 0x10000 + ((unit - 0xd800u) << 10) + (text[++i] - 0xdc00u));
    else if (unit >= 0xdc80 && unit <= 0xdcff) bytes.push_back(static_cast<char>(unit & 0xff));
    else appendUtf8(bytes, isHigh(unit) || isLow(unit) ? 0xfffd : unit);
  }
  return bytes;
}

// V8 writes a lone surrogate as U+FFFD: only a name that has one is looked at again.
inline std::string readName(Napi::String name) {
  std::string bytes = name.Utf8Value();
  return bytes.find("\xef\xbf\xbd") == std::string::npos ? bytes : nameBytes(name.Utf16Value());
}

}  // namespace tinyrun
