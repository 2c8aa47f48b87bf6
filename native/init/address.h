// IP addresses as text and as bytes, for a program without libc.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace tinyrun {

struct Address {
  uint8_t size = 0;          // 4, 16; 0: none
  uint8_t bytes[16] = {};    // network byte order
  bool operator==(const Address& other) const {
    return size == other.size && __builtin_memcmp(bytes, other.bytes, sizeof bytes) == 0;
  }
};

// `172.18.0.5`, `fd00::5`, `::ffff:172.18.0.5`. False: it is none, or has something behind it.
bool parseAddress(const char* text, size_t size, Address& address);

// The bytes as sockaddr_in or sockaddr_in6; answers its size. `mapped`: for a socket of IPv6 that speaks both.
struct SocketAddress {
  alignas(4) uint8_t bytes[28] = {};
};
unsigned socketAddressOf(const Address& address, uint16_t port, SocketAddress& out, bool mapped = false);

}  // namespace tinyrun
