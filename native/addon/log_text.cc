// What a container wrote, cut out of the lines that its monitor made of it (native/init/log.cc):
//
//   {"log":"said \"hello\"\n","stream":"stdout","time":"2026-11-27T12:00:00.123456789Z"}
//           └─────┬────────┘
//           said "hello"⏎
//
// Only lines of exactly this form are read here; one that another program wrote, whose time is shorter or which has more
// fields, stops it, and JavaScript reads that line (src/runtime/log/line.ts). No text is longer than its line.
#include <algorithm>
#include <cstring>
#include <string_view>

#include "../init/block.h"
#include "bind.h"

namespace tinyrun {
namespace {

constexpr std::string_view kHead = "{\"log\":\"";
// d: a digit, ?: anything.
constexpr std::string_view kTail = "\",\"stream\":\"std???\",\"time\":\"dddd-dd-ddTdd:dd:dd.dddddddddZ\"}";
constexpr size_t kStreamAt = kTail.find("???");
constexpr size_t kTimeAt = kTail.find("dddd-");
constexpr size_t kTimeSize = kTail.size() - kTimeAt - 2;

// The least and the greatest that each byte of a tail may be.
constexpr struct Range {
  uint8_t low[kTail.size()] = {};
  uint8_t high[kTail.size()] = {};
  constexpr Range() {
    for (size_t i = 0; i < kTail.size(); ++i) {
      const char c = kTail[i];
      low[i] = c == '?' ? 0 : c == 'd' && i >= kTimeAt ? '0' : static_cast<uint8_t>(c);
      high[i] = c == '?' ? 0xff : c == 'd' && i >= kTimeAt ? '9' : static_cast<uint8_t>(c);
    }
  }
} kRange;

bool isTail(const char* text) {
  const auto* at = reinterpret_cast<const uint8_t*>(text);
  Block out{};
  for (size_t i = 0; i < kTail.size(); i += sizeof(Block)) {
    // the last block begins inside the one before it
    const size_t from = std::min(i, kTail.size() - sizeof(Block));
    const Block block = blockAt(at + from);
    out |= (block < blockAt(kRange.low + from)) | (block > blockAt(kRange.high + from));
  }
  return !anyOf(out);
}

enum Stream : uint32_t { kNone = 0, kStdout = 1, kStderr = 2 };

struct Line {
  Stream stream = kNone;
  std::string_view text{};   // as JSON spells it
  std::string_view time{};
};

// Without its line feed; of no stream where the form is another.
Line readLine(std::string_view json) {
  if (json.size() < kHead.size() + kTail.size() || json.substr(0, kHead.size()) != kHead) return {};
  const char* tail = json.data() + json.size() - kTail.size();
  if (!isTail(tail)) return {};
  const std::string_view name(tail + kStreamAt, 3);
  const Stream stream = name == "out" ? kStdout : name == "err" ? kStderr : kNone;
  const char* text = json.data() + kHead.size();
  return {stream, {text, static_cast<size_t>(tail - text)}, {tail + kTimeAt, kTimeSize}};
}

int hexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

char* putUtf8(char* to, unsigned code) {
  if (code < 0x80) {
    *to++ = static_cast<char>(code);
    return to;
  }
  if (code < 0x800) {
    *to++ = static_cast<char>(0xc0 | code >> 6);
  } else {
    *to++ = static_cast<char>(0xe0 | code >> 12);
    *to++ = static_cast<char>(0x80 | (code >> 6 & 0x3f));
  }
  *to++ = static_cast<char>(0x80 | (code & 0x3f));
  return to;
}

constexpr std::string_view kSpelt = "\"\\/bfnrt";
constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";

// What stands behind a backslash; nullptr for what is no escape, or half a character of UTF-16.
char* putEscaped(char* to, const char*& at, const char* end) {
  if (at == end) return nullptr;
  const char kind = *at++;
  if (kind != 'u') {
    const auto which = kSpelt.find(kind);
    if (which == kSpelt.npos) return nullptr;
    *to++ = kMeant[which];
    return to;
  }
  if (end - at < 4) return nullptr;
  unsigned code = 0;
  for (int i = 0; i < 4; ++i) {
    const int digit = hexDigit(*at++);
    if (digit < 0) return nullptr;
    code = code << 4 | static_cast<unsigned>(digit);
  }
  return code >= 0xd800 && code < 0xe000 ? nullptr : putUtf8(to, code);
}

// What JSON spells otherwise.
constexpr bool isSpelt(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// Copies up to the next of those.
void copyPlain(char*& to, const char*& at, const char* end) {
  while (static_cast<size_t>(end - at) >= sizeof(Block)) {
    const Block block = blockAt(reinterpret_cast<const uint8_t*>(at));
    memcpy(to, &block, sizeof block);
    if (anyOf((block < 0x20) | (block == '"') | (block == '\\'))) break;
    at += sizeof block;
    to += sizeof block;
  }
  while (at < end && !isSpelt(*at)) *to++ = *at++;
}

// Answers where the text ends, nullptr for what is no JSON.
char* putText(char* to, std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  for (;;) {
    copyPlain(to, at, end);
    if (at == end) return to;
    if (*at++ != '\\') return nullptr;
    to = putEscaped(to, at, end);
    if (to == nullptr) return nullptr;
  }
}

struct Wanted {
  std::string since;
  std::optional<std::string> until;
  bool timestamps;
  bool details;

  bool has(std::string_view time) const { return time >= since && (!until || time < *until); }
};

// Answers where it ends in `to`; nullptr for a line that is to be read elsewhere.
char* putLine(char* to, const Line& line, const Wanted& wanted) {
  if (line.stream == kNone) return nullptr;
  if (!wanted.has(line.time)) return to;
  if (wanted.timestamps) {
    to = static_cast<char*>(mempcpy(to, line.time.data(), line.time.size()));
    *to++ = ' ';
  }
  if (wanted.details) *to++ = ' ';
  return putText(to, line.text);
}

// Lines from the first on that are of one stream: the rest is another call's.
Napi::Value decodeLog(Napi::Env env, Bytes lines, Bytes text, Options how) {
  const Wanted wanted{how.get<std::string>("since"), how.get<std::optional<std::string>>("until"), how.get<bool>("timestamps"),
                      how.get<bool>("details")};
  if (text.size < lines.size) throw ArgumentError{ArgumentError::kRange, 2, "must be as long as the lines"};
  const char* const begin = reinterpret_cast<const char*>(lines.data);
  const char* const end = begin + lines.size;
  char* const out = reinterpret_cast<char*>(const_cast<uint8_t*>(text.data));
  const char* at = begin;
  char* to = out;
  Stream stream = kNone;
  while (at < end) {
    const auto* feed = static_cast<const char*>(memchr(at, '\n', static_cast<size_t>(end - at)));
    if (feed == nullptr) break;
    const Line line = readLine({at, static_cast<size_t>(feed - at)});
    if (stream != kNone && line.stream != stream) break;
    char* const after = putLine(to, line, wanted);
    if (after == nullptr) break;
    stream = line.stream;
    to = after;
    at = feed + 1;
  }
  return Record(env)
      .set("stream", static_cast<uint32_t>(stream))
      .set("read", static_cast<double>(at - begin))
      .set("written", static_cast<double>(to - out));
}

}  // namespace

void exportLogText(Exports& out) { out.push_back(bind<&decodeLog>("decodeLog")); }

}  // namespace tinyrun
