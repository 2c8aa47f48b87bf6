// rm -r by fd. A directory is only ever entered by openat2 without symlinks and without crossing a mount, so nothing
// that is swapped meanwhile leads anywhere else.
#include "machine.h"
#include "sys.h"
#include "text.h"

namespace tinyrun {

namespace {

constexpr int kMaxDepth = 48;   // fds held at once; deeper directories are first moved up to the top

class Remover {
 public:
  // Empties `dir` at `depth`. `top_` is the tree's own directory, where too deep subdirectories are moved to.
  explicit Remover(int top) : top_(top) {}

  long empty(int dir, int depth) {
    // What a pass cannot remove at once it enters, which uses the buffer anew: then the directory is read again.
    for (bool changed = true; changed;) {
      changed = false;
      if (const long r = sys::lseek(dir, 0, 0 /* SEEK_SET */); r < 0) return r;
      for (long n; !changed && (n = sys::getdents(dir, buffer_, sizeof buffer_)) != 0;) {
        if (n == -ENOENT) return 0;   // somebody else is at it, too, and has removed this one
        if (n < 0) return n;
        if (const long r = pass(dir, depth, n, changed); r < 0) return r;
      }
    }
    return 0;
  }

 private:
  long pass(int dir, int depth, long size, bool& changed) {
    for (long at = 0; at < size && !changed;) {
      const auto* entry = reinterpret_cast<const sys::DirectoryEntry*>(buffer_ + at);
      at += entry->size;
      if (equal(entry->name, ".") || equal(entry->name, "..")) continue;
      long r = entry->type == sys::kDirectoryType ? -EISDIR : sys::unlinkat(dir, entry->name, 0);
      if (r == -EISDIR) r = sys::unlinkat(dir, entry->name, AT_REMOVEDIR);   // most are empty, or a file by now
      if (r == -ENOTEMPTY || r == -EEXIST) {
        Text<256> name;
        name.add(entry->name);
        changed = true;
        r = descend(dir, name.c_str(), depth);
      }
      if (r < 0 && r != -ENOENT && r != -ENOTEMPTY) return r;   // somebody else is at it: it is looked at anew
    }
    return 0;
  }

  long descend(int dir, const char* name, int depth) {
    if (depth >= kMaxDepth) return moveUp(dir, name);
    const sys::Fd child(sys::openat2(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW,
                                     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV));
    if (child.bad()) return child.value() == -EXDEV ? -EBUSY : child.value();
    if (const long r = empty(child.get(), depth + 1); r < 0) return r;
    return sys::unlinkat(dir, name, AT_REMOVEDIR);
  }

  long moveUp(int dir, const char* name) {
    long r = -EEXIST;
    while (r == -EEXIST || r == -ENOTEMPTY) {
      Text<48> fresh;
      fresh.add(".tinyrun-removed-").add(moved_++);
      r = sys::renameat(dir, name, top_, fresh.c_str());
    }
    return r;
  }

  int top_;
  uint64_t moved_ = 0;
  alignas(8) char buffer_[8192];
};

}  // namespace

int removeTreeAt(int dirfd, const char* name) {
  const long file = sys::unlinkat(dirfd, name, 0);
  if (file == 0 || file == -ENOENT) return 0;
  if (file != -EISDIR && file != -EPERM) return static_cast<int>(file);
  const sys::Fd top(sys::openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (top.bad()) return static_cast<int>(top.value() == -ENOENT ? 0 : top.value());
  Remover remover(top.get());
  // Directories that were moved up are found by another pass over the top.
  for (;;) {
    if (const long r = remover.empty(top.get(), 0); r < 0) return static_cast<int>(r);
    const long r = sys::unlinkat(dirfd, name, AT_REMOVEDIR);
    if (r == 0 || r == -ENOENT) return 0;
    if (r != -ENOTEMPTY) return static_cast<int>(r);
  }
}

}  // namespace tinyrun
