// libFuzzer target, of what the resolver reads of strangers: queries, answers to its own, hosts lines and addresses.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>

#include "../init/dns.h"
#include "../init/zone.h"

using namespace tinyrun;

static void checkAnswer(const dns::Query& query, size_t limit) {
  const std::unique_ptr<uint8_t[]> room(new uint8_t[limit]);
  dns::Answer answer(room.get(), limit);
  answer.begin(query, dns::kNoError, true);
  Address address;
  dns::reverse(query.question, address);
  for (int i = 0; i < 40; ++i) {
    address.size = i % 2 == 0 ? 4 : 16;
    answer.add(address);
    answer.add(query.question.name, query.question.size);
  }
  const size_t size = answer.end(query);
  // what we send is an answer to what was asked, by our own word
  if (size > limit || !dns::answers(room.get(), size, dns::idOf(query.bytes), query.bytes, query.size)) __builtin_trap();
}

static void checkZone(const uint8_t* data, size_t size) {
  static const std::unique_ptr<unsigned char[]> memory(new unsigned char[sizeof(Zone)]());
  Zone& zone = *reinterpret_cast<Zone*>(memory.get());
  zone.put(1, "file", reinterpret_cast<const char*>(data), size);
  Address found[4];
  size_t count = 0;
  zone.find(1, "web", 3, found, 4, count);
  zone.remove(1, "file");
  if (zone.find(1, "web", 3, found, 4, count)) __builtin_trap();
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  dns::Query query;
  const dns::Read result = dns::read(data, size, query);
  if (result == dns::Read::good) {
    if (query.room < dns::kPlain || query.room > dns::kOurs || query.question.end > size) __builtin_trap();
    if (std::strlen(query.question.name) > query.question.size) __builtin_trap();
    checkAnswer(query, query.room);
    checkAnswer(query, dns::kMost);
  }
  dns::answers(data, size, size == 0 ? 0 : data[0], data, size);
  Address address;
  parseAddress(reinterpret_cast<const char*>(data), size, address);
  checkZone(data, size);
  return 0;
}
