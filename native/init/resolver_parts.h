// What the parts of the resolver share: resolver.cc draws it.
#pragma once

#include <linux/eventpoll.h>

#include "dns.h"
#include "lane.h"
#include "zone.h"

namespace tinyrun {

inline constexpr size_t kViews = 4096, kNetworks = 1024, kFlights = 4096, kFlightsOfOne = 256, kConnections = 256,
                        kConnectionsOfOne = 16, kCallers = 256, kServers = 8;
inline constexpr uint64_t kSecond = 1'000'000'000ull;

// Who an event of epoll(7) is about. A place may be another's by the time: `generation` tells.
enum class About : uint8_t { listener, watch, caller, queries, clients, answers, flight, client, upstream };

// What one container may see: a file of `views`, and its sockets in the container's network namespace once it is served.
struct View {
  char id[Zone::kFile];
  bool used;
  bool seen;                       // by the scan under way
  bool six;                        // `asker` and `stream` are of IPv6, and speak both
  bool forward;                    // names that are none of ours are asked of others
  uint8_t networkCount;
  uint8_t serverCount;
  uint8_t linkCount;
  uint8_t preferred;               // of servers: the one that answered last
  uint16_t networks[32];
  Address servers[kServers];       // --dns: asked from the container's namespace
  struct {
    char alias[64];
    char target[Zone::kFile];
  } links[32];
  uint32_t generation;
  int queries, clients;            // UDP, TCP: where its programs ask
  int asker, stream;               // UDP, TCP: by which its servers are asked
  uint16_t flights;
  uint16_t connections;
  uint16_t streaming;              // connection that has `stream`, plus one
};

struct Network {
  char id[Zone::kFile];
  uint32_t views;                  // that see it; 0: the place is free
  int watch;
};

// A query by UDP that somebody else is to answer.
struct Flight {
  bool used;
  uint16_t view;
  uint32_t viewGeneration;
  uint32_t generation;
  uint32_t next, previous;         // by deadline, which is the same for all: numbers plus one
  uint64_t deadline;
  int fd;                          // its own; 0: the view's
  uint16_t theirs;                 // id of the client
  uint8_t attempt;
  uint8_t server;
  uint8_t client[16];              // sockaddr_in
  uint16_t size;
  uint8_t query[dns::kOurs + 48];
};

// A client by TCP, and the server that is asked on its behalf.
struct Connection {
  enum class Turn : uint8_t { reading, sending, waiting, asking, hearing };
  bool used;
  bool shared;                     // upstream is the view's
  Turn turn;
  uint16_t view;
  uint32_t generation;
  uint64_t deadline;
  int client, upstream;
  uint8_t attempt;
  uint8_t server;
  uint16_t theirs;
  uint32_t have, want;             // of query, then of answer
  uint8_t query[2 + 4096];
  uint8_t answer[2 + dns::kMost];
};

struct Caller {
  int fd;
  uint32_t generation;
};

// Pages of zeros, of which those are touched that are used: so 0 is no fd here (it is the listener's).
struct Resolver {
  const char* conf;
  int epoll;
  bool closing;                    // nobody comes any more
  int inotify;
  int rootWatch, viewsWatch;
  size_t viewCount;
  size_t viewsHigh;
  size_t callerCount;
  size_t connectionCount;
  uint32_t turn;                   // of addresses in answers
  uint64_t now;

  // resolv.conf
  Address servers[kServers];
  uint8_t serverCount;
  uint8_t preferred;
  uint64_t looked;
  uint64_t confState[4];

  // flights: taken from the end of a stack, so that few places are ever touched
  uint32_t first, last;            // by deadline
  uint32_t flightCount;
  uint32_t freeFlight;             // list by `next`
  uint32_t flightsUsed;            // ever
  uint16_t ids[kFlights];          // ours, of flights
  uint16_t viewOf[kFlights];       // plus one; 0: it flies by itself

  Caller callers[kCallers];
  Network networks[kNetworks];
  View views[kViews];
  Flight flights[kFlights];
  Connection connections[kConnections];
  Zone zone;
  uint8_t answer[dns::kMost];
};

// The end of a connection by AF_UNSPEC: the socket may be used again, by another port.
inline void disconnect(int fd) {
  const uint8_t unspecified[16] = {};
  sys::call(__NR_connect, fd, unspecified, sizeof unspecified);
}

inline void shut(int& fd) {
  if (fd > 0) sys::close(fd);
  fd = 0;
}

// resolver.cc
long watch(Resolver& r, int fd, About about, size_t index, uint32_t generation, uint32_t events = EPOLLIN);
void rewatch(Resolver& r, int fd, About about, size_t index, uint32_t generation, uint32_t events);
void unwatch(Resolver& r, int fd);
uint16_t randomId();

// views.cc
long beginWatching(Resolver& r);
// All that has changed in the directory of names up to now.
void drainWatch(Resolver& r);
// Takes the sockets, or answers -errno (they are the caller's then): there is no such view.
long serveView(Resolver& r, const char* id, const int (&sockets)[4]);

// answer.cc
enum class Verdict : uint8_t { silence, answered, forward };
// What a query of a view comes to; `room` 0: as much as the query says. `size` of what was written to `to`.
Verdict answerQuery(Resolver& r, View& view, const uint8_t* bytes, size_t n, uint8_t* to, size_t room, size_t& size);
// SERVFAIL. Answers its size.
size_t refuseQuery(const uint8_t* bytes, size_t n, uint8_t* to);
void hearQueries(Resolver& r, size_t view);

// forward.cc
void readConf(Resolver& r);
// The server of an attempt. False: there are no more to be asked.
bool serverOf(Resolver& r, const View& view, uint8_t attempt, uint8_t& server, Address& address);
// Whether another server may know better.
bool isPoor(const uint8_t* answer);
void preferServer(Resolver& r, View& view, uint8_t server);
void forward(Resolver& r, size_t view, const uint8_t* bytes, size_t size, const uint8_t (&client)[16]);
void hearFlight(Resolver& r, size_t flight);
void hearAnswers(Resolver& r, size_t view);
void endFlights(Resolver& r, size_t view);
// Those whose server has not answered in time ask the next one.
void tickFlights(Resolver& r);

// streams.cc
void acceptClients(Resolver& r, size_t view);
void advanceClient(Resolver& r, size_t connection, uint32_t events);
void advanceUpstream(Resolver& r, size_t connection, uint32_t events);
void endConnections(Resolver& r, size_t view);
void tickConnections(Resolver& r);

}  // namespace tinyrun
