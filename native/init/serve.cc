// A container's side of the resolver: its sockets are made here, in the container's network namespace, and lent.
#include "address.h"
#include "container.h"

namespace tinyrun {

namespace {

constexpr int kInet = 2, kInet6 = 10, kStream = 1, kDatagram = 2, kQuietly = O_CLOEXEC | O_NONBLOCK;
constexpr int kSocketLevel = 1, kReuse = 2;      // SOL_SOCKET, SO_REUSEADDR
constexpr int kIpLevel = 0, kFreeBind = 15;      // IPPROTO_IP, IP_FREEBIND
constexpr int kBacklog = 64;

Result listenAt(sys::Fd& socket, int type, uint32_t port, const char* about) {
  socket.reset(sys::call(__NR_socket, kInet, type | kQuietly, 0));
  if (socket.bad()) return failed("socket", socket.value(), about);
  const int on = 1;
  // whether or not the loopback is up by now; and when connections to the last resolver still linger
  sys::call(__NR_setsockopt, socket.get(), kIpLevel, kFreeBind, &on, sizeof on);
  if (type == kStream) sys::call(__NR_setsockopt, socket.get(), kSocketLevel, kReuse, &on, sizeof on);
  Address address;
  parseAddress("127.0.0.11", 10, address);
  SocketAddress at;
  const unsigned size = socketAddressOf(address, static_cast<uint16_t>(port), at);
  if (Result r = check("bind", sys::call(__NR_bind, socket.get(), at.bytes, size), about); !r) return r;
  return type == kStream ? check("listen", sys::call(__NR_listen, socket.get(), kBacklog), about) : kDone;
}

// Of IPv6, which speaks both unless told otherwise; of IPv4 where there is none.
Result ask(sys::Fd& socket, int type, const char* about) {
  socket.reset(sys::call(__NR_socket, kInet6, type | kQuietly, 0));
  if (socket.bad()) socket.reset(sys::call(__NR_socket, kInet, type | kQuietly, 0));
  if (socket.bad()) return failed("socket", socket.value(), about);
  constexpr int kIpv6Level = 41, kOnly = 26, no = 0;   // IPPROTO_IPV6, IPV6_V6ONLY
  sys::call(__NR_setsockopt, socket.get(), kIpv6Level, kOnly, &no, sizeof no);
  return kDone;
}

Result handOver(int resolver, const args::serve& a, const int (&fds)[sys::kMostFds]) {
  if (const long n = sys::sendFds(resolver, a.view.data, a.view.size, fds); n < 0) return failed("sendmsg", n, a.view);
  // one that has been stopped is not waited for
  const struct __kernel_old_timeval patience = {10, 0};
  constexpr int kReceiveTimeout = 20;   // SO_RCVTIMEO
  sys::call(__NR_setsockopt, resolver, kSocketLevel, kReceiveTimeout, &patience, sizeof patience);
  uint8_t answer = 0;
  long n;
  do n = sys::read(resolver, &answer, sizeof answer);
  while (n == -EINTR);
  if (n < 0) return failed("read", n == -EAGAIN ? -ETIMEDOUT : n, a.view);
  if (n == 0) return {ECONNRESET, "read", a.view};
  return answer == 0 ? kDone : Result{answer, "serve", a.view};
}

}  // namespace

Result run(Container& lane, const args::serve& a) {
  const sys::Fd resolver(lane.take(a.slot));
  if (resolver.bad()) return {EBADF, "sendmsg", "slot"};
  sys::Fd queries, clients, asker, stream;
  if (Result r = listenAt(queries, kDatagram, a.port, a.view); !r) return r;
  if (Result r = listenAt(clients, kStream, a.port, a.view); !r) return r;
  if (Result r = ask(asker, kDatagram, a.view); !r) return r;
  if (Result r = ask(stream, kStream, a.view); !r) return r;
  return handOver(resolver.get(), a, {queries.get(), clients.get(), asker.get(), stream.get()});
}

}  // namespace tinyrun
