#include "json.h"

#include <stdint.h>

#include "block.h"

namespace tinyrun {

namespace {

constexpr char kHex[] = "0123456789abcdef";

// Bytes of the character of UTF-8 that begins here, 0: none does. As Go's decoder: no surrogates, nothing longer than need be.
size_t characterAt(const uint8_t* at, size_t left) {
  const uint8_t first = at[0];
  if (first < 0x80) return 1;
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || size > left) return 0;
  for (size_t i = 1; i < size; ++i)
    if ((at[i] & 0xc0) != 0x80) return 0;
  if (first == 0xe0 && at[1] < 0xa0) return 0;
  if (first == 0xed && at[1] > 0x9f) return 0;
  if (first == 0xf0 && at[1] < 0x90) return 0;
  if (first == 0xf4 && at[1] > 0x8f) return 0;
  return size;
}

// As Docker writes JSON: what HTML or JavaScript would take for their own is spelt out, too.
constexpr struct Plain {
  bool is[256] = {};
  constexpr Plain() {
    for (unsigned c = 0x20; c < 0x80; ++c) is[c] = c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
  }
} kPlain;

// How many of these bytes come before one that is not plain.
size_t plainBytes(const uint8_t* at, size_t size) {
  size_t n = 0;
  for (; n + sizeof(Block) <= size; n += sizeof(Block)) {
    const Block block = blockAt(at + n);
    const auto spelt = (block == '"') | (block == '\\') | (block == '<') | (block == '>') | (block == '&');
    if (anyOf((block < 0x20) | (block >= 0x80) | spelt)) break;
  }
  while (n < size && kPlain.is[at[n]]) ++n;
  return n;
}

// U+2028 and U+2029
bool isLineSeparator(const uint8_t* at, size_t size) {
  return size == 3 && at[0] == 0xe2 && at[1] == 0x80 && (at[2] & 0xfe) == 0xa8;
}

}  // namespace

size_t escapeJson(char* to, const char* text, size_t size) {
  char* out = to;
  const auto put = [&out](const char* from, size_t n) {
    __builtin_memcpy(out, from, n);
    out += n;
  };
  const auto* bytes = reinterpret_cast<const uint8_t*>(text);
  for (size_t at = 0; at < size;) {
    const size_t plain = plainBytes(bytes + at, size - at);
    put(text + at, plain);
    at += plain;
    if (at == size) break;
    const uint8_t c = bytes[at];
    const size_t n = characterAt(bytes + at, size - at);
    if (n == 0) put("\\ufffd", 6);
    else if (isLineSeparator(bytes + at, n)) put((bytes[at + 2] & 1) != 0 ? "\\u2029" : "\\u2028", 6);
    else if (n > 1) put(text + at, n);
    else if (c == '"' || c == '\\') {
      const char pair[] = {'\\', static_cast<char>(c)};
      put(pair, 2);
    } else if (c == '\n' || c == '\r') {
      put(c == '\n' ? "\\n" : "\\r", 2);
    } else {
      const char code[] = {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
      put(code, 6);
    }
    at += n == 0 ? 1 : n;
  }
  return static_cast<size_t>(out - to);
}

}  // namespace tinyrun
