#include "ending.h"

#include "sys.h"

namespace tinyrun {

namespace {

// Removed before it is made: one of an earlier try, which was killed, must not stand in the way.
constexpr const char* kName = "exit.json";
constexpr const char* kTemporary = ".exit.json.new";

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
