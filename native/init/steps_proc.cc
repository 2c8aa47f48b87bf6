// Writes below /proc. Every one goes through the fd of a procfs root, confined to that file system: whatever the
// container mounts over /proc or parts of it, the write lands where it was meant to or fails (CVE-2019-16884,
// CVE-2025-52881).
#include "container.h"
#include "root.h"

namespace tinyrun {

namespace {

constexpr uint64_t kWithinProc = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

Result writeProc(Container& lane, const char* path, const char* value, size_t size) {
  lane.detail.clear();
  lane.detail.add("/proc/").add(path);
  const char* told = lane.detail.c_str();
  if (const long r = verifyProc(lane.proc); r < 0) return failed("fstatfs", r, "/proc is not a procfs");
  const sys::Fd file(sys::openat2(lane.proc, path, O_WRONLY, kWithinProc));
  if (file.bad()) return failed("openat2", file.value(), told);
  failpoint(lane, "writeProc");
  const long n = sys::write(file.get(), value, size);
  if (n < 0) return failed("write", n, told);
  return static_cast<size_t>(n) == size ? kDone : Result{EIO, "write", told};
}

// "PID/task/TID/…" of this process as the procfs at hand counts it: thread-self is a symlink, which writeProc refuses.
Result writeOwn(Container& lane, const char* file, const char* value, size_t size) {
  char self[64];
  const long n = sys::readlinkat(lane.proc, "thread-self", self, sizeof self - 1);
  if (n < 0) return failed("readlinkat", n, "/proc/thread-self");
  self[n] = 0;
  Text<128> path;
  path.add(self).add("/").add(file);
  return writeProc(lane, path.c_str(), value, size);
}

// ".." would stay within the procfs, but leave /proc/sys.
bool hasParent(const char* key) {
  for (const char* at = key; *at != 0; ++at)
    if ((at == key || at[-1] == '/') && at[0] == '.' && at[1] == '.' && (at[2] == '/' || at[2] == 0)) return true;
  return false;
}

constexpr const char* kLabelFiles[] = {"attr/apparmor/exec", "attr/exec"};   // the first since Linux 5.8

// What writeOwn would write, to a file that keepOwnFiles has opened.
Result writeKept(int fd, const char* value, size_t size, const char* path) {
  const long n = sys::write(fd, value, size);
  return n < 0 ? failed("write", n, path) : kDone;
}

long openOwn(Container& lane, const char* file) {
  char self[64];
  const long n = sys::readlinkat(lane.proc, "thread-self", self, sizeof self - 1);
  if (n < 0) return n;
  self[n] = 0;
  Text<128> path;
  path.add(self).add("/").add(file);
  return sys::openat2(lane.proc, path.c_str(), O_WRONLY, kWithinProc);
}

}  // namespace

void keepOwnFiles(Container& lane) {
  if (verifyProc(lane.proc) < 0) return;
  lane.ownOomScore = static_cast<int>(openOwn(lane, "oom_score_adj"));
  for (int i = 0; i < 2; ++i) lane.ownLabels[i] = static_cast<int>(openOwn(lane, kLabelFiles[i]));
}

// "net.ipv4.ip_forward" or, for names with dots in them, "net/ipv4/conf/eth0.1/forwarding": the first separator counts.
Result run(Container& lane, const args::sysctl& a) {
  Text<256> path;
  path.add("sys/").add(a.key);
  if (path.cut()) return {ENAMETOOLONG, "openat2", a.key};
  if (hasParent(a.key)) return {EINVAL, "openat2", a.key};
  char* text = path.data() + 4;
  size_t first = 0;
  while (text[first] != 0 && text[first] != '.' && text[first] != '/') ++first;
  const bool dotted = text[first] == '.';
  for (; dotted && text[first] != 0; ++first) {
    if (text[first] == '.') text[first] = '/';
    else if (text[first] == '/') text[first] = '.';
  }
  return writeProc(lane, path.c_str(), a.value, a.value.size);
}

Result run(Container& lane, const args::oomScoreAdj& a) {
  Text<16> text;
  if (a.value < 0) text.add("-");
  text.add(a.value < 0 ? uint64_t{0} - static_cast<uint64_t>(int64_t{a.value}) : static_cast<uint64_t>(a.value));
  if (lane.ownOomScore >= 0) return writeKept(lane.ownOomScore, text.c_str(), text.size(), "/proc/self/oom_score_adj");
  return writeOwn(lane, "oom_score_adj", text.c_str(), text.size());
}

Result run(Container& lane, const args::apparmor& a) {
  Text<512> text;
  if (text.add("exec ").add(a.profile).cut()) return {ENAMETOOLONG, "write", a.profile};
  for (const int kept : lane.ownLabels)
    if (kept >= 0) return writeKept(kept, text.c_str(), text.size(), a.profile);
  const Result r = writeOwn(lane, kLabelFiles[0], text.c_str(), text.size());
  return r.err == ENOENT ? writeOwn(lane, kLabelFiles[1], text.c_str(), text.size()) : r;
}

Result run(Container& lane, const args::selinux& a) {
  if (lane.ownLabels[1] >= 0) return writeKept(lane.ownLabels[1], a.label, a.label.size + 1, a.label);
  return writeOwn(lane, kLabelFiles[1], a.label, a.label.size + 1);
}

}  // namespace tinyrun
