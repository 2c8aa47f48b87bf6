// Names that are not ours, by UDP: the query goes on as it came, under an id and from a port that nobody guesses. The servers
// of resolv.conf are asked from the host's namespace, by a socket for each query; those of a view (--dns) from its container's,
// by the one socket that was made there.
#include "resolver_parts.h"

namespace tinyrun {

namespace {

constexpr uint16_t kPort = 53;
constexpr uint8_t kAttempts = 4;      // a second each: clients wait for five
constexpr int kDatagram = 2, kQuietly = O_CLOEXEC | O_NONBLOCK, kNoWait = 0x40, kNoSignal = 0x4000;
constexpr unsigned kUnspecified = 0;

// ---- resolv.conf --------------------------------------------------------------------------------------

void addServer(Resolver& r, const char* line, const char* end) {
  constexpr const char* kKeyword = "nameserver";
  const auto space = [](char c) { return c == ' ' || c == '\t'; };
  if (static_cast<size_t>(end - line) <= length(kKeyword) || !startsWith(line, kKeyword)) return;
  line += length(kKeyword);
  if (!space(*line)) return;
  while (line != end && space(*line)) ++line;
  const char* stop = line;
  while (stop != end && !space(*stop) && *stop != '\r') ++stop;
  if (r.serverCount < kServers && parseAddress(line, static_cast<size_t>(stop - line), r.servers[r.serverCount])) ++r.serverCount;
}

void parseConf(Resolver& r) {
  char text[8192];
  r.serverCount = r.preferred = 0;
  const sys::Fd file(sys::openat(AT_FDCWD, r.conf, O_RDONLY | O_NONBLOCK));
  const long n = file.bad() ? 0 : sys::read(file.get(), text, sizeof text - 1);
  text[n < 0 ? 0 : n] = 0;
  for (const char* at = text; *at != 0;) {
    const char* end = at;
    while (*end != 0 && *end != '\n') ++end;
    addServer(r, at, end);
    at = *end == 0 ? end : end + 1;
  }
  if (r.serverCount != 0) return;
  parseAddress("127.0.0.1", 9, r.servers[0]);   // resolv.conf(5)
  r.serverCount = 1;
}

// ---- flights ------------------------------------------------------------------------------------------

Flight& at(Resolver& r, uint32_t number) { return r.flights[number - 1]; }

void leaveQueue(Resolver& r, Flight& flight) {
  (flight.previous != 0 ? at(r, flight.previous).next : r.first) = flight.next;
  (flight.next != 0 ? at(r, flight.next).previous : r.last) = flight.previous;
  flight.next = flight.previous = 0;
}

void enterQueue(Resolver& r, Flight& flight) {
  const auto number = static_cast<uint32_t>(&flight - r.flights + 1);
  flight.deadline = r.now + kSecond;
  flight.next = 0;
  flight.previous = r.last;
  (r.last != 0 ? at(r, r.last).next : r.first) = number;
  r.last = number;
}

void land(Resolver& r, Flight& flight) {
  const auto index = static_cast<size_t>(&flight - r.flights);
  leaveQueue(r, flight);
  shut(flight.fd);
  flight.used = false;
  ++flight.generation;
  flight.next = r.freeFlight;
  r.freeFlight = static_cast<uint32_t>(index + 1);
  r.viewOf[index] = 0;
  --r.flightCount;
  --r.views[flight.view].flights;
}

Flight* take(Resolver& r, View& view) {
  if (view.flights == kFlightsOfOne) return nullptr;
  uint32_t number = r.freeFlight;
  if (number != 0) r.freeFlight = at(r, number).next;
  else if (r.flightsUsed < kFlights) number = ++r.flightsUsed;
  else return nullptr;
  ++r.flightCount;
  ++view.flights;
  return &at(r, number);
}

void reply(const View& view, const Flight& flight, const uint8_t* answer, size_t size) {
  sys::call(__NR_sendto, view.queries, answer, size, kNoWait | kNoSignal, flight.client, sizeof flight.client);
}

void giveUp(Resolver& r, Flight& flight) {
  dns::setId(flight.query, flight.theirs);
  const size_t size = refuseQuery(flight.query, flight.size, r.answer);
  if (size != 0) reply(r.views[flight.view], flight, r.answer, size);
  land(r, flight);
}

bool sendFromView(Resolver& r, Flight& flight, const Address& server) {
  View& view = r.views[flight.view];
  if (view.flights == 1) disconnect(view.asker);   // it takes another port with what it sends next
  SocketAddress to;
  const unsigned size = socketAddressOf(server, kPort, to, view.six);
  r.viewOf[&flight - r.flights] = static_cast<uint16_t>(flight.view + 1);
  return sys::call(__NR_sendto, view.asker, flight.query, flight.size, kNoWait | kNoSignal, to.bytes, size) == flight.size;
}

bool sendFromHost(Resolver& r, Flight& flight, const Address& server) {
  SocketAddress to;
  const unsigned size = socketAddressOf(server, kPort, to);
  shut(flight.fd);
  const long fd = sys::call(__NR_socket, to.bytes[0], kDatagram | kQuietly, 0);
  if (fd < 0) return false;
  flight.fd = static_cast<int>(fd);
  if (sys::call(__NR_connect, flight.fd, to.bytes, size) < 0) return false;
  if (sys::call(__NR_sendto, flight.fd, flight.query, flight.size, kNoSignal, nullptr, kUnspecified) != flight.size) return false;
  return watch(r, flight.fd, About::flight, static_cast<size_t>(&flight - r.flights), flight.generation) == 0;
}

// Asks the server of the attempt, or the next one that can be reached at all.
void ask(Resolver& r, Flight& flight) {
  Address server;
  for (; serverOf(r, r.views[flight.view], flight.attempt, flight.server, server); ++flight.attempt) {
    const uint16_t id = randomId();
    dns::setId(flight.query, id);
    r.ids[&flight - r.flights] = id;
    const bool own = r.views[flight.view].serverCount != 0;
    if (own ? sendFromView(r, flight, server) : sendFromHost(r, flight, server)) return enterQueue(r, flight);
  }
  enterQueue(r, flight);   // which land leaves
  giveUp(r, flight);
}

void askNext(Resolver& r, Flight& flight) {
  leaveQueue(r, flight);
  ++flight.attempt;
  ask(r, flight);
}

void heard(Resolver& r, Flight& flight, uint8_t* answer, size_t size) {
  View& view = r.views[flight.view];
  Address server;
  uint8_t which;
  if (isPoor(answer) && serverOf(r, view, static_cast<uint8_t>(flight.attempt + 1), which, server) && which != flight.server &&
      flight.attempt + 1 < (view.serverCount != 0 ? view.serverCount : r.serverCount))
    return askNext(r, flight);
  if (!isPoor(answer)) preferServer(r, view, flight.server);
  dns::setId(answer, flight.theirs);
  reply(view, flight, answer, size);
  land(r, flight);
}

}  // namespace

void readConf(Resolver& r) {
  if (r.looked != 0 && r.now - r.looked < kSecond) return;
  r.looked = r.now;
  struct stat st = {};
  sys::fstatat(AT_FDCWD, r.conf, &st, 0);
  const uint64_t state[] = {st.st_ino, static_cast<uint64_t>(st.st_size), static_cast<uint64_t>(st.st_mtime) * kSecond + st.st_mtime_nsec,
                            static_cast<uint64_t>(st.st_ctime) * kSecond + st.st_ctime_nsec};
  if (r.serverCount != 0 && __builtin_memcmp(state, r.confState, sizeof state) == 0) return;
  __builtin_memcpy(r.confState, state, sizeof state);
  parseConf(r);
}

bool serverOf(Resolver& r, const View& view, uint8_t attempt, uint8_t& server, Address& address) {
  const bool own = view.serverCount != 0;
  const uint8_t count = own ? view.serverCount : r.serverCount, preferred = own ? view.preferred : r.preferred;
  if (attempt >= (count > kAttempts ? count : kAttempts)) return false;
  server = static_cast<uint8_t>((preferred + attempt) % count);
  address = (own ? view.servers : r.servers)[server];
  return true;
}

bool isPoor(const uint8_t* answer) {
  const uint8_t code = dns::codeOf(answer);
  return code == dns::kServerFailure || code == dns::kRefused || code == dns::kNotImplemented;
}

void preferServer(Resolver& r, View& view, uint8_t server) { (view.serverCount != 0 ? view.preferred : r.preferred) = server; }

void forward(Resolver& r, size_t index, const uint8_t* bytes, size_t size, const uint8_t (&client)[16]) {
  View& view = r.views[index];
  readConf(r);
  Flight* const flight = size <= sizeof flight->query ? take(r, view) : nullptr;
  if (flight == nullptr) {
    const size_t n = refuseQuery(bytes, size, r.answer);
    if (n != 0) sys::call(__NR_sendto, view.queries, r.answer, n, kNoWait | kNoSignal, client, sizeof client);
    return;
  }
  flight->used = true;
  flight->view = static_cast<uint16_t>(index);
  flight->attempt = 0;
  flight->fd = 0;
  flight->theirs = dns::idOf(bytes);
  flight->size = static_cast<uint16_t>(size);
  __builtin_memcpy(flight->client, client, sizeof client);
  __builtin_memcpy(flight->query, bytes, size);
  ask(r, *flight);
}

void hearFlight(Resolver& r, size_t index) {
  Flight& flight = r.flights[index];
  while (flight.used) {
    const long n = sys::call(__NR_recvfrom, flight.fd, r.answer, sizeof r.answer, kNoWait, nullptr, nullptr);
    if (n == -EAGAIN || n == -EINTR) return;
    if (n < 0) return askNext(r, flight);   // nobody listens there
    const auto size = static_cast<size_t>(n);
    if (dns::answers(r.answer, size, r.ids[index], flight.query, flight.size)) return heard(r, flight, r.answer, size);
  }
}

void hearAnswers(Resolver& r, size_t index) {
  View& view = r.views[index];
  for (;;) {
    SocketAddress from;
    unsigned length = sizeof from.bytes;
    const long n = sys::call(__NR_recvfrom, view.asker, r.answer, sizeof r.answer, kNoWait, from.bytes, &length);
    if (n == -EAGAIN) return;
    if (n < static_cast<long>(dns::kHead)) {
      if (n < 0 && n != -EINTR && n != -ECONNREFUSED) return;
      continue;
    }
    const uint16_t id = dns::idOf(r.answer);
    for (uint32_t i = 0; i < r.flightsUsed; ++i) {
      if (r.viewOf[i] != index + 1 || r.ids[i] != id) continue;
      Flight& flight = r.flights[i];
      SocketAddress server;
      socketAddressOf(view.servers[flight.server % kServers], kPort, server, view.six);
      if (__builtin_memcmp(server.bytes, from.bytes, server.bytes[0] == 2 ? 8 : 24) != 0) continue;
      if (!dns::answers(r.answer, static_cast<size_t>(n), id, flight.query, flight.size)) continue;
      heard(r, flight, r.answer, static_cast<size_t>(n));
      break;
    }
  }
}

void endFlights(Resolver& r, size_t index) {
  for (uint32_t i = 0; i < r.flightsUsed && r.views[index].flights != 0; ++i)
    if (r.flights[i].used && r.flights[i].view == index) land(r, r.flights[i]);
}

void tickFlights(Resolver& r) {
  while (r.first != 0 && at(r, r.first).deadline <= r.now) askNext(r, at(r, r.first));
}

}  // namespace tinyrun
