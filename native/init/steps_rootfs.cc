// The root file system: made, entered, made the only one.
#include "mounts.h"
#include "root.h"

namespace tinyrun {

int rootOf(Container& lane) {
  if (lane.root < 0) lane.root = static_cast<int>(sys::openat(AT_FDCWD, "/", O_PATH | O_DIRECTORY));
  return lane.root;
}

void forgetRoot(Container& lane) {
  drop(lane.root);
}

namespace {

// pivot_root(2) answers EINVAL when the new root or its parent mount is shared: make the mount that `path` lies on
// private, climbing until there is a mount point.
Result makeParentPrivate(const char* path) {
  Text<4096> at;
  if (at.add(path).cut()) return {ENAMETOOLONG, "mount", path};
  for (size_t end = at.size();;) {
    const long r = sys::mount(nullptr, end == 0 ? "/" : at.c_str(), nullptr, MS_PRIVATE, nullptr);
    if (r != -EINVAL || end == 0) return check("mount", r, path);
    while (end > 0 && at.c_str()[end - 1] != '/') --end;
    while (end > 0 && at.c_str()[end - 1] == '/') --end;
    at.data()[end] = 0;
  }
}

// Attaches a detached mount over `path`; its fd is the root from here on.
Result attachRoot(Container& lane, sys::Fd& mount, const char* path) {
  if (lane.sharedRoot) {
    if (Result r = makeParentPrivate(path); !r) return r;
    struct mount_attr attr = {};
    attr.propagation = MS_PRIVATE;
    if (Result r = check("mount_setattr", sys::mountSetattr(mount.get(), "", AT_EMPTY_PATH, &attr), path); !r) return r;
  }
  sys::Fd target(sys::openat(AT_FDCWD, path, O_PATH | O_DIRECTORY));
  if (target.bad()) return failed("openat", target.value(), path);
  if (Result r = check("move_mount", sys::moveMount(mount.get(), target.get()), path); !r) return r;
  forgetRoot(lane);
  lane.root = mount.release();
  return kDone;
}

}  // namespace

Result run(Container& lane, const args::propagateRoot& a) {
  lane.sharedRoot = (a.flags & MS_SHARED) != 0;
  return check("mount", sys::mount(nullptr, "/", nullptr, a.flags, nullptr), "/");
}

Result run(Container& lane, const args::rootfsBind& a) {
  sys::Fd tree(sys::openTree(AT_FDCWD, a.path, OPEN_TREE_CLONE | (a.recursive != 0 ? AT_RECURSIVE : 0u)));
  if (tree.bad()) return failed("open_tree", tree.value(), a.path);
  return attachRoot(lane, tree, a.path);
}

Result run(Container& lane, const args::rootfsAttach& a) {
  sys::Fd tree(lane.take(a.slot));
  if (tree.bad()) return {EBADF, "move_mount", "slot"};
  return attachRoot(lane, tree, a.path);
}

Result run(Container& lane, const args::rootfsOverlay& a) {
  sys::Fd mount;
  if (Result r = mountOverlay(lane, a, mount); !r) return r;
  return attachRoot(lane, mount, a.path);
}

namespace {

// What the image has instead of a plain directory or file is unlinked and made anew. An O_PATH fd or -errno.
long plainChild(int dir, const char* name, bool directory) {
  constexpr int kTries = 8;
  for (int tries = 0; tries < kTries; ++tries) {
    const long fd = sys::openat2(dir, name, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
    if (fd == -ENOENT) {
      const long made = directory ? sys::mkdirat(dir, name, 0755) : sys::mknodat(dir, name, sys::kRegular | 0755, 0);
      if (made < 0 && made != -EEXIST) return made;
      continue;
    }
    if (fd < 0) return fd;
    struct stat st;
    const long told = sys::fstat(static_cast<int>(fd), &st);
    if (told == 0 && (sys::isDirectory(st.st_mode) || (!directory && sys::isRegular(st.st_mode)))) return fd;
    sys::close(static_cast<int>(fd));
    if (told < 0) return told;
    if (const long gone = sys::unlinkat(dir, name, 0); gone < 0 && gone != -ENOENT) return gone;
  }
  return -ELOOP;
}

Result plainPath(Container& lane, const char* path, bool directory) {
  sys::Fd at(sys::fcntl(rootOf(lane), F_DUPFD_CLOEXEC, 3));
  if (at.bad()) return failed("fcntl", at.value(), path);
  for (size_t start = 0; path[start] != 0;) {
    size_t end = start;
    while (path[end] != 0 && path[end] != '/') ++end;
    Text<256> name;
    if (name.add(path + start, end - start).cut()) return {ENAMETOOLONG, "openat2", path};
    while (path[end] == '/') ++end;
    start = end;
    if (name.size() == 0) continue;
    at.reset(plainChild(at.get(), name.c_str(), path[end] != 0 || directory));
    if (at.bad()) return failed("openat2", at.value(), path);
  }
  return kDone;
}

}  // namespace

Result run(Container& lane, const args::plainPaths& a) {
  for (const Str path : a.dirs)
    if (Result r = plainPath(lane, path, true); !r) return r;
  for (const Str path : a.files)
    if (Result r = plainPath(lane, path, false); !r) return r;
  return kDone;
}

Result run(Container& lane, const args::rootfsDirect& a) {
  const long root = sys::openat(AT_FDCWD, a.path, O_PATH | O_DIRECTORY);
  if (root < 0) return failed("openat", root, a.path);
  forgetRoot(lane);
  lane.root = static_cast<int>(root);
  return kDone;
}

// The old root ends up mounted over the new one, where the detach finds it: no put_old directory is needed.
Result run(Container& lane, const args::pivotRoot&) {
  const int root = rootOf(lane);
  if (Result r = check("fchdir", sys::fchdir(root), "root"); !r) return r;
  if (Result r = check("pivot_root", sys::pivotRoot(".", "."), "."); !r) return r;
  // Slave first, where the root is shared: the detach must not reach the mounts it came from.
  if (lane.sharedRoot)
    if (Result r = check("mount", sys::mount(nullptr, ".", nullptr, MS_SLAVE | MS_REC, nullptr), "."); !r) return r;
  if (Result r = check("umount2", sys::umount2(".", 2 /* MNT_DETACH */), "."); !r) return r;
  return check("chdir", sys::chdir("/"), "/");
}

Result run(Container& lane, const args::moveRoot&) {
  const int root = rootOf(lane);
  if (Result r = check("fchdir", sys::fchdir(root), "root"); !r) return r;
  char path[4096];
  if (const long n = sys::getcwd(path, sizeof path); n < 0) return failed("getcwd", n, "root");
  if (Result r = hideKernelFilesystems(lane, path); !r) return r;
  if (Result r = check("mount", sys::mount(".", "/", nullptr, MS_MOVE, nullptr), "/"); !r) return r;
  if (Result r = check("chroot", sys::chroot("."), "."); !r) return r;
  return check("chdir", sys::chdir("/"), "/");
}

Result run(Container& lane, const args::chroot&) {
  const int root = rootOf(lane);
  if (Result r = check("fchdir", sys::fchdir(root), "root"); !r) return r;
  if (Result r = check("chroot", sys::chroot("."), "."); !r) return r;
  return check("chdir", sys::chdir("/"), "/");
}

Result run(Container& lane, const args::readonlyRoot&) {
  const int root = rootOf(lane);
  struct mount_attr attr = {};
  attr.attr_set = MOUNT_ATTR_RDONLY;
  return check("mount_setattr", sys::mountSetattr(root, "", AT_EMPTY_PATH, &attr), "/");
}

Result run(Container&, const args::rootPropagation& a) {
  return check("mount", sys::mount(nullptr, "/", nullptr, a.flags, nullptr), "/");
}

}  // namespace tinyrun
