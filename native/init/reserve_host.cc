// Ports of the host that are published: bound, so that nobody else gets them, and held by whoever is the container's parent.
#include <linux/filter.h>
#include <linux/in.h>
#include <linux/in6.h>

#include "host.h"

namespace tinyrun {

namespace {

constexpr uint16_t kInet = 2, kInet6 = 10;            // AF_INET AF_INET6
constexpr int kStream = 1, kDatagram = 2;             // SOCK_STREAM SOCK_DGRAM
constexpr int kSocketOptions = 1, kAttachFilter = 26, kProtocol = 38;   // SOL_SOCKET SO_ATTACH_FILTER SO_PROTOCOL
constexpr int kMostOpen = 4096;                         // of who holds ports
constexpr int kInet6Options = 41, kOnlyV6 = 26;         // SOL_IPV6 IPV6_V6ONLY

// What is sent here before its firewall rule is there, or where it does not apply, would fill the queue and never be read.
Result refuseDatagrams(int socket) {
  struct sock_filter drop = {BPF_RET | BPF_K, 0, 0, 0};
  const struct sock_fprog program = {1, &drop};
  const long r = sys::call(__NR_setsockopt, socket, kSocketOptions, kAttachFilter, &program, sizeof program);
  return check("setsockopt SO_ATTACH_FILTER", r, "");
}

// Each family is bound apart, also where the host's bindv6only says otherwise.
Result stayInFamily(int socket) {
  const int on = 1;
  const long r = sys::call(__NR_setsockopt, socket, kInet6Options, kOnlyV6, &on, sizeof on);
  return check("setsockopt IPV6_V6ONLY", r, "");
}

// 0 for what is no address of either.
uint16_t familyOf(const Bytes& address) {
  uint16_t family = 0;
  if (address.size >= sizeof family) __builtin_memcpy(&family, address.data, sizeof family);
  if (family == kInet && address.size == sizeof(struct sockaddr_in)) return family;
  return family == kInet6 && address.size == sizeof(struct sockaddr_in6) ? family : 0;
}

}  // namespace

Result run(Host& host, const args::reserve& a) {
  const uint16_t family = familyOf(a.address);
  if (family == 0 || a.slot >= kSlots) return {EINVAL, "bind", ""};
  const int type = a.protocol == IPPROTO_UDP ? kDatagram : kStream;
  sys::Fd socket(sys::call(__NR_socket, family, type | O_CLOEXEC, a.protocol));
  if (socket.bad()) {
    const Result r = failed("socket", socket.value(), "");
    // then no program of the host can have such a port
    const bool isLacking = a.protocol == IPPROTO_SCTP && (r.err == EPROTONOSUPPORT || r.err == ESOCKTNOSUPPORT);
    return isLacking ? ignored(r) : r;
  }
  if (type == kDatagram)
    if (Result r = refuseDatagrams(socket.get()); !r) return r;
  if (family == kInet6)
    if (Result r = stayInFamily(socket.get()); !r) return r;
  const long r = sys::call(__NR_bind, socket.get(), a.address.data, a.address.size);
  if (r < 0) return failed("bind", r, "");
  host.reserved |= uint64_t{1} << a.slot;
  return host.put(a.slot, socket.release());
}

// It is known by where it is bound: a process has one that is, for nobody binds a port twice.
Result run(Host&, const args::release& a) {
  if (familyOf(a.address) == 0) return {EINVAL, "close", ""};
  for (int fd = 3; fd < kMostOpen; ++fd) {
    uint8_t bound[sizeof(struct sockaddr_in6)];
    unsigned size = sizeof bound;
    if (sys::call(__NR_getsockname, fd, bound, &size) < 0 || size != a.address.size) continue;
    if (__builtin_memcmp(bound, a.address.data, size) != 0) continue;
    int protocol = 0;
    size = sizeof protocol;
    if (sys::call(__NR_getsockopt, fd, kSocketOptions, kProtocol, &protocol, &size) < 0) continue;
    if (static_cast<uint32_t>(protocol) == a.protocol) sys::close(fd);
  }
  return kDone;
}

}  // namespace tinyrun
