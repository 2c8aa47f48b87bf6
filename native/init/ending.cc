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

// The text of a file of a cgroup2 directory; empty without the controller.
void readMemory(const char* cgroup, const char* name, char* text, size_t size) {
  *text = 0;
  if (*cgroup == 0) return;
  const sys::Fd dir(sys::openat(AT_FDCWD, cgroup, O_PATH | O_DIRECTORY));
  if (dir.bad()) return;
  const sys::Fd file(sys::openat(dir.get(), name, O_RDONLY));
  const long n = file.bad() ? 0 : sys::read(file.get(), text, size - 1);
  text[n < 0 ? 0 : n] = 0;
}

}  // namespace

long writeEnding(int dir, const Ending& ending, bool durable) {
  Text<256> json;
  json.add("{\"code\":").add(uint64_t{ending.code});
  if (ending.signal != 0) json.add(",\"signal\":").add(uint64_t{ending.signal});
  json.add(",\"started\":\"").add(ending.started.c_str()).add("\",\"finished\":\"").add(ending.finished.c_str());
  json.add("\",\"why\":\"").add(ending.why).add("\"");
  if (ending.peak != 0) json.add(",\"peak\":").add(ending.peak);
  json.add("}\n");
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

long writeProcess(int dir, uint32_t pid, uint64_t startTime) {
  Text<64> text;
  text.add(uint64_t{pid}).add(":").add(startTime);
  return sys::symlinkat(text.c_str(), dir, "process");
}

bool killedForMemory(const char* cgroup) {
  char text[512];
  readMemory(cgroup, "memory.events", text, sizeof text);
  for (const char* line = text; *line != 0;) {
    if (startsWith(line, "oom_kill ")) return line[9] >= '1' && line[9] <= '9';
    while (*line != 0 && *line != '\n') ++line;
    if (*line == '\n') ++line;
  }
  return false;
}

uint64_t memoryPeak(const char* cgroup) {
  char text[32];
  readMemory(cgroup, "memory.peak", text, sizeof text);
  uint64_t bytes = 0;
  for (const char* c = text; *c >= '0' && *c <= '9'; ++c) bytes = bytes * 10 + static_cast<uint64_t>(*c - '0');
  return bytes;
}

}  // namespace tinyrun
