// The header of a plain file in a tar archive: one that every reader of tar takes for the same. A regular file whose name is
// its directory's and a last component, numbers in octal digits, no extended header, summed up right.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace tinyrun {

inline constexpr size_t kBlock = 512;

struct PlainHeader {
  std::string_view name;
  uint32_t mode;
  uint32_t uid;
  uint32_t gid;
  uint64_t size;
  int64_t mtime;
};

// Octal digits and nothing but NULs or spaces behind them; -1 for all else, also for digits up to the end: a time of
// twelve is more nanoseconds than 64 bits hold, which the reader refuses.
inline int64_t octal(const uint8_t* field, size_t length) {
  size_t at = 0;
  int64_t value = 0;
  for (; at < length && field[at] >= '0' && field[at] <= '7'; ++at) value = value * 8 + (field[at] - '0');
  if (at == 0 || at == length) return -1;
  for (; at < length; ++at)
    if (field[at] != 0 && field[at] != ' ') return -1;
  return value;
}

// The sum of the bytes, those of the sum itself taken for spaces.
inline bool isSummedUp(const uint8_t* block) {
  int64_t sum = 8 * ' ';
  for (size_t i = 0; i < kBlock; ++i)
    if (i < 148 || i >= 156) sum += block[i];
  return sum == octal(block + 148, 8);
}

inline bool hasMagic(const uint8_t* block) {
  if (memcmp(block + 257, "ustar  ", 8) == 0) return true;              // GNU
  return memcmp(block + 257, "ustar", 6) == 0 && block[345] == 0;       // POSIX, the name in one field
}

// The last component of `name` where the rest of it is `prefix`; empty for what layers give a meaning to.
inline std::string_view baseBelow(std::string_view name, const std::string& prefix) {
  if (name.substr(0, prefix.size()) != prefix) return {};
  const auto base = name.substr(prefix.size());
  const bool special = base == "." || base == ".." || base.substr(0, 4) == ".wh.";
  return special || base.find('/') != base.npos ? std::string_view{} : base;
}

// Whether a block is the header of a plain file; its name is cut to the last component.
inline bool readPlain(const uint8_t* block, const std::string& prefix, PlainHeader& header) {
  if (block[156] != '0' || !hasMagic(block) || !isSummedUp(block)) return false;
  const auto* name = reinterpret_cast<const char*>(block);
  header.name = baseBelow({name, strnlen(name, 100)}, prefix);
  const int64_t mode = octal(block + 100, 8);
  const int64_t uid = octal(block + 108, 8);
  const int64_t gid = octal(block + 116, 8);
  const int64_t size = octal(block + 124, 12);
  header.mtime = octal(block + 136, 12);
  if (header.name.empty() || mode < 0 || uid < 0 || gid < 0 || size < 0 || header.mtime < 0) return false;
  header.mode = static_cast<uint32_t>(mode) & 07777;
  header.uid = static_cast<uint32_t>(uid);
  header.gid = static_cast<uint32_t>(gid);
  header.size = static_cast<uint64_t>(size);
  return true;
}

}  // namespace tinyrun
