// A new tmpfs (tmpcopyup) or volume starts with what the image has at its place.
#include "mounts.h"

namespace tinyrun {

namespace {

constexpr int kMaxDepth = 128;   // two fds and a buffer each; a deeper tree is refused, not cut

// Of a file or directory that is open at both ends. What the new file system does not take is left out, as Docker does it.
long copyAttributes(int from, int to) {
  char names[4096];
  char value[16384];
  const long size = sys::call(__NR_flistxattr, from, names, sizeof names);
  if (size < 0) return size == -EOPNOTSUPP ? 0 : size;
  for (long at = 0; at < size;) {
    const char* name = names + at;
    while (names[at++] != 0) {}
    const long n = sys::call(__NR_fgetxattr, from, name, value, sizeof value);
    if (n < 0 && n != -EOPNOTSUPP && n != -ENODATA) return n;
    const long r = n < 0 ? 0 : sys::call(__NR_fsetxattr, to, name, value, n, 0);
    if (r < 0 && r != -EOPNOTSUPP && r != -EPERM) return r;
  }
  return 0;
}

// Of what is open; owner before mode: a change of owner clears setuid, and file capabilities. Never by name: a volume may be
// another container's already, who could put a link there, and chmod(2) follows it, here to the host.
long copyOwner(int from, int to, const struct stat& st) {
  struct stat made;
  if (const long r = sys::fstat(to, &made); r < 0) return r;
  if (made.st_uid != st.st_uid || made.st_gid != st.st_gid)
    if (const long r = sys::call(__NR_fchown, to, st.st_uid, st.st_gid); r < 0) return r;
  if (const long r = copyAttributes(from, to); r < 0) return r;
  return sys::fchmod(to, st.st_mode & 07777);
}

long copyTimes(int to, const char* name, const struct stat& st) {
  const struct __kernel_timespec times[2] = {
      {static_cast<long>(st.st_atime), static_cast<long>(st.st_atime_nsec)},
      {static_cast<long>(st.st_mtime), static_cast<long>(st.st_mtime_nsec)},
  };
  return sys::utimensat(to, name, times, AT_SYMLINK_NOFOLLOW);
}

// Names of one file, which are names of one file again: as many files as there is room for, each as long as it has names left.
class Links {
 public:
  Links() = default;
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;
  ~Links() {
    for (const Linked& each : links_)
      if (each.left != 0) sys::close(each.fd);
  }

  // Whether `name` is one more name of what was copied before. In a user namespace nobody may link by fd: it is copied then.
  bool add(int to, const char* name, const struct stat& st) {
    for (Linked& each : links_) {
      if (each.left == 0 || each.ino != st.st_ino || each.dev != st.st_dev) continue;
      const bool linked = sys::call(__NR_linkat, each.fd, "", to, name, AT_EMPTY_PATH) >= 0;
      if (--each.left == 0) sys::close(each.fd);
      return linked;
    }
    return false;
  }

  // The copy of a file: the fd it was written by, since a name could be another's by now.
  void keep(sys::Fd& copy, const struct stat& st) {
    if (st.st_nlink < 2) return;
    for (Linked& each : links_) {
      if (each.left != 0) continue;
      each = {st.st_dev, st.st_ino, static_cast<unsigned>(st.st_nlink) - 1, copy.release()};
      return;
    }
  }

 private:
  struct Linked {
    unsigned long dev, ino;
    unsigned left;
    int fd;
  };
  Linked links_[64] = {};
};

long copyFile(int from, int to, const char* name, const struct stat& st, Links& links) {
  const sys::Fd in(sys::openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (in.bad()) return in.value();
  sys::Fd out(sys::openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  if (out.bad()) return out.value();
  for (;;) {
    const long n = sys::sendfile(out.get(), in.get(), 1 << 20);
    if (n < 0) return n;
    if (n == 0) break;
  }
  const long r = copyOwner(in.get(), out.get(), st);
  if (r >= 0) links.keep(out, st);
  return r;
}

long ownEntry(int to, const char* name, const struct stat& st) {
  return sys::fchownat(to, name, st.st_uid, st.st_gid, AT_SYMLINK_NOFOLLOW);
}

long copyLink(int from, int to, const char* name, const struct stat& st) {
  char target[4096];
  const long n = sys::readlinkat(from, name, target, sizeof target - 1);
  if (n < 0) return n;
  target[n] = 0;
  const long r = sys::symlinkat(target, to, name);
  return r < 0 ? r : ownEntry(to, name, st);
}

long copyContent(int from, int to, int depth, Links& links);

long copyDirectory(int from, int to, const char* name, const struct stat& st, int depth, Links& links) {
  if (const long r = sys::mkdirat(to, name, 0700); r < 0) return r;
  const sys::Fd source(sys::openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (source.bad()) return source.value();
  const sys::Fd target(sys::openat(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (target.bad()) return target.value();
  const long r = copyContent(source.get(), target.get(), depth, links);
  return r < 0 ? r : copyOwner(source.get(), target.get(), st);
}

// A device, a fifo, a socket: its mode is as it is made, the lane has no umask. In a user namespace nobody makes devices, nor
// could use one.
long copyNode(int to, const char* name, const struct stat& st) {
  const long r = sys::mknodat(to, name, st.st_mode, static_cast<unsigned>(st.st_rdev));
  if (r == -EPERM) return 0;
  if (r < 0) return r;
  const long owned = ownEntry(to, name, st);
  return owned < 0 ? owned : copyTimes(to, name, st);
}

long copyEntry(int from, int to, const char* name, int depth, Links& links) {
  struct stat st;
  if (const long r = sys::fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW); r < 0) return r;
  long r = 0;
  switch (st.st_mode & sys::kTypeMask) {
    case sys::kRegular:
      if (st.st_nlink > 1 && links.add(to, name, st)) return 0;
      r = copyFile(from, to, name, st, links);
      break;
    case sys::kSymlink: r = copyLink(from, to, name, st); break;
    case sys::kDirectory: r = copyDirectory(from, to, name, st, depth + 1, links); break;
    default: return copyNode(to, name, st);
  }
  return r < 0 ? r : copyTimes(to, name, st);
}

long copyContent(int from, int to, int depth, Links& links) {
  if (depth > kMaxDepth) return -ENAMETOOLONG;
  alignas(8) char buffer[2048];
  for (;;) {
    const long n = sys::getdents(from, buffer, sizeof buffer);
    if (n <= 0) return n;
    for (long at = 0; at < n;) {
      const auto* entry = reinterpret_cast<const sys::DirectoryEntry*>(buffer + at);
      at += entry->size;
      if (equal(entry->name, ".") || equal(entry->name, "..")) continue;
      if (const long r = copyEntry(from, to, entry->name, depth, links); r < 0) return r;
    }
  }
}

}  // namespace

Result copyUp(Container&, int from, int to, const char* what) {
  const sys::Fd root(sys::openat(to, ".", O_RDONLY | O_DIRECTORY));
  if (root.bad()) return failed("openat", root.value(), what);
  struct stat st;
  if (Result r = check("fstat", sys::fstat(from, &st), what); !r) return r;
  Links links;
  if (Result r = check("copy", copyContent(from, root.get(), 0, links), what); !r) return r;
  if (Result r = check("fchmod", copyOwner(from, root.get(), st), what); !r) return r;
  return check("utimensat", copyTimes(root.get(), ".", st), what);
}

}  // namespace tinyrun
