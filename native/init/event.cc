#include "event.h"

#include <linux/mman.h>

#include "sys.h"

namespace tinyrun {

namespace {

constexpr long kLargest = 1 << 20;

// The parts of one line.
struct Line {
  struct iovec parts[9];
  size_t count = 0;
  void add(const char* text, size_t size) { parts[count++] = {const_cast<char*>(text), size}; }
  void add(const char* text) { add(text, length(text)); }
  void add(Str text) { add(text.data, text.size); }
};

void append(const Events& events, Line& line) {
  const struct __kernel_timespec time = sys::now();
  const auto seconds = static_cast<uint64_t>(time.tv_sec);
  Text<96> end;
  end.add(",\"time\":").add(seconds).add(",\"timeNano\":");
  end.add(seconds * 1000000000ull + static_cast<uint64_t>(time.tv_nsec)).add("}\n");
  line.add(end.c_str(), end.size());
  const sys::Fd file(sys::openat(AT_FDCWD, events.file, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW, 0600));
  if (!file.bad()) sys::writev(file.get(), line.parts, line.count);
}

// The file may be gone by the time that its container is: what it said last stays.
void readRenamed(Events& events) {
  const sys::Fd file(sys::openat(events.dir, kRenamed, O_RDONLY | O_NOFOLLOW));
  struct stat st;
  if (file.bad() || sys::fstat(file.get(), &st) < 0 || st.st_size <= 0 || st.st_size > kLargest) return;
  const auto size = static_cast<uint32_t>(st.st_size);
  const long at = sys::mmap(size, PROT_READ, MAP_PRIVATE, file.get());
  if (at < 0 && at > -4096) return;
  if (events.renamed.size != 0) sys::munmap(events.renamed.data, events.renamed.size);
  events.renamed = {reinterpret_cast<const char*>(at), size};
}

}  // namespace

void tellEvent(Events& events, const char* action, const char* more) {
  if (*events.file == 0 || events.parts.count != 3) return;
  auto part = events.parts.begin();
  Line line;
  line.add("{\"status\":\"");
  line.add(action);
  line.add(*part);
  line.add(action);
  ++part;
  line.add(*part);
  line.add(more);
  ++part;
  readRenamed(events);
  line.add(events.renamed.size != 0 ? events.renamed : *part);
  append(events, line);
}

void tellLine(const Events& events, Str text) {
  if (*events.file == 0) return;
  Line line;
  line.add(text);
  append(events, line);
}

}  // namespace tinyrun
