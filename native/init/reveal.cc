// Without pivot_root(2) the mounts of the host stay in the namespace, out of sight only: the kernel lets a nested user
// namespace mount a procfs or sysfs where it finds a whole one there, and that one would have none of our masks.
#include "mounts.h"
#include "root.h"

namespace tinyrun {

namespace {

constexpr size_t kLine = 8192;

// What is looked for in a line of mountinfo: the whole of a procfs or sysfs, and where it is. `line` is changed.
bool isWholeKernelFs(char* line, const char*& mountpoint) {
  char* field = line;
  const char* root = nullptr;
  char* point = nullptr;
  const char* type = nullptr;
  for (int n = 0; *field != 0; ++n) {
    char* end = field;
    while (*end != 0 && *end != ' ') ++end;
    const bool last = *end == 0;
    *end = 0;
    if (n == 3) root = field;
    if (n == 4) point = field;
    if (n > 5 && equal(field, "-") && !last) {
      type = end + 1;
      while (*++end != 0 && *end != ' ') {}
      *end = 0;
      break;
    }
    field = last ? end : end + 1;
  }
  if (type == nullptr || !equal(root, "/") || (!equal(type, "proc") && !equal(type, "sysfs"))) return false;
  mountpoint = point;
  // \040 and the like
  char* to = point;
  for (const char* from = point; *from != 0; ++to) {
    if (from[0] == '\\' && from[1] != 0 && from[2] != 0 && from[3] != 0) {
      *to = static_cast<char>((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
      from += 4;
    } else {
      *to = *from++;
    }
  }
  *to = 0;
  return true;
}

bool isBelow(const char* path, const char* dir) {
  const size_t size = length(dir);
  for (size_t i = 0; i < size; ++i)
    if (path[i] != dir[i]) return false;
  return path[size] == '/';
}

// One pass over the mounts outside of `root`: unmounts, or covers; how many were unmounted.
Result pass(const char* root, bool cover, unsigned& unmounted) {
  const sys::Fd info(sys::openat(AT_FDCWD, "/proc/self/mountinfo", O_RDONLY));
  if (info.bad()) return failed("openat", info.value(), "/proc/self/mountinfo");
  static char buffer[kLine];
  size_t have = 0;
  for (;;) {
    const long n = sys::read(info.get(), buffer + have, sizeof buffer - have);
    if (n < 0) return failed("read", n, "/proc/self/mountinfo");
    if (n == 0) return kDone;
    have += static_cast<size_t>(n);
    size_t start = 0;
    for (size_t i = 0; i < have; ++i) {
      if (buffer[i] != '\n') continue;
      buffer[i] = 0;
      const char* point = nullptr;
      if (isWholeKernelFs(buffer + start, point) && !isBelow(point, root)) {
        if (!cover && sys::umount2(point, 2 /* MNT_DETACH */) == 0) ++unmounted;
        if (cover)
          if (Result r = check("mount", sys::mount("tmpfs", point, "tmpfs", MS_RDONLY, "size=0"), "procfs or sysfs"); !r)
            return r;
      }
      start = i + 1;
    }
    if (start == 0 && have == sizeof buffer) return {ENAMETOOLONG, "read", "/proc/self/mountinfo"};
    __builtin_memmove(buffer, buffer + start, have - start);
    have -= start;
  }
}

}  // namespace

Result hideKernelFilesystems(Container& lane, const char* root) {
  // What is unmounted here must not be unmounted on the host.
  if (lane.sharedRoot)
    if (Result r = check("mount", sys::mount(nullptr, "/", nullptr, MS_SLAVE | MS_REC, nullptr), "/"); !r) return r;
  // What is unmounted may uncover another one. Without /proc the list can no longer be read, and its own mount is the last.
  for (unsigned unmounted = 1; unmounted > 0;) {
    unmounted = 0;
    const Result r = pass(root, false, unmounted);
    if (!r && r.err == ENOENT) return kDone;
    if (!r) return r;
  }
  // In a user namespace the mounts of the host are locked together.
  unsigned none = 0;
  return pass(root, true, none);
}

}  // namespace tinyrun
