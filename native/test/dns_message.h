// DNS messages as tests write them, independently of native/init/dns.cc.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>

namespace ask {

inline std::string pair(unsigned value) { return {static_cast<char>(value >> 8), static_cast<char>(value)}; }

// `web.front` as labels.
inline std::string labels(const std::string& name) {
  std::string bytes;
  for (size_t at = 0; at < name.size();) {
    const size_t dot = std::min(name.find('.', at), name.size());
    bytes += static_cast<char>(dot - at) + name.substr(at, dot - at);
    at = dot + 1;
  }
  return bytes + '\0';
}

inline std::string opt(unsigned room, unsigned version = 0) {
  return std::string(1, '\0') + pair(41) + pair(room) + '\0' + static_cast<char>(version) + pair(0) + pair(0);
}

struct Query {
  std::string name;
  unsigned type = 1, id = 0x1234, kind = 1, flags = 0x0100;
  std::string more;   // in the additional section, one record

  std::string bytes() const {
    return pair(id) + pair(flags) + pair(1) + pair(0) + pair(0) + pair(more.empty() ? 0 : 1) + labels(name) + pair(type) +
           pair(kind) + more;
  }
};

}  // namespace ask
