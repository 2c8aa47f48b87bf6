// The codec of DNS, addresses as text, and the names that the resolver knows.
#include "../init/dns.h"

#include <algorithm>
#include <memory>
#include <random>

#include "../init/zone.h"
#include "dns_message.h"
#include "harness.h"

using namespace tinyrun;

namespace {

// Of exactly this size on the heap, so that the sanitizer sees a read beyond the end.
struct Exact {
  std::vector<uint8_t> bytes;
  dns::Query query;
  dns::Read result;
  explicit Exact(const std::string& text) : bytes(text.begin(), text.end()) { result = dns::read(bytes.data(), bytes.size(), query); }
};

dns::Read resultOf(const std::string& text) { return Exact(text).result; }

std::string hex(const std::string& bytes) {
  std::string text;
  for (const char c : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(static_cast<uint8_t>(c)));
    text += two;
  }
  return text;
}

Address addressOf(const std::string& text) {
  Address address;
  if (!parseAddress(text.data(), text.size(), address)) address = {};
  return address;
}

std::string shown(const std::string& text) {
  const Address address = addressOf(text);
  return hex(std::string(reinterpret_cast<const char*>(address.bytes), address.size));
}

// An answer of these addresses and names, for a client that takes `limit` bytes.
std::string answerOf(const Exact& asked, size_t limit, const std::vector<std::string>& addresses, const std::string& name = "") {
  std::vector<uint8_t> room(limit);
  dns::Answer answer(room.data(), limit);
  answer.begin(asked.query, dns::kNoError, true);
  for (const auto& text : addresses) answer.add(addressOf(text));
  if (!name.empty()) answer.add(name.data(), name.size());
  const size_t size = answer.end(asked.query);
  return {room.begin(), room.begin() + static_cast<long>(size)};
}

}  // namespace

TEST(dnsAddressesAreReadAsTheyAreWritten) {
  EXPECT_EQ(shown("172.18.0.5"), "ac120005");
  EXPECT_EQ(shown("fd00::5"), "fd000000000000000000000000000005");
  EXPECT_EQ(shown("::"), std::string(32, '0'));
  EXPECT_EQ(shown("::1"), std::string(31, '0') + "1");
  EXPECT_EQ(shown("1::"), "0001" + std::string(28, '0'));
  EXPECT_EQ(shown("1:2:3:4:5:6:7:8"), "00010002000300040005000600070008");
  EXPECT_EQ(shown("1:2:3:4:5:6:7::"), "00010002000300040005000600070000");
  EXPECT_EQ(shown("::ffff:10.0.0.1"), "00000000000000000000ffff0a000001");
  EXPECT_EQ(shown("1:2:3:4:5:6:10.0.0.1"), "0001000200030004000500060a000001");
  for (const char* wrong : {"", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.4 ", ":", ":1", "1:", "1:2:3:4:5:6:7", ":::", "1::2::3",
                            "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::", "::1.2.3", "1.2.3.4::", "1:2:3:4:5:6:7:1.2.3.4", "fe80::1%eth0"})
    EXPECT_EQ(std::string(wrong) + shown(wrong), wrong);
}

TEST(dnsReadsAQuery) {
  const Exact asked(ask::Query{.name = "WeB.Front", .type = 28, .more = ask::opt(4096)}.bytes());
  EXPECT(asked.result == dns::Read::good);
  EXPECT_EQ(std::string(asked.query.question.name), "web.front");
  EXPECT_EQ(asked.query.question.type, 28);
  EXPECT(asked.query.question.plain);
  EXPECT(asked.query.edns);
  EXPECT_EQ(asked.query.room, 1232);
  EXPECT_EQ(Exact(ask::Query{.name = "a", .more = ask::opt(100)}.bytes()).query.room, 512);
  EXPECT_EQ(Exact(ask::Query{.name = "a"}.bytes()).query.room, 512);
  EXPECT(!Exact(ask::Query{.name = "a b"}.bytes()).query.question.plain);
}

TEST(dnsTakesTheLongestName) {
  const std::string label(63, 'a');
  const auto named = [&](size_t last) { return ask::Query{.name = label + "." + label + "." + label + "." + std::string(last, 'b')}.bytes(); };
  EXPECT(resultOf(named(61)) == dns::Read::good);
  EXPECT_EQ(Exact(named(61)).query.question.size, 253u);
  EXPECT(resultOf(named(62)) == dns::Read::format);
}

TEST(dnsRefusesWhatIsNoQuery) {
  const std::string good = ask::Query{.name = "web"}.bytes();
  EXPECT(resultOf("") == dns::Read::silence);
  EXPECT(resultOf(good.substr(0, 11)) == dns::Read::silence);
  EXPECT(resultOf(ask::Query{.name = "web", .flags = 0x8100}.bytes()) == dns::Read::silence);   // an answer: no loops
  EXPECT(resultOf(ask::Query{.name = "web", .flags = 0x2800}.bytes()) == dns::Read::unknown);   // UPDATE
  EXPECT(resultOf(good.substr(0, 12)) == dns::Read::format);
  EXPECT(resultOf(ask::Query{.name = "web", .more = ask::opt(512, 1)}.bytes()) == dns::Read::badVersion);
  std::string two = good;
  two[5] = 2;
  EXPECT(resultOf(two) == dns::Read::format);
  std::string twice = ask::Query{.name = "web", .more = ask::opt(512) + ask::opt(512)}.bytes();
  twice[11] = 2;
  EXPECT(resultOf(twice) == dns::Read::format);
  // a name that points at itself, at what follows, and beyond the end
  const std::string head = good.substr(0, 12), tail = ask::pair(1) + ask::pair(1);
  EXPECT(resultOf(head + "\xc0\x0c" + tail) == dns::Read::format);
  EXPECT(resultOf(head + "\x03web\xc0\x0c" + tail) == dns::Read::format);
  EXPECT(resultOf(head + "\x40" + std::string(64, 'a') + '\0' + tail) == dns::Read::format);
  EXPECT(resultOf(head + "\x3fweb") == dns::Read::format);
  // records that the counts promise and that are not there, or are longer than what is left
  std::string promised = good;
  promised[7] = promised[9] = '\xff';
  EXPECT(resultOf(promised) == dns::Read::format);
  std::string longer = ask::Query{.name = "web", .more = ask::opt(512)}.bytes();
  longer[longer.size() - 1] = 1;
  EXPECT(resultOf(longer) == dns::Read::format);
}

TEST(dnsSurvivesTruncationAndDamage) {
  const std::string good = ask::Query{.name = "a.very.long.name.of.some.service", .more = ask::opt(1232)}.bytes();
  for (size_t n = 0; n < good.size(); ++n) EXPECT(resultOf(good.substr(0, n)) != dns::Read::good);
  std::mt19937 random(7);
  for (int i = 0; i < 50000; ++i) {
    std::string bytes = good;
    for (unsigned n = 1 + random() % 4; n != 0; --n) bytes[random() % bytes.size()] = static_cast<char>(random());
    const Exact asked(bytes);
    if (asked.result == dns::Read::silence) continue;
    const std::string answer = answerOf(asked, 512, {"10.0.0.1", "fd00::1"}, "web");
    EXPECT(answer.size() <= 512);
  }
}

TEST(dnsAnswersAsItWasAsked) {
  const Exact asked(ask::Query{.name = "WeB"}.bytes());
  EXPECT_EQ(hex(answerOf(asked, 512, {"172.18.0.5"})),
            "123485800001000100000000" "03576542000001" "0001" "c00c000100010000000100" "04ac120005");
  EXPECT_EQ(hex(answerOf(Exact(ask::Query{.name = "a", .more = ask::opt(4096)}.bytes()), 1232, {"fd00::1"})),
            "123485800001000100000001" "01610000010001" "c00c001c00010000000100" "10fd000000000000000000000000000001" "00002904d0000000000000");
  const Exact pointer(ask::Query{.name = "5.0.18.172.in-addr.arpa", .type = 12}.bytes());
  EXPECT_EQ(hex(answerOf(pointer, 512, {}, "web.front").substr(pointer.bytes.size())),
            "c00c000c00010000000100" "0b" "037765620566726f6e7400");
}

TEST(dnsSaysWhatDoesNotFit) {
  const std::vector<std::string> many(64, "fd00::1");
  const Exact plain(ask::Query{.name = "web", .type = 28}.bytes());
  const std::string cut = answerOf(plain, 512, many);
  EXPECT(cut.size() <= 512);
  EXPECT((cut[2] & 2) != 0);
  EXPECT_EQ(cut[7], 17);
  const std::string whole = answerOf(plain, 65535, many);
  EXPECT((whole[2] & 2) == 0);
  EXPECT_EQ(whole[7], 64);
  // what is no name in DNS is left out
  for (const std::string& name : {std::string(64, 'a'), std::string("a..b"), std::string(".a"), std::string("a."), std::string(254, 'a')})
    EXPECT_EQ(int{answerOf(plain, 512, {}, name)[7]}, 0);
}

TEST(dnsReadsReverseNames) {
  const auto asked = [](const std::string& name) {
    const Exact query(ask::Query{.name = name, .type = 12}.bytes());
    Address address;
    return dns::reverse(query.query.question, address) ? hex(std::string(reinterpret_cast<char*>(address.bytes), address.size)) : "none";
  };
  EXPECT_EQ(asked("5.0.18.172.in-addr.arpa"), "ac120005");
  std::string nibbles;
  for (const char c : std::string("5000000000000000000000000000" "00df")) nibbles += std::string(1, c) + ".";
  EXPECT_EQ(asked(nibbles + "ip6.arpa"), "fd000000000000000000000000000005");
  for (const char* other : {"web", "in-addr.arpa", "1.in-addr.arpa", "1.2.3.4.5.in-addr.arpa", "fd00--5.in-addr.arpa", "1.ip6.arpa", "256.0.18.172.in-addr.arpa"})
    EXPECT_EQ(asked(other), "none");
  nibbles[1] = 'x';
  EXPECT_EQ(asked(nibbles + "ip6.arpa"), "none");
}

TEST(dnsBelievesOnlyTheAnswerToItsQuestion) {
  const std::string query = ask::Query{.name = "WeB.example"}.bytes();
  const auto isOne = [&](std::string answer, unsigned id = 0x1234) {
    return dns::answers(reinterpret_cast<const uint8_t*>(answer.data()), answer.size(), static_cast<uint16_t>(id),
                        reinterpret_cast<const uint8_t*>(query.data()), query.size());
  };
  const std::string answer = ask::Query{.name = "WeB.example", .flags = 0x8180}.bytes();
  EXPECT(isOne(answer));
  EXPECT(!isOne(answer, 0x1235));
  EXPECT(!isOne(query));
  EXPECT(!isOne(ask::Query{.name = "web.example", .flags = 0x8180}.bytes()));   // not in the case that it was asked in
  EXPECT(!isOne(ask::Query{.name = "WeB.example", .type = 28, .flags = 0x8180}.bytes()));
  EXPECT(!isOne(answer.substr(0, answer.size() - 1)));
  EXPECT(!isOne(answer.substr(0, 12)));
  std::string none = ask::Query{.flags = 0x8181}.bytes().substr(0, 12);
  none[5] = 0;
  EXPECT(isOne(none));   // FORMERR, of a server that could not read it
  none[3] = '\x80';
  EXPECT(!isOne(none));
}

namespace {

// Zeroed, as the resolver's is.
struct Names {
  std::unique_ptr<unsigned char[]> memory{new unsigned char[sizeof(Zone)]()};
  Zone& zone = *reinterpret_cast<Zone*>(memory.get());

  void put(uint16_t network, const std::string& file, const std::string& text) { zone.put(network, file.c_str(), text.data(), text.size()); }
  // Addresses of a name; "none" where it is unknown.
  std::string find(uint16_t network, const std::string& name) {
    Address found[64];
    size_t count = 0;
    if (!zone.find(network, name.data(), name.size(), found, 64, count)) return "none";
    std::vector<std::string> all;
    for (size_t i = 0; i < count; ++i) all.push_back(hex(std::string(reinterpret_cast<char*>(found[i].bytes), found[i].size)));
    std::sort(all.begin(), all.end());
    std::string text;
    for (const auto& one : all) text += (text.empty() ? "" : " ") + one;
    return text;
  }
  std::string nameOf(uint16_t network, const std::string& address) {
    const char* name = nullptr;
    size_t size = 0;
    return zone.nameOf(network, addressOf(address), name, size) ? std::string(name, size) : "none";
  }
};

}  // namespace

TEST(zoneKnowsNamesByNetwork) {
  Names names;
  names.put(1, "a", "10.0.0.1 Web web.front alias\nfd00::1 Web alias\n");
  names.put(1, "b", "10.0.0.2\tdb  alias # not this\n# nor 10.0.0.9 this\nnonsense that\n10.0.0.3 half");
  names.put(2, "a", "10.9.0.1 web\n");
  EXPECT_EQ(names.find(1, "web"), "0a000001 fd000000000000000000000000000001");
  EXPECT_EQ(names.find(1, "alias"), "0a000001 0a000002 fd000000000000000000000000000001");
  EXPECT_EQ(names.find(2, "web"), "0a090001");
  for (const char* none : {"this", "not", "that", "half", "#", "10.0.0.1", "we", "webx"}) EXPECT_EQ(names.find(1, none), "none");
  EXPECT_EQ(names.nameOf(1, "10.0.0.1"), "web");
  EXPECT_EQ(names.nameOf(1, "fd00::1"), "web");
  EXPECT_EQ(names.nameOf(1, "10.9.0.1"), "none");
}

TEST(zoneForgetsWhatIsGone) {
  Names names;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 300; ++i) names.put(1, "e" + std::to_string(i), "10.0.0.1 shared n" + std::to_string(i) + "\n");
    names.put(1, "e7", "10.0.0.7 other\n");
    EXPECT_EQ(names.find(1, "n7"), "none");
    EXPECT_EQ(names.find(1, "other"), "0a000007");
    names.zone.remove(1, "e7");
    names.zone.remove(1, "e7");
    EXPECT_EQ(names.find(1, "other"), "none");
    EXPECT_EQ(names.find(1, "n8"), "0a000001");
    EXPECT_EQ(names.nameOf(1, "10.0.0.7"), "none");
    names.zone.clear(1);
    EXPECT_EQ(names.find(1, "shared"), "none");
    EXPECT_EQ(names.nameOf(1, "10.0.0.1"), "none");
  }
}

TEST(zoneIsBounded) {
  Names names;
  std::string line = "10.0.0.1";
  for (int i = 0; i < 700; ++i) line += " n" + std::to_string(i);
  for (int i = 0; i < 9000; ++i) names.put(1, "e" + std::to_string(i), line.size() < Zone::kText ? line + "\n" : "10.0.0.1 short\n");
  EXPECT_EQ(names.find(1, "n5").substr(0, 8), "0a000001");
  names.put(3, "x", std::string(Zone::kText + 100, '1'));
  names.put(3, std::string(Zone::kFile, 'f'), "10.0.0.1 long\n");
  EXPECT_EQ(names.find(3, "long"), "none");
  names.zone.clear(1);
  names.put(1, "e", "10.0.0.1 web\n");
  EXPECT_EQ(names.find(1, "web"), "0a000001");
}
