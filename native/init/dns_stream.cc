// The same by TCP: a client's connection, and, for names that are not ours, one to a server on its behalf. A view's servers
// are asked by the one socket that was made in its namespace, one client after the other.
#include "resolver_parts.h"

namespace tinyrun {

namespace {

constexpr uint16_t kPort = 53;
constexpr uint64_t kPatience = 10 * kSecond, kServerPatience = 2 * kSecond;
constexpr int kStream = 1, kQuietly = O_CLOEXEC | O_NONBLOCK, kNoWait = 0x40, kNoSignal = 0x4000;
constexpr int kSocketLevel = 1, kErrorOption = 4;   // SOL_SOCKET, SO_ERROR
using Turn = Connection::Turn;

size_t indexOf(const Resolver& r, const Connection& c) { return static_cast<size_t>(&c - r.connections); }

void want(Resolver& r, Connection& c, uint32_t events) {
  rewatch(r, c.client, About::client, indexOf(r, c), c.generation, events);
}

uint32_t pair(const uint8_t* at) { return static_cast<uint32_t>(at[0] << 8 | at[1]); }
void putPair(uint8_t* at, size_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

void ask(Resolver& r, Connection& c);

// The view's socket is free again, for the next who waits.
void passOn(Resolver& r, size_t view) {
  r.views[view].streaming = 0;
  for (Connection& other : r.connections) {
    if (r.views[view].streaming != 0) return;
    if (other.used && other.view == view && other.turn == Turn::waiting) ask(r, other);
  }
}

void leaveServer(Resolver& r, Connection& c) {
  if (!c.shared) return shut(c.upstream);
  unwatch(r, c.upstream);
  disconnect(c.upstream);
  c.upstream = 0;
  c.shared = false;
  passOn(r, c.view);
}

void end(Resolver& r, Connection& c) {
  shut(c.client);
  c.used = false;
  ++c.generation;
  --r.connectionCount;
  --r.views[c.view].connections;
  if (c.upstream > 0) leaveServer(r, c);
}

// What lies in `answer` behind its size goes to the client.
void send(Resolver& r, Connection& c, size_t size) {
  putPair(c.answer, size);
  c.turn = Turn::sending;
  c.have = 0;
  c.want = static_cast<uint32_t>(size + 2);
  c.deadline = r.now + kPatience;
  want(r, c, EPOLLOUT);
}

void giveUp(Resolver& r, Connection& c) {
  dns::setId(c.query + 2, c.theirs);
  const size_t size = refuseQuery(c.query + 2, pair(c.query), c.answer + 2);
  if (size == 0) return end(r, c);
  send(r, c, size);
}

// Connects to the server of the attempt. False: it cannot be asked.
bool reach(Resolver& r, Connection& c, const Address& server) {
  View& view = r.views[c.view];
  SocketAddress to;
  c.shared = view.serverCount != 0;
  const unsigned size = socketAddressOf(server, kPort, to, c.shared && view.six);
  c.upstream = c.shared ? view.stream : static_cast<int>(sys::call(__NR_socket, to.bytes[0], kStream | kQuietly, 0));
  if (c.upstream <= 0) return false;
  if (c.shared) view.streaming = static_cast<uint16_t>(indexOf(r, c) + 1);
  const long connected = sys::call(__NR_connect, c.upstream, to.bytes, size);
  if (connected < 0 && connected != -EINPROGRESS) return false;
  return watch(r, c.upstream, About::upstream, indexOf(r, c), c.generation, EPOLLOUT) == 0;
}

void ask(Resolver& r, Connection& c) {
  View& view = r.views[c.view];
  if (view.serverCount != 0 && view.streaming != 0) {
    c.turn = Turn::waiting;
    return;
  }
  Address server;
  for (; serverOf(r, view, c.attempt, c.server, server); ++c.attempt) {
    c.turn = Turn::asking;
    c.have = 0;
    c.deadline = r.now + kServerPatience;
    dns::setId(c.query + 2, randomId());
    if (reach(r, c, server)) return;
    if (c.upstream > 0) {
      // not by leaveServer, which might come back to here: nobody has had a turn
      if (c.shared) disconnect(c.upstream);
      else shut(c.upstream);
    }
    if (c.shared) view.streaming = 0;
    c.upstream = 0;
    c.shared = false;
  }
  giveUp(r, c);
}

void askNext(Resolver& r, Connection& c) {
  ++c.attempt;
  c.turn = Turn::hearing;   // not one of those who wait
  leaveServer(r, c);
  ask(r, c);
}

void handle(Resolver& r, Connection& c) {
  View& view = r.views[c.view];
  const size_t size = pair(c.query);
  size_t length = 0;
  drainWatch(r);
  if (!c.used) return;
  want(r, c, 0);
  switch (answerQuery(r, view, c.query + 2, size, c.answer + 2, dns::kMost, length)) {
    case Verdict::silence: return end(r, c);
    case Verdict::answered: return send(r, c, length);
    case Verdict::forward: break;
  }
  readConf(r);
  c.attempt = 0;
  c.theirs = dns::idOf(c.query + 2);
  ask(r, c);
}

void read(Resolver& r, Connection& c) {
  const uint32_t whole = c.have < 2 ? 2 : 2 + pair(c.query);
  const long n = sys::call(__NR_recvfrom, c.client, c.query + c.have, whole - c.have, kNoWait, nullptr, nullptr);
  if (n == -EAGAIN || n == -EINTR) return;
  if (n <= 0) return end(r, c);
  c.have += static_cast<uint32_t>(n);
  if (c.have < 2) return;
  const uint32_t size = pair(c.query);
  if (size < dns::kHead || size + 2 > sizeof c.query) return end(r, c);
  if (c.have == size + 2) handle(r, c);
}

void write(Resolver& r, Connection& c) {
  const long n = sys::call(__NR_sendto, c.client, c.answer + c.have, c.want - c.have, kNoWait | kNoSignal, nullptr, 0);
  if (n == -EAGAIN || n == -EINTR) return;
  if (n < 0) return end(r, c);
  c.have += static_cast<uint32_t>(n);
  if (c.have != c.want) return;
  c.turn = Turn::reading;
  c.have = 0;
  c.deadline = r.now + kPatience;
  want(r, c, EPOLLIN);
}

void askServer(Resolver& r, Connection& c) {
  int failure = 0;
  unsigned size = sizeof failure;
  sys::call(__NR_getsockopt, c.upstream, kSocketLevel, kErrorOption, &failure, &size);
  if (failure != 0) return askNext(r, c);
  const uint32_t whole = 2 + pair(c.query);
  const long n = sys::call(__NR_sendto, c.upstream, c.query + c.have, whole - c.have, kNoWait | kNoSignal, nullptr, 0);
  if (n == -EAGAIN || n == -EINTR) return;
  if (n < 0) return askNext(r, c);
  c.have += static_cast<uint32_t>(n);
  if (c.have != whole) return;
  c.turn = Turn::hearing;
  c.have = 0;
  rewatch(r, c.upstream, About::upstream, indexOf(r, c), c.generation, EPOLLIN);
}

void hearServer(Resolver& r, Connection& c) {
  const uint32_t whole = c.have < 2 ? 2 : 2 + pair(c.answer);
  const long n = sys::call(__NR_recvfrom, c.upstream, c.answer + c.have, whole - c.have, kNoWait, nullptr, nullptr);
  if (n == -EAGAIN || n == -EINTR) return;
  if (n <= 0) return askNext(r, c);
  c.have += static_cast<uint32_t>(n);
  if (c.have < 2 || c.have != 2 + pair(c.answer)) return;
  const size_t size = c.have - 2;
  if (!dns::answers(c.answer + 2, size, dns::idOf(c.query + 2), c.query + 2, pair(c.query))) return askNext(r, c);
  dns::setId(c.answer + 2, c.theirs);
  send(r, c, size);
  leaveServer(r, c);
}

}  // namespace

void acceptClients(Resolver& r, size_t index) {
  View& view = r.views[index];
  sys::Fd fd(sys::call(__NR_accept4, view.clients, nullptr, nullptr, kQuietly));
  if (fd.bad() || view.connections == kConnectionsOfOne) return;
  for (Connection& c : r.connections) {
    if (c.used) continue;
    if (watch(r, fd.get(), About::client, indexOf(r, c), c.generation) < 0) return;
    c.used = true;
    c.shared = false;
    c.turn = Turn::reading;
    c.view = static_cast<uint16_t>(index);
    c.deadline = r.now + kPatience;
    c.client = fd.release();
    c.upstream = 0;
    c.have = 0;
    ++view.connections;
    ++r.connectionCount;
    return;
  }
}

void advanceClient(Resolver& r, size_t index, uint32_t events) {
  Connection& c = r.connections[index];
  if (c.turn == Turn::reading) return read(r, c);
  if (c.turn == Turn::sending && (events & EPOLLOUT) != 0) return write(r, c);
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) end(r, c);
}

void advanceUpstream(Resolver& r, size_t index, uint32_t) {
  Connection& c = r.connections[index];
  if (c.turn == Turn::asking) askServer(r, c);
  else if (c.turn == Turn::hearing) hearServer(r, c);
}

void endConnections(Resolver& r, size_t index) {
  View& view = r.views[index];
  if (view.connections == 0) return;
  // who waits for the view's socket first: nobody is to take a turn
  constexpr bool kBoth[] = {true, false};
  for (const bool waiting : kBoth)
    for (Connection& c : r.connections)
      if (c.used && c.view == index && (c.turn == Turn::waiting) == waiting) end(r, c);
}

void tickConnections(Resolver& r) {
  if (r.connectionCount == 0) return;
  for (Connection& c : r.connections) {
    if (!c.used || c.deadline > r.now) continue;
    if (c.upstream > 0) askNext(r, c);
    else end(r, c);
  }
}

}  // namespace tinyrun
