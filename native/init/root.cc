#include "root.h"

#include "sys.h"
#include "text.h"

namespace tinyrun {

namespace {

constexpr size_t kPathMax = 4096;
constexpr int kMaxLinks = 40;   // the kernel's MAXSYMLINKS

// One step down, by a name without slash; ELOOP for a symlink (which O_NOFOLLOW with O_PATH would open instead).
long openChild(int dir, const char* name, int flags) {
  return sys::openat2(dir, name, O_PATH | static_cast<uint64_t>(flags),
                      RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS);
}

// The slow way of makeInRoot: some component is missing. `path_` is the text of a path in the root that is rewritten
// whenever a dangling symlink is met.
class Maker {
 public:
  Maker(int root, const Making& making) : root_(root), making_(making) {}

  long make(const char* path) {
    if (length(path) >= kPathMax) return -ENAMETOOLONG;
    copyText(path_, kPathMax, path);
    for (int links = 0; links < kMaxLinks; ++links) {
      const long fd = attempt();
      if (fd != kRewritten) return fd;
    }
    return -ELOOP;
  }

 private:
  static constexpr long kRewritten = -100000;

  // Opens the longest prefix that exists and makes the rest below it.
  long attempt() {
    size_t cut = length(path_);
    sys::Fd dir;
    for (;;) {
      while (cut > 0 && path_[cut - 1] == '/') --cut;
      while (cut > 0 && path_[cut - 1] != '/') --cut;
      const char saved = path_[cut];
      path_[cut] = 0;
      dir.reset(openInRoot(root_, cut == 0 ? "/" : path_, O_PATH | O_DIRECTORY, making_.resolve));
      path_[cut] = saved;
      if (dir.value() != -ENOENT || cut == 0) break;
    }
    if (dir.bad()) return dir.value();
    return makeBelow(dir, cut);
  }

  long makeBelow(sys::Fd& dir, size_t at) {
    while (path_[at] != 0) {
      size_t end = at;
      while (path_[end] != 0 && path_[end] != '/') ++end;
      size_t next = end;
      while (path_[next] == '/') ++next;
      Text<256> name;
      name.add(path_ + at, end - at);
      if (name.cut()) return -ENAMETOOLONG;
      if (equal(name.c_str(), "..")) return -ENOENT;
      if (name.size() != 0 && !equal(name.c_str(), ".")) {
        const long fd = makeChild(dir.get(), name.c_str(), path_[next] == 0);
        if (fd == -ELOOP && (making_.resolve & RESOLVE_NO_SYMLINKS) == 0)
          return rewrite(dir.get(), name.c_str(), at, next);
        if (fd < 0) return fd;
        dir.reset(fd);
      }
      at = next;
    }
    return dir.release();
  }

  long makeChild(int dir, const char* name, bool last) const {
    const bool directory = !last || making_.directory;
    const unsigned mode = last ? making_.mode : 0755;
    const long made = directory ? sys::mkdirat(dir, name, mode) : sys::mknodat(dir, name, sys::kRegular | mode, 0);
    if (made < 0 && made != -EEXIST) return made;
    // What is there now may not be what was made: a symlink is answered with ELOOP, never followed here.
    const long fd = openChild(dir, name, 0);
    if (fd < 0 || !directory) return fd;
    struct stat st;
    const long told = sys::fstat(static_cast<int>(fd), &st);
    if (told == 0 && sys::isDirectory(st.st_mode)) return fd;
    sys::close(static_cast<int>(fd));
    return told < 0 ? told : -ENOTDIR;
  }

  // Puts the target of the symlink at [at, next) into the text and starts over from the root.
  long rewrite(int dir, const char* name, size_t at, size_t next) {
    char target[kPathMax];
    const long n = sys::readlinkat(dir, name, target, sizeof target - 1);
    if (n < 0) return n == -EINVAL ? kRewritten : n;   // no symlink any more: look again
    target[n] = 0;
    Text<kPathMax> whole;
    if (target[0] != '/') whole.add(path_, at);
    whole.add(target);
    if (path_[next] != 0) whole.add("/").add(path_ + next);
    if (whole.cut()) return -ENAMETOOLONG;
    copyText(path_, kPathMax, whole.c_str());
    const long fd = openInRoot(root_, path_, O_PATH, making_.resolve);
    return fd == -ENOENT ? kRewritten : fd;
  }

  int root_;
  const Making& making_;
  char path_[kPathMax];
};

}  // namespace

long openInRoot(int root, const char* path, uint64_t flags, uint64_t resolve) {
  long fd = -EAGAIN;
  for (int tries = 0; tries < 128 && fd == -EAGAIN; ++tries) fd = sys::openat2(root, path, flags, resolve);
  return fd;
}

long makeInRoot(int root, const char* path, const Making& making) {
  const uint64_t flags = O_PATH | (making.directory ? O_DIRECTORY : 0u);
  const long fd = openInRoot(root, path, flags, making.resolve);
  if (fd != -ENOENT) return fd;
  return Maker(root, making).make(path);
}

long parentInRoot(int root, const char* path, uint64_t resolve, char (&name)[256]) {
  size_t end = length(path);
  while (end > 0 && path[end - 1] == '/') --end;
  size_t start = end;
  while (start > 0 && path[start - 1] != '/') --start;
  if (end == start || end - start >= sizeof name) return end == start ? -EINVAL : -ENAMETOOLONG;
  __builtin_memcpy(name, path + start, end - start);
  name[end - start] = 0;
  if (equal(name, ".") || equal(name, "..")) return -EINVAL;
  Text<kPathMax> parent;
  if (parent.add("/").add(path, start).cut()) return -ENAMETOOLONG;
  return makeInRoot(root, parent.c_str(), {.directory = true, .mode = 0755, .resolve = resolve});
}

long verifyProc(int fd) {
  constexpr unsigned long kRootInode = 1;   // PROC_ROOT_INO: a bind of /proc/sys has another
  struct statfs fs;
  struct stat st;
  if (const long r = sys::fstatfs(fd, &fs); r < 0) return r;
  if (const long r = sys::fstat(fd, &st); r < 0) return r;
  return fs.f_type == PROC_SUPER_MAGIC && st.st_ino == kRootInode ? 0 : -EXDEV;
}

}  // namespace tinyrun
