#include "log.h"

#include "block.h"
#include "clock.h"
#include "json.h"
#include "lane.h"

namespace tinyrun {

namespace {

constexpr const char* kName = "json.log";

Text<64> nameOf(uint32_t age) {
  Text<64> name;
  name.add(kName);
  if (age != 0) name.add(".").add(uint64_t{age});
  return name;
}

// How many come before a line feed.
size_t bytesOfLine(const uint8_t* at, size_t size) {
  size_t n = 0;
  for (; n + sizeof(Block) <= size; n += sizeof(Block))
    if (anyOf(blockAt(at + n) == '\n')) break;
  while (n < size && at[n] != '\n') ++n;
  return n;
}

const char* reasonOf(int error) {
  switch (error) {
    case ENOSPC: return "no space left on device";
    case EDQUOT: return "disk quota exceeded";
    case EROFS: return "read-only file system";
    case EIO: return "input/output error";
    default: return nullptr;
  }
}

}  // namespace

void Log::begin(int dir, uint64_t bytes, uint32_t files) {
  dir_ = dir;
  bytes_ = bytes;
  files_ = files;
}

void Log::add(Source source, const char* text, size_t size) {
  if (!on() || size == 0) return;
  Text<40> time;
  addTime(time, Fraction::nanoseconds);
  timeSize_ = time.size();
  __builtin_memcpy(time_, time.c_str(), timeSize_);
  Unfinished& unfinished = unfinished_[source];
  for (size_t from = 0; from < size;) {
    const size_t room = kPiece - unfinished.size;
    const size_t most = size - from < room ? size - from : room;
    size_t n = bytesOfLine(reinterpret_cast<const uint8_t*>(text + from), most);
    const bool whole = n < most;
    if (whole) ++n;   // its line feed
    if (unfinished.size == 0 && (whole || n == room)) {
      piece(source, text + from, n);
    } else {
      __builtin_memcpy(unfinished.text + unfinished.size, text + from, n);
      unfinished.size += n;
      if (whole || unfinished.size == kPiece) {
        piece(source, unfinished.text, unfinished.size);
        unfinished.size = 0;
      }
    }
    from += n;
  }
  write();
}

void Log::finish() {
  for (int i = output; i <= errors; ++i) {
    const auto source = static_cast<Source>(i);
    Unfinished& unfinished = unfinished_[source];
    if (unfinished.size != 0) piece(source, unfinished.text, unfinished.size);
    unfinished.size = 0;
  }
  write();
  if (lost_ != 0 && file_ >= 0) tellAtLast();
}

// There is no room to the end: the last lines give way to the word of it, which finds room in their blocks.
void Log::tellAtLast() {
  const size_t size = size_ < sizeof out_ ? size_ : sizeof out_;
  const long n = sys::call(__NR_pread64, file_, out_, size, size_ - size);
  if (n != static_cast<long>(size)) return;
  size_t cut = size;
  uint64_t gone = 0;
  for (; cut > 0 && size - cut < kWord; ++gone) {
    --cut;
    while (cut > 0 && out_[cut - 1] != '\n') --cut;
  }
  if (size - cut < kWord) return;
  size_ -= size - cut;
  if (sys::call(__NR_ftruncate, file_, size_) < 0) return;
  lost_ += gone;
  tellLost();
}

void Log::piece(Source source, const char* text, size_t size) {
  open();
  if (outSize_ + kRecord > sizeof out_) write();
  if (size_ + outSize_ >= bytes_) {
    write();
    if (size_ >= bytes_) rotate();
  }
  putRecord(source, text, size);
}

void Log::putRecord(Source source, const char* text, size_t size) {
  constexpr char kHead[] = "{\"log\":\"", kOutput[] = "\",\"stream\":\"stdout\",\"time\":\"",
                 kErrors[] = "\",\"stream\":\"stderr\",\"time\":\"", kTail[] = "\"}\n";
  put(kHead, sizeof kHead - 1);
  putEscaped(text, size);
  put(source == output ? kOutput : kErrors, sizeof kOutput - 1);
  put(time_, timeSize_);
  put(kTail, sizeof kTail - 1);
  ++lines_;
}

void Log::put(const char* text, size_t size) {
  __builtin_memcpy(out_ + outSize_, text, size);
  outSize_ += size;
}

void Log::putEscaped(const char* text, size_t size) { outSize_ += escapeJson(out_ + outSize_, text, size); }

// All or nothing of it: who reads the file finds whole lines, and the word of a loss in front of what came through again.
void Log::write() {
  if (outSize_ == 0) return;
  long r = open() ? 0 : -why_;
  const uint64_t before = size_;
  if (r == 0 && lost_ != 0) r = tellLost();
  if (r == 0) r = writeWhole(out_, outSize_);
  if (r == 0) {
    lost_ = 0;
  } else {
    why_ = static_cast<int>(-r);
    lost_ += lines_;
    size_ = before;
    if (file_ >= 0) sys::call(__NR_ftruncate, file_, before);
  }
  outSize_ = lines_ = 0;
}

long Log::tellLost() {
  Text<kWord> line;
  line.add("{\"log\":\"tinyrun: ").add(lost_).add(lost_ == 1 ? " line" : " lines").add(" of this log lost: ");
  if (const char* reason = reasonOf(why_)) line.add(reason);
  else line.add("errno ").add(static_cast<uint64_t>(why_));
  line.add("\\n\",\"stream\":\"stderr\",\"time\":\"").add(time_, timeSize_).add("\"}\n");
  return writeWhole(line.c_str(), line.size());
}

long Log::writeWhole(const char* text, size_t size) {
  for (size_t at = 0; at < size;) {
    const long n = sys::write(file_, text + at, size - at);
    if (n == -EINTR) continue;
    if (n <= 0) return n < 0 ? n : -EIO;
    at += static_cast<size_t>(n);
    size_ += static_cast<uint64_t>(n);
  }
  return 0;
}

bool Log::open() {
  if (file_ >= 0) return true;
  const long fd = sys::openat(dir_, kName, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW, 0600);
  struct stat st = {};
  if (const long r = fd < 0 ? fd : sys::fstat(static_cast<int>(fd), &st); r < 0) {
    why_ = static_cast<int>(-r);
    return false;
  }
  file_ = static_cast<int>(fd);
  size_ = static_cast<uint64_t>(st.st_size);
  // The host went down in the middle of a line: what follows is none of it.
  char last = '\n';
  if (size_ != 0) sys::call(__NR_pread64, file_, &last, 1, size_ - 1);
  if (last != '\n') writeWhole("\n", 1);
  return true;
}

void Log::rotate() {
  drop(file_);
  size_ = 0;
  for (uint32_t age = files_ - 1; age > 0; --age)
    sys::renameat(dir_, nameOf(age - 1).c_str(), dir_, nameOf(age).c_str());
  if (files_ == 1) sys::unlinkat(dir_, kName, 0);
}

}  // namespace tinyrun
