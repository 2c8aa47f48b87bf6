// tinyrun-init resolver CONF: the names of all containers of a host. One process, one thread, nothing allocated, no
// privileges; it stands in the directory of names (views.cc), which it may read and no more.
//
//   container                            resolver                                     command (tinyrun run)
//     127.0.0.11:53                                     0 ←── a socket that listens ── binds it, renames it to `socket`
//       │ rewritten by its own nf_tables                caller ←────────── "." ────── waits: answered, so it lives; and it
//     :61053 UDP, TCP ←─ SCM_RIGHTS ─── made by `serve`                                will until this is closed
//       ←──────────────────────────────→ queries        views/ID, NETWORK/ENDPOINT ←─ rename, unlink
//                                          │ not ours
//     --dns: from here, by sockets of `serve`, or        ─→ servers of CONF, from the host's namespace
//
// Each packet of a caller is a view's name, with four sockets: where its programs ask (UDP, TCP), and by which its servers
// are asked (UDP, TCP). It is answered by a byte: 0, or an errno. A view that is unlinked has its sockets closed: they would
// keep the namespace. When there is no view and no caller it takes no more of them; those who came meanwhile are served,
// and then it ends. Whoever finds nobody listening starts another one: two may serve beside each other.
#include "resolver.h"

#include <linux/mman.h>

#include "resolver_parts.h"

namespace tinyrun {

namespace {

constexpr int kListener = 0;
constexpr size_t kEvents = 64;
constexpr int kQuietly = O_CLOEXEC | O_NONBLOCK;

uint64_t dataOf(About about, size_t index, uint32_t generation) {
  return static_cast<uint64_t>(about) << 56 | static_cast<uint64_t>(index & 0xffffff) << 32 | generation;
}

long control(Resolver& r, int operation, int fd, uint64_t data, uint32_t events) {
  struct epoll_event event = {};
  event.events = events;
  event.data = data;
  return sys::call(__NR_epoll_ctl, r.epoll, operation, fd, &event);
}

// ---- callers ------------------------------------------------------------------------------------------

void hangUp(Resolver& r, Caller& caller) {
  shut(caller.fd);
  ++caller.generation;
  --r.callerCount;
}

// Whether anybody was there.
bool acceptCallers(Resolver& r) {
  bool any = false;
  for (;;) {
    const long fd = sys::call(__NR_accept4, kListener, nullptr, nullptr, kQuietly);
    if (fd < 0) return any;
    any = true;
    sys::Fd owner(fd);
    for (size_t i = 0; i < kCallers; ++i) {
      Caller& caller = r.callers[i];
      if (caller.fd > 0) continue;
      if (watch(r, owner.get(), About::caller, i, caller.generation) < 0) break;
      caller.fd = owner.release();
      ++r.callerCount;
      break;
    }
  }
}

void reply(const Caller& caller, long result) {
  const auto byte = static_cast<uint8_t>(-result);
  constexpr int kNoSignal = 0x4000, kNoWait = 0x40;
  sys::call(__NR_sendto, caller.fd, &byte, sizeof byte, kNoSignal | kNoWait, nullptr, 0);
}

void closeAll(const int (&fds)[sys::kMostFds]) {
  for (const int fd : fds)
    if (fd >= 0) sys::close(fd);
}

int optionOf(int fd, int option) {
  constexpr int kSocketLevel = 1;   // SOL_SOCKET
  int value = -1;
  unsigned size = sizeof value;
  return sys::call(__NR_getsockopt, fd, kSocketLevel, option, &value, &size) < 0 ? -1 : value;
}

// Of the kind that `serve` makes: whatever else would be waited for in vain.
bool isSocket(int fd, int type) {
  constexpr int kTypeOption = 3, kDomainOption = 39, kInet = 2, kInet6 = 10;   // SO_TYPE, SO_DOMAIN, AF_INET, AF_INET6
  const int domain = optionOf(fd, kDomainOption);
  return optionOf(fd, kTypeOption) == type && (domain == kInet || domain == kInet6) && (sys::fcntl(fd, F_GETFL) & O_NONBLOCK) != 0;
}

long serve(Resolver& r, const char* name, const int (&fds)[sys::kMostFds]) {
  constexpr int kStream = 1, kDatagram = 2, kTypes[] = {kDatagram, kStream, kDatagram, kStream};
  for (size_t i = 0; i < sys::kMostFds; ++i)
    if (fds[i] <= 0 || !isSocket(fds[i], kTypes[i])) return -EBADF;
  return serveView(r, name, fds);
}

void hearCaller(Resolver& r, size_t index) {
  Caller& caller = r.callers[index];
  char name[Zone::kFile + 1];
  int fds[sys::kMostFds];
  const long n = sys::receiveFds(caller.fd, name, sizeof name - 1, fds);
  if (n == -EAGAIN) return;
  if (n > 0) {
    name[n] = 0;
    const bool waits = equal(name, ".");
    // who only wants us to stay is told the truth: nobody else would find us
    if (waits && !r.closing) {
      closeAll(fds);
      return reply(caller, 0);
    }
    const long result = waits ? -ECONNREFUSED : serve(r, name, fds);
    if (result >= 0) return reply(caller, 0);
    reply(caller, result);
  }
  closeAll(fds);
  hangUp(r, caller);
}

// ---- the loop -----------------------------------------------------------------------------------------

void advance(Resolver& r, const struct epoll_event& event) {
  const auto about = static_cast<About>(event.data >> 56);
  const size_t index = event.data >> 32 & 0xffffff;
  const auto generation = static_cast<uint32_t>(event.data);
  const auto ofView = [&] { return r.views[index].used && r.views[index].generation == generation; };
  const auto ofConnection = [&] { return r.connections[index].used && r.connections[index].generation == generation; };
  switch (about) {
    case About::listener: acceptCallers(r); return;
    case About::watch: return drainWatch(r);
    case About::caller:
      if (r.callers[index].fd > 0 && r.callers[index].generation == generation) hearCaller(r, index);
      return;
    case About::queries:
      if (ofView()) hearQueries(r, index);
      return;
    case About::clients:
      if (ofView()) acceptClients(r, index);
      return;
    case About::answers:
      if (ofView()) hearAnswers(r, index);
      return;
    case About::flight:
      if (r.flights[index].used && r.flights[index].generation == generation) hearFlight(r, index);
      return;
    case About::client:
      if (ofConnection()) advanceClient(r, index, event.events);
      return;
    case About::upstream:
      if (ofConnection()) advanceUpstream(r, index, event.events);
      return;
  }
}

// Milliseconds until something is due; -1: nothing is.
int patience(const Resolver& r) {
  constexpr uint64_t kMillisecond = 1'000'000;
  uint64_t until = r.first != 0 ? r.flights[r.first - 1].deadline : ~0ull;
  if (r.connectionCount != 0 && r.now + kSecond < until) until = r.now + kSecond;
  if (until == ~0ull) return -1;
  return until <= r.now ? 0 : static_cast<int>((until - r.now) / kMillisecond + 1);
}

// Whether nobody needs us, nor will: from then on nobody can call. (shutdown(2) refuses who comes, and leaves who has come.)
bool isOver(Resolver& r) {
  if (r.viewCount != 0 || r.callerCount != 0) return false;
  drainWatch(r);
  if (r.viewCount != 0 || acceptCallers(r)) return false;
  if (r.closing) return true;
  constexpr int kBoth = 2;   // SHUT_RDWR
  r.closing = true;
  sys::call(__NR_shutdown, kListener, kBoth);
  unwatch(r, kListener);
  return !acceptCallers(r);
}

void turn(Resolver& r) {
  struct epoll_event events[kEvents];
  const long n = sys::call(__NR_epoll_pwait, r.epoll, events, kEvents, patience(r), nullptr, 8);
  r.now = sys::nanoseconds();
  for (long i = 0; i < n; ++i) advance(r, events[i]);
  tickFlights(r);
  tickConnections(r);
}

Resolver* room() {
  const long at = sys::mmap(sizeof(Resolver), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
  return at < 0 ? nullptr : reinterpret_cast<Resolver*>(at);
}

}  // namespace

long watch(Resolver& r, int fd, About about, size_t index, uint32_t generation, uint32_t events) {
  return control(r, EPOLL_CTL_ADD, fd, dataOf(about, index, generation), events);
}

void rewatch(Resolver& r, int fd, About about, size_t index, uint32_t generation, uint32_t events) {
  control(r, EPOLL_CTL_MOD, fd, dataOf(about, index, generation), events);
}

void unwatch(Resolver& r, int fd) { control(r, EPOLL_CTL_DEL, fd, 0, 0); }

uint16_t randomId() {
  static uint16_t ids[128];
  static size_t left = 0;
  if (left == 0 && sys::getrandom(ids, sizeof ids) == sizeof ids) left = sizeof ids / sizeof *ids;
  return left == 0 ? static_cast<uint16_t>(sys::nanoseconds()) : ids[--left];
}

void runResolver(const char* conf) {
  Resolver* const r = room();
  if (r == nullptr) return;
  r->conf = conf;
  r->now = sys::nanoseconds();
  const long epoll = sys::call(__NR_epoll_create1, O_CLOEXEC);
  if (epoll < 0) return;
  r->epoll = static_cast<int>(epoll);
  sys::fcntl(kListener, F_SETFL, O_NONBLOCK);
  if (beginWatching(*r) < 0 || watch(*r, kListener, About::listener, 0, 0) < 0) return;
  while (!isOver(*r)) turn(*r);
  sys::exit(0);
}

}  // namespace tinyrun
