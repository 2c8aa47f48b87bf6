// What a query is answered: names of the view's networks; whoever asks for others is passed on.
#include "resolver_parts.h"

namespace tinyrun {

namespace {

constexpr size_t kFound = 64;   // addresses of a name

struct Found {
  Address addresses[kFound];
  size_t count = 0;
  bool known = false;
};

void look(const Resolver& r, const View& view, const char* name, size_t size, Found& found) {
  for (size_t i = 0; i < view.networkCount; ++i)
    if (r.zone.find(view.networks[i], name, size, found.addresses, kFound, found.count)) found.known = true;
}

void lookUp(const Resolver& r, const View& view, const dns::Question& question, Found& found) {
  if (!question.plain || question.size == 0) return;
  for (size_t i = 0; i < view.linkCount; ++i)
    if (equal(view.links[i].alias, question.name))
      return look(r, view, view.links[i].target, length(view.links[i].target), found);
  look(r, view, question.name, question.size, found);
}

bool pointer(const Resolver& r, const View& view, const dns::Question& question, const char*& name, size_t& size) {
  Address address;
  if (!dns::reverse(question, address)) return false;
  for (size_t i = 0; i < view.networkCount; ++i)
    if (r.zone.nameOf(view.networks[i], address, name, size)) return true;
  return false;
}

// Another one first each time: clients take the first, most of them.
void addAddresses(Resolver& r, dns::Answer& answer, const Found& found, uint16_t type) {
  const Address* wanted[kFound];
  size_t count = 0;
  for (size_t i = 0; i < found.count; ++i)
    if (type == dns::kAny || type == (found.addresses[i].size == 4 ? dns::kA : dns::kAaaa)) wanted[count++] = &found.addresses[i];
  const uint32_t from = count > 1 ? r.turn++ : 0;
  for (size_t i = 0; i < count; ++i) answer.add(*wanted[(from + i) % count]);
}

// Whether the name is one of ours; all there is of the type that was asked for is in the answer then.
bool ours(Resolver& r, const View& view, const dns::Query& query, dns::Answer& answer) {
  const dns::Question& question = query.question;
  constexpr uint16_t kInternet = 1;
  if (question.kind != kInternet && question.kind != dns::kAny) return false;
  const char* name = nullptr;
  size_t size = 0;
  if (pointer(r, view, question, name, size)) {
    answer.begin(query, dns::kNoError, true);
    if (question.type == dns::kPtr || question.type == dns::kAny) answer.add(name, size);
    return true;
  }
  Found found;
  lookUp(r, view, question, found);
  if (!found.known) return false;
  answer.begin(query, dns::kNoError, true);
  addAddresses(r, answer, found, question.type);
  return true;
}

size_t fault(const dns::Query& query, dns::Read read, dns::Answer& answer) {
  const bool version = read == dns::Read::badVersion;
  answer.begin(query, version ? dns::kNoError : read == dns::Read::unknown ? dns::kNotImplemented : dns::kFormat, false);
  return answer.end(query, version);
}

}  // namespace

Verdict answerQuery(Resolver& r, View& view, const uint8_t* bytes, size_t n, uint8_t* to, size_t room, size_t& size) {
  dns::Query query;
  const dns::Read read = dns::read(bytes, n, query);
  if (read == dns::Read::silence) return Verdict::silence;
  dns::Answer answer(to, room == 0 ? query.room : room);
  if (read != dns::Read::good) {
    size = fault(query, read, answer);
    return Verdict::answered;
  }
  if (!ours(r, view, query, answer)) {
    if (view.forward) return Verdict::forward;
    answer.begin(query, dns::kServerFailure, false);
  }
  size = answer.end(query);
  return Verdict::answered;
}

size_t refuseQuery(const uint8_t* bytes, size_t n, uint8_t* to) {
  dns::Query query;
  if (dns::read(bytes, n, query) == dns::Read::silence) return 0;
  dns::Answer answer(to, dns::kPlain);
  answer.begin(query, dns::kServerFailure, false);
  return answer.end(query);
}

namespace {

// recvmmsg(2), which the uapi headers leave to libc.
struct Message {
  void* name;
  int nameSize;
  struct iovec* parts;
  size_t partCount;
  void* ancillary;
  size_t ancillarySize;
  unsigned flags;
};
struct Received {
  Message head;
  unsigned size;
};

constexpr size_t kBatch = 32;
constexpr int kNoWait = 0x40, kTruncated = 0x20;   // MSG_DONTWAIT, MSG_TRUNC

struct Batch {
  uint8_t queries[kBatch][sizeof Flight::query];
  uint8_t clients[kBatch][16];
  struct iovec parts[kBatch];
  Received messages[kBatch];
};

long receive(int socket, Batch& batch) {
  for (size_t i = 0; i < kBatch; ++i) {
    batch.parts[i] = {batch.queries[i], sizeof batch.queries[i]};
    batch.messages[i] = {{batch.clients[i], sizeof batch.clients[i], &batch.parts[i], 1, nullptr, 0, 0}, 0};
  }
  return sys::call(__NR_recvmmsg, socket, batch.messages, kBatch, kNoWait, nullptr);
}

}  // namespace

// Names that were told of before a query was sent are in its answer: received first, the changes then.
void hearQueries(Resolver& r, size_t index) {
  static Batch batch;
  const uint32_t generation = r.views[index].generation;
  const long n = receive(r.views[index].queries, batch);
  drainWatch(r);
  for (long i = 0; i < n; ++i) {
    View& view = r.views[index];
    if (!view.used || view.generation != generation || view.queries <= 0) return;   // its container is gone by now
    const size_t size = batch.messages[i].size;
    if ((batch.messages[i].head.flags & kTruncated) != 0) continue;
    size_t length = 0;
    const Verdict verdict = answerQuery(r, view, batch.queries[i], size, r.answer, 0, length);
    if (verdict == Verdict::forward) forward(r, index, batch.queries[i], size, batch.clients[i]);
    if (verdict == Verdict::answered)
      sys::call(__NR_sendto, view.queries, r.answer, length, kNoWait, batch.clients[i], sizeof batch.clients[i]);
  }
}

}  // namespace tinyrun
