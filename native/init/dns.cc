#include "dns.h"

namespace tinyrun::dns {

namespace {

constexpr size_t kOptSize = 11;
constexpr uint8_t kResponse = 0x80, kOpcode = 0x78, kAuthoritative = 4, kTruncated = 2, kRecursionDesired = 1;   // third byte
constexpr uint8_t kRecursionAvailable = 0x80, kCheckingDisabled = 0x10;                                          // fourth
constexpr uint8_t kPointer = 0xc0;

uint16_t pair(const uint8_t* at) { return static_cast<uint16_t>(at[0] << 8 | at[1]); }

void putPair(uint8_t* at, size_t value) {
  at[0] = static_cast<uint8_t>(value >> 8);
  at[1] = static_cast<uint8_t>(value);
}

char lower(uint8_t c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); }

// The name of a question is not compressed: nothing stands in front of it that a pointer could mean.
bool readName(const uint8_t* bytes, size_t size, size_t& at, Question& question) {
  question.size = 0;
  question.plain = true;
  const size_t start = at;
  for (;;) {
    if (at >= size) return false;
    const uint8_t n = bytes[at++];
    if (n == 0) break;
    if ((n & kPointer) != 0 || n > size - at || at + n - start >= kLongestName) return false;
    if (question.size != 0) question.name[question.size++] = '.';
    for (uint8_t i = 0; i < n; ++i) {
      const uint8_t c = bytes[at + i];
      if (c <= ' ' || c >= 0x7f || c == '.') question.plain = false;
      question.name[question.size++] = lower(c);
    }
    at += n;
  }
  question.name[question.size] = 0;
  return true;
}

// Any name of a record: what a pointer leads to is not looked at.
bool skipName(const uint8_t* bytes, size_t size, size_t& at) {
  const size_t start = at;
  while (at < size) {
    const uint8_t n = bytes[at++];
    if (n == 0) return true;
    if ((n & kPointer) == kPointer) return ++at <= size;
    if ((n & kPointer) != 0 || n > size - at || at + n - start >= kLongestName) return false;
    at += n;
  }
  return false;
}

// Records behind the question, in which an OPT may be. `bad`: its version is none that we know.
bool readRecords(size_t at, size_t count, Query& query, bool& bad) {
  const uint8_t* const bytes = query.bytes;
  for (; count != 0; --count) {
    const size_t name = at;
    constexpr size_t kFixed = 10;
    if (!skipName(bytes, query.size, at) || query.size - at < kFixed) return false;
    const uint8_t* const fixed = bytes + at;
    const size_t length = pair(fixed + 8);
    at += kFixed;
    if (length > query.size - at) return false;
    at += length;
    if (pair(fixed) != kOpt) continue;
    if (query.edns || bytes[name] != 0) return false;
    query.edns = true;
    bad = fixed[5] != 0;
    const uint16_t room = pair(fixed + 2);
    query.room = room < kPlain ? kPlain : room > kOurs ? kOurs : room;
  }
  return true;
}

bool endsWith(const Question& question, const char* suffix, size_t& left) {
  const size_t n = __builtin_strlen(suffix);
  if (question.size <= n || __builtin_memcmp(question.name + question.size - n, suffix, n) != 0) return false;
  left = question.size - n;
  return true;
}

bool reverse4(const char* name, size_t size, Address& address) {
  Address turned;
  if (!parseAddress(name, size, turned) || turned.size != 4) return false;
  address.size = 4;
  for (int i = 0; i < 4; ++i) address.bytes[i] = turned.bytes[3 - i];
  return true;
}

bool reverse6(const char* name, size_t size, Address& address) {
  constexpr size_t kNibbles = 32;
  if (size != 2 * kNibbles - 1) return false;
  for (size_t i = 0; i < kNibbles; ++i) {
    const char c = name[2 * i];
    if (i + 1 < kNibbles && name[2 * i + 1] != '.') return false;
    const int digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (digit < 0) return false;
    address.bytes[15 - i / 2] |= static_cast<uint8_t>(i % 2 == 0 ? digit : digit << 4);
  }
  address.size = 16;
  return true;
}

}  // namespace

bool readQuestion(const uint8_t* bytes, size_t size, Question& question) {
  size_t at = kHead;
  if (size < kHead || pair(bytes + 4) != 1 || !readName(bytes, size, at, question) || size - at < 4) return false;
  question.type = pair(bytes + at);
  question.kind = pair(bytes + at + 2);
  question.end = at + 4;
  return true;
}

Read read(const uint8_t* bytes, size_t size, Query& query) {
  query.bytes = bytes;
  query.size = size;
  query.whole = query.edns = false;
  query.room = kPlain;
  if (size < kHead || (bytes[2] & kResponse) != 0) return Read::silence;
  if ((bytes[2] & kOpcode) != 0) return Read::unknown;
  if (!readQuestion(bytes, size, query.question)) return Read::format;
  query.whole = true;
  const size_t records = size_t{pair(bytes + 6)} + pair(bytes + 8) + pair(bytes + 10);
  bool bad = false;
  if (!readRecords(query.question.end, records, query, bad)) return Read::format;
  return bad ? Read::badVersion : Read::good;
}

bool answers(const uint8_t* answer, size_t size, uint16_t id, const uint8_t* query, size_t querySize) {
  Question asked;
  if (size < kHead || idOf(answer) != id || (answer[2] & kResponse) == 0 || (answer[2] & kOpcode) != 0) return false;
  if (!readQuestion(query, querySize, asked)) return false;
  // a server that could not read it may leave the question out
  if (pair(answer + 4) == 0) return codeOf(answer) != kNoError && pair(answer + 6) == 0;
  return pair(answer + 4) == 1 && size >= asked.end && __builtin_memcmp(answer + kHead, query + kHead, asked.end - kHead) == 0;
}

bool reverse(const Question& question, Address& address) {
  address = {};
  size_t left = 0;
  if (endsWith(question, ".in-addr.arpa", left)) return reverse4(question.name, left, address);
  return endsWith(question, ".ip6.arpa", left) && reverse6(question.name, left, address);
}

void Answer::begin(const Query& query, Code code, bool ours) {
  const uint8_t* const asked = query.bytes;
  size_ = query.whole ? query.question.end : kHead;
  __builtin_memset(to_, 0, kHead);
  setId(to_, idOf(asked));
  to_[2] = static_cast<uint8_t>(kResponse | (asked[2] & (kOpcode | kRecursionDesired)) | (ours ? kAuthoritative : 0));
  to_[3] = static_cast<uint8_t>(kRecursionAvailable | (asked[3] & kCheckingDisabled) | code);
  if (query.whole) __builtin_memcpy(to_ + kHead, asked + kHead, size_ - kHead);
  to_[5] = query.whole ? 1 : 0;
  optSize_ = query.edns ? kOptSize : 0;
  count_ = 0;
}

// A record of the name that was asked for; nullptr: there is no room for it.
uint8_t* Answer::record(Type type, size_t size) {
  constexpr size_t kFixed = 12;
  if (size_ + kFixed + size + optSize_ > limit_) {
    to_[2] |= kTruncated;
    return nullptr;
  }
  uint8_t* const at = to_ + size_;
  putPair(at, 0xc000u | kHead);
  putPair(at + 2, type);
  putPair(at + 4, 1);    // IN
  putPair(at + 6, 0);
  putPair(at + 8, 1);    // a second: containers come and go
  putPair(at + 10, size);
  size_ += kFixed + size;
  ++count_;
  return at + kFixed;
}

void Answer::add(const Address& address) {
  uint8_t* const at = record(address.size == 4 ? kA : kAaaa, address.size);
  if (at != nullptr) __builtin_memcpy(at, address.bytes, address.size);
}

void Answer::add(const char* name, size_t size) {
  if (size == 0 || size + 2 > kLongestName) return;
  for (size_t i = 0, label = 0; i <= size; ++i) {   // what is no name in DNS cannot be told of
    if (i != size && name[i] != '.') continue;
    if (i == label || i - label > 63) return;
    label = i + 1;
  }
  uint8_t* at = record(kPtr, size + 2);
  if (at == nullptr) return;
  uint8_t* length = at++;
  for (size_t i = 0; i < size; ++i, ++at) {
    *at = static_cast<uint8_t>(name[i]);
    if (name[i] != '.') continue;
    *length = static_cast<uint8_t>(at - length - 1);
    length = at;
  }
  *length = static_cast<uint8_t>(at - length - 1);
  *at = 0;
}

size_t Answer::end(const Query& query, bool badVersion) {
  putPair(to_ + 6, count_);
  if (!query.edns) return size_;
  uint8_t* const at = to_ + size_;
  __builtin_memset(at, 0, kOptSize);
  putPair(at + 1, kOpt);
  putPair(at + 3, kOurs);
  at[5] = badVersion ? 1 : 0;   // BADVERS is 16: its low bits are the header's
  to_[11] = 1;
  return size_ + kOptSize;
}

}  // namespace tinyrun::dns
