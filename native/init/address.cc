#include "address.h"

namespace tinyrun {

namespace {

constexpr uint16_t kInet = 2, kInet6 = 10;

// A decimal number up to 255, without a sign and without zeros in front, which some read as octal.
bool octet(const char*& at, const char* end, uint8_t& value) {
  unsigned number = 0;
  const char* const start = at;
  for (; at != end && *at >= '0' && *at <= '9'; ++at) {
    number = number * 10 + static_cast<unsigned>(*at - '0');
    if (number > 255) return false;
  }
  if (at == start || (at - start > 1 && *start == '0')) return false;
  value = static_cast<uint8_t>(number);
  return true;
}

bool fourOctets(const char* at, const char* end, uint8_t* bytes) {
  for (int i = 0; i < 4; ++i) {
    if (i != 0 && (at == end || *at++ != '.')) return false;
    if (!octet(at, end, bytes[i])) return false;
  }
  return at == end;
}

int hexOf(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  c = static_cast<char>(c | 0x20);
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// One group of IPv6. False: there is none here, or it is too long.
bool group(const char*& at, const char* end, uint8_t* bytes) {
  unsigned value = 0;
  const char* const start = at;
  for (int digit; at != end && (digit = hexOf(*at)) >= 0; ++at) {
    if (at - start == 4) return false;
    value = value << 4 | static_cast<unsigned>(digit);
  }
  bytes[0] = static_cast<uint8_t>(value >> 8);
  bytes[1] = static_cast<uint8_t>(value);
  return at != start;
}

bool hasDot(const char* at, const char* end) {
  for (; at != end && *at != ':'; ++at)
    if (*at == '.') return true;
  return false;
}

// Groups up to the end; `gap` is where "::" stands, in bytes.
bool groups(const char* at, const char* end, uint8_t* bytes, size_t& size, size_t& gap) {
  constexpr size_t kNone = 17;
  gap = kNone;
  size = 0;
  if (end - at >= 2 && at[0] == ':' && at[1] == ':') {
    gap = 0;
    at += 2;
    if (at == end) return true;
  }
  for (;;) {
    if (hasDot(at, end)) {
      if (size > 12 || !fourOctets(at, end, bytes + size)) return false;
      size += 4;
      return true;
    }
    if (size > 14 || !group(at, end, bytes + size)) return false;
    size += 2;
    if (at == end) return true;
    if (*at++ != ':' || at == end) return false;
    if (*at != ':') continue;
    if (gap != kNone) return false;
    gap = size;
    if (++at == end) return true;
  }
}

bool parse6(const char* text, const char* end, uint8_t* bytes) {
  uint8_t given[16];
  size_t size = 0, gap = 0;
  if (!groups(text, end, given, size, gap)) return false;
  if (gap > 16) {
    __builtin_memcpy(bytes, given, sizeof given);
    return size == 16;
  }
  if (size > 14) return false;   // "::" stands for two bytes at least
  __builtin_memset(bytes, 0, 16);
  __builtin_memcpy(bytes, given, gap);
  __builtin_memcpy(bytes + 16 - (size - gap), given + gap, size - gap);
  return true;
}

}  // namespace

bool parseAddress(const char* text, size_t size, Address& address) {
  const char* const end = text + size;
  address = {};
  if (fourOctets(text, end, address.bytes)) {
    address.size = 4;
    return true;
  }
  address = {};
  if (!parse6(text, end, address.bytes)) return false;
  address.size = 16;
  return true;
}

unsigned socketAddressOf(const Address& address, uint16_t port, SocketAddress& out, bool mapped) {
  if (mapped && address.size == 4) {
    Address both;
    both.size = 16;
    both.bytes[10] = both.bytes[11] = 0xff;
    __builtin_memcpy(both.bytes + 12, address.bytes, 4);
    return socketAddressOf(both, port, out);
  }
  out = {};
  const uint16_t family = address.size == 4 ? kInet : kInet6;
  __builtin_memcpy(out.bytes, &family, sizeof family);
  out.bytes[2] = static_cast<uint8_t>(port >> 8);
  out.bytes[3] = static_cast<uint8_t>(port);
  __builtin_memcpy(out.bytes + (address.size == 4 ? 4 : 8), address.bytes, address.size);
  return address.size == 4 ? 16 : 28;
}

}  // namespace tinyrun
