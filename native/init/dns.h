// DNS messages (RFC 1035, 6891): a query is read, an answer written. Pure; every byte of a query is a stranger's.
#pragma once

#include "address.h"

namespace tinyrun::dns {

inline constexpr size_t kHead = 12;
inline constexpr size_t kLongestName = 255;    // as bytes; less as text
inline constexpr uint16_t kPlain = 512;        // what anybody takes by UDP
inline constexpr uint16_t kOurs = 1232;        // what we send and take by UDP: no path breaks it into fragments
inline constexpr size_t kMost = 65535;         // by TCP

enum Type : uint16_t { kA = 1, kPtr = 12, kAaaa = 28, kOpt = 41, kAny = 255 };
enum Code : uint8_t { kNoError = 0, kFormat = 1, kServerFailure = 2, kNoSuchName = 3, kNotImplemented = 4, kRefused = 5 };

struct Question {
  char name[kLongestName + 1];   // in lower case, labels with dots between them, NUL-terminated
  size_t size;                   // of name
  bool plain;                    // no label has a dot, a NUL or what is not printed: the text says all
  uint16_t type;
  uint16_t kind;                 // class: 1 is IN
  size_t end;                    // offset behind it
};

struct Query {
  const uint8_t* bytes;
  size_t size;
  Question question;
  bool whole;          // it has a question that was read
  bool edns;
  uint16_t room;       // what the client takes by UDP, 512 … 1232
};

enum class Read : uint8_t {
  good,
  silence,          // no query, or too short to be answered
  format,           // FORMERR
  unknown,          // NOTIMP: not a standard query
  badVersion,       // EDNS of another version (RFC 6891: BADVERS)
};
Read read(const uint8_t* bytes, size_t size, Query& query);

// The question alone, which starts at kHead. False: there is none, or not exactly one.
bool readQuestion(const uint8_t* bytes, size_t size, Question& question);

// Whether an answer is one to that query: response, id, opcode, and the question as it was asked, case and all.
bool answers(const uint8_t* answer, size_t size, uint16_t id, const uint8_t* query, size_t querySize);

inline uint16_t idOf(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] << 8 | bytes[1]); }
inline void setId(uint8_t* bytes, uint16_t id) {
  bytes[0] = static_cast<uint8_t>(id >> 8);
  bytes[1] = static_cast<uint8_t>(id);
}
inline uint8_t codeOf(const uint8_t* bytes) { return bytes[3] & 15; }

// `5.0.18.172.in-addr.arpa`, or 32 nibbles and ip6.arpa: the address that is asked for.
bool reverse(const Question& question, Address& address);

// Writes an answer into a caller's buffer: begin, records, end.
class Answer {
 public:
  // `limit`: bytes that the client takes, no more than `to` has; at least kPlain.
  Answer(uint8_t* to, size_t limit) : to_(to), limit_(limit) {}
  void begin(const Query& query, Code code, bool ours);
  // What does not fit makes it a truncated one: the client asks again by TCP.
  void add(const Address& address);
  void add(const char* name, size_t size);   // PTR; labels with dots between them
  size_t end(const Query& query, bool badVersion = false);

 private:
  uint8_t* record(Type type, size_t size);
  uint8_t* to_;
  size_t limit_;
  size_t size_ = 0;
  size_t optSize_ = 0;
  uint16_t count_ = 0;
};

}  // namespace tinyrun::dns
