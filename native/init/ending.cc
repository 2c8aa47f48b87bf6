#include "ending.h"

#include "sys.h"

namespace tinyrun {

namespace {

// Removed before it is made: one of an earlier try, which was killed, must not stand in the way.
constexpr const char* kName = "exit.json";
constexpr const char* kTemporary = ".exit.json.new";

void addDigits(Text<40>& out, uint64_t value, size_t count) {
  char digits[20];
  for (size_t i = count; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.add(digits, count);
}

long writeWhole(int file, const char* text, size_t size) {
  for (size_t at = 0; at < size;) {
    const long n = sys::write(file, text + at, size - at);
    if (n == -EINTR) continue;
    if (n <= 0) return n < 0 ? n : -EIO;
    at += static_cast<size_t>(n);
  }
  return 0;
}

}  // namespace

// The calendar begins in March here, so that the leap day is the last of its year; as store/time.ts has it.
void addTime(Text<40>& out) {
  const struct __kernel_timespec time = sys::now();
  const auto seconds = static_cast<uint64_t>(time.tv_sec);
  const uint64_t days = seconds / 86400 + 719468, era = days / 146097, day = days % 146097;
  const uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  const uint64_t dayOfYear = day - (365 * year + year / 4 - year / 100);
  const uint64_t fromMarch = (5 * dayOfYear + 2) / 153;
  const uint64_t month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  addDigits(out, year + era * 400 + (month <= 2 ? 1 : 0), 4);
  addDigits(out.add("-"), month, 2);
  addDigits(out.add("-"), dayOfYear - (153 * fromMarch + 2) / 5 + 1, 2);
  addDigits(out.add("T"), seconds / 3600 % 24, 2);
  addDigits(out.add(":"), seconds / 60 % 60, 2);
  addDigits(out.add(":"), seconds % 60, 2);
  addDigits(out.add("."), static_cast<uint64_t>(time.tv_nsec) / 1000000, 3);
  out.add("Z");
}

long writeEnding(int dir, const Ending& ending, bool durable) {
  Text<256> json;
  json.add("{\"code\":").add(uint64_t{ending.code});
  if (ending.signal != 0) json.add(",\"signal\":").add(uint64_t{ending.signal});
  json.add(",\"started\":\"").add(ending.started.c_str()).add("\",\"finished\":\"").add(ending.finished.c_str());
  json.add("\",\"why\":\"").add(ending.why).add("\"}\n");
  sys::unlinkat(dir, kTemporary, 0);
  sys::Fd file(sys::openat(dir, kTemporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  if (file.bad()) return file.value();
  long r = writeWhole(file.get(), json.c_str(), json.size());
  if (r == 0 && durable) r = sys::fsync(file.get());
  if (r == 0) r = sys::renameat(dir, kTemporary, dir, kName);
  if (r < 0) sys::unlinkat(dir, kTemporary, 0);
  else if (durable) r = sys::fsync(dir);
  return r < 0 ? r : 0;
}

bool killedForMemory(const char* cgroup) {
  if (*cgroup == 0) return false;
  const sys::Fd dir(sys::openat(AT_FDCWD, cgroup, O_PATH | O_DIRECTORY));
  if (dir.bad()) return false;
  const sys::Fd file(sys::openat(dir.get(), "memory.events", O_RDONLY));
  char text[512];
  const long n = file.bad() ? 0 : sys::read(file.get(), text, sizeof text - 1);   // without the controller: nothing
  text[n < 0 ? 0 : n] = 0;
  for (const char* line = text; *line != 0;) {
    if (startsWith(line, "oom_kill ")) return line[9] >= '1' && line[9] <= '9';
    while (*line != 0 && *line != '\n') ++line;
    if (*line == '\n') ++line;
  }
  return false;
}

}  // namespace tinyrun
