// Mounts inside the root: made detached, finished with their attributes, then attached onto an fd.
#include "mounts.h"
#include "root.h"

namespace tinyrun {

namespace {

bool isDirectory(int fd) {
  struct stat st;
  return sys::fstat(fd, &st) == 0 && sys::isDirectory(st.st_mode);
}

bool below(const char* path, const char* place) {
  while (*place != 0)
    if (*path++ != *place++) return false;
  return *path == 0 || *path == '/';
}

bool sameFile(int a, const struct stat& b) {
  struct stat st;
  return a >= 0 && sys::fstat(a, &st) == 0 && st.st_dev == b.st_dev && st.st_ino == b.st_ino;
}

Result leadsTo(Container& lane, const char* target, const char* place) {
  lane.detail.clear();
  lane.detail.add(target).add(": leads to ").add(place).add(", which must not be covered");
  return {EPERM, "move_mount", lane.detail.c_str()};
}

// Which paths may be mounted over is decided by their text; a symlink of the image makes another place of it. What was
// resolved is therefore looked at: nothing covers the root, procfs, or the /dev and /sys of this container under another
// name (sysctls and labels are written to the one, nodes made in the other). procfs has no links of an image's making.
Result checkPlace(Container& lane, int at, const char* target) {
  struct stat st;
  if (Result r = check("fstat", sys::fstat(at, &st), target); !r) return r;
  if (sameFile(rootOf(lane), st)) return leadsTo(lane, target, "/");
  struct statfs fs;
  if (Result r = check("fstatfs", sys::fstatfs(at, &fs), target); !r) return r;
  if (fs.f_type == PROC_SUPER_MAGIC && !below(target, "/proc")) return leadsTo(lane, target, "/proc");
  for (size_t i = 0; i < kOwnPlaces; ++i)
    if (!equal(target, kOwnPlace[i]) && sameFile(lane.ownPlaces[i], st)) return leadsTo(lane, target, kOwnPlace[i]);
  return kDone;
}

// A new mount at a place that checkPlace knows.
void rememberPlace(Container& lane, int mount, const char* target) {
  for (size_t i = 0; i < kOwnPlaces; ++i) {
    if (!equal(target, kOwnPlace[i])) continue;
    drop(lane.ownPlaces[i]);
    lane.ownPlaces[i] = static_cast<int>(sys::fcntl(mount, F_DUPFD_CLOEXEC, 3));
  }
}

Result attach(Container& lane, int mount, const char* target, const Making& making, bool mustExist) {
  const int root = rootOf(lane);
  const sys::Fd at(mustExist ? openInRoot(root, target, O_PATH, making.resolve) : makeInRoot(root, target, making));
  if (at.bad()) return failed("openat2", at.value(), target);
  if (Result r = checkPlace(lane, at.get(), target); !r) return r;
  failpoint(lane, "attach");
  const long moved = sys::moveMount(mount, at.get());
  // what it answers for a file on a directory and for much else; mount(2) says this of either, and Docker looks for it
  if (moved == -EINVAL && isDirectory(at.get()) != making.directory) return {ENOTDIR, "move_mount", target};
  return check("move_mount", moved, target);
}

Result setAttributes(int mount, uint64_t set, uint64_t clear, bool recursive, const char* what) {
  if (set == 0 && clear == 0) return kDone;
  struct mount_attr attr = {};
  attr.attr_set = set;
  attr.attr_clr = clear;
  const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0u);
  return check("mount_setattr", sys::mountSetattr(mount, "", flags, &attr), what);
}

// The attributes that are asked for, and none that the source has; those that the kernel has locked stay (EPERM).
Result setOwnAttributes(int mount, uint64_t set, uint64_t clear, uint64_t kept, const char* what) {
  constexpr uint64_t kAll =
      MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSYMFOLLOW;
  const uint64_t drop = kAll & ~(set | clear | kept);
  const Result all = setAttributes(mount, set, clear | drop, false, what);
  if (all || all.err != EPERM) return all;
  if (Result r = setAttributes(mount, set, clear, false, what); !r) return r;
  for (uint64_t bit = 1; bit <= drop; bit <<= 1)
    if ((drop & bit) != 0)
      if (Result r = setAttributes(mount, 0, bit, false, what); !r && r.err != EPERM) return r;
  return kDone;
}

// A procfs of this very container, whose root nobody but us has seen: what the steps that write below /proc use.
void rememberProc(Container& lane, int mount) {
  const long copy = sys::fcntl(mount, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return;
  drop(lane.proc);
  lane.proc = static_cast<int>(copy);
}

// "mode=" of the directory that the new file system will cover.
Result takeMode(Container& lane, const args::mountFs& a, int fs) {
  const sys::Fd target(openInRoot(rootOf(lane), a.target, O_PATH | O_DIRECTORY));
  struct stat st;
  if (target.bad() || sys::fstat(target.get(), &st) < 0) return kDone;   // attach makes it, or says what is wrong
  char option[] = "mode=0000";
  for (unsigned i = 0; i < 4; ++i) option[5 + i] = static_cast<char>('0' + (st.st_mode >> (9 - 3 * i) & 7));
  return configure(lane, fs, a.type, option);
}

Result openContext(Container& lane, const args::mountFs& a, sys::Fd& fs) {
  fs.reset(sys::fsopen(a.type));
  if (fs.bad()) {
    const Result r = failed("fsopen", fs.value(), a.type);
    return (a.flags & flag::mountFs::optional) != 0 && r.err == ENODEV ? ignored(r) : r;
  }
  if (!a.source.empty()) {
    const long r = sys::fsconfig(fs.get(), FSCONFIG_SET_STRING, "source", a.source.data, 0);
    if (r < 0) return fsFailure(lane, fs.get(), "fsconfig", r, a.source);
  }
  if ((a.flags & flag::mountFs::readOnly) != 0)
    if (Result r = configure(lane, fs.get(), a.type, "ro"); !r) return r;
  if ((a.flags & flag::mountFs::keepMode) != 0)
    if (Result r = takeMode(lane, a, fs.get()); !r) return r;
  for (const Str option : a.options)
    if (Result r = configure(lane, fs.get(), a.type, option); !r) return r;
  return kDone;
}

Result copyTarget(Container& lane, const args::mountFs& a, int mount) {
  const int root = rootOf(lane);
  const sys::Fd from(openInRoot(root, a.target, O_RDONLY | O_DIRECTORY));
  if (from.value() == -ENOENT) return kDone;
  if (from.bad()) return failed("openat2", from.value(), a.target);
  if (Result r = checkPlace(lane, from.get(), a.target); !r) return r;
  return copyUp(lane, from.get(), mount, a.target);
}

// Of a directory that is to be filled; the engine asks only while its record says that nobody has.
constexpr unsigned kUnfilled = 01000;

// The mark is gone once all is copied: what was stopped half-way still has it.
Result fillMarked(Container& lane, const args::bind& a, int tree) {
  struct stat st;
  if (Result r = check("fstat", sys::fstat(tree, &st), a.target); !r) return r;
  if (st.st_mode != (sys::kDirectory | kUnfilled)) return kDone;
  const sys::Fd from(openInRoot(rootOf(lane), a.target, O_RDONLY | O_DIRECTORY));
  if (from.value() == -ENOENT) return check("fchmodat", sys::call(__NR_fchmodat, tree, ".", 0755), a.target);
  if (from.bad()) return failed("openat2", from.value(), a.target);
  if (Result r = checkPlace(lane, from.get(), a.target); !r) return r;
  return copyUp(lane, from.get(), tree, a.target);
}

}  // namespace

Result setPropagation(int mount, uint32_t propagation, const char* what) {
  if ((propagation & ~static_cast<uint32_t>(MS_REC)) == 0) return kDone;
  struct mount_attr attr = {};
  attr.propagation = propagation & ~static_cast<uint32_t>(MS_REC);
  const unsigned flags = AT_EMPTY_PATH | ((propagation & MS_REC) != 0 ? AT_RECURSIVE : 0u);
  return check("mount_setattr", sys::mountSetattr(mount, "", flags, &attr), what);
}

Result run(Container& lane, const args::mountFs& a) {
  sys::Fd fs, mount;
  if (Result r = openContext(lane, a, fs); !r) return r;
  const bool isProc = equal(a.type, "proc");
  if (Result r = createMount(lane, fs.get(), a.target, a.attr, mount); !r) return r;
  if ((a.flags & flag::mountFs::copyUp) != 0)
    if (Result r = copyTarget(lane, a, mount.get()); !r) return r;
  if (Result r = setPropagation(mount.get(), a.propagation, a.target); !r) return r;
  const Making making = {.directory = true, .mode = 0755, .resolve = (a.flags & flag::mountFs::plainTarget) != 0 ? kPlain : kInRoot};
  if (Result r = attach(lane, mount.get(), a.target, making, false); !r) return r;
  if (isProc) rememberProc(lane, mount.get());
  rememberPlace(lane, mount.get(), a.target);
  return kDone;
}

Result run(Container& lane, const args::bind& a) {
  sys::Fd tree;
  const bool recursive = (a.flags & flag::bind::recursive) != 0;
  const unsigned clone = OPEN_TREE_CLONE | (recursive ? AT_RECURSIVE : 0u);
  if (a.slot != kNoSlot) {
    tree.reset(lane.take(a.slot));
    if (tree.bad()) return {EBADF, "move_mount", a.target};
  } else if ((a.flags & flag::bind::sourceInRoot) != 0) {
    const int root = rootOf(lane);
    const sys::Fd source(openInRoot(root, a.source, O_PATH));
    tree.reset(source.bad() ? source.value() : sys::openTree(source.get(), "", clone | AT_EMPTY_PATH));
  } else {
    tree.reset(sys::openTree(AT_FDCWD, a.source, clone));
  }
  if (tree.bad()) {
    const Result r = failed("open_tree", tree.value(), a.source);
    return (a.flags & flag::bind::skipMissing) != 0 && r.err == ENOENT ? ignored(r) : r;
  }
  if ((a.flags & flag::bind::copyUp) != 0)
    if (Result r = fillMarked(lane, a, tree.get()); !r) return r;
  if (Result r = setAttributes(tree.get(), a.recAttrSet, a.recAttrClear, true, a.target); !r) return r;
  const Result own = (a.flags & flag::bind::ownAttributes) != 0
                         ? setOwnAttributes(tree.get(), a.attrSet, a.attrClear, a.recAttrSet, a.target)
                         : setAttributes(tree.get(), a.attrSet, a.attrClear, false, a.target);
  if (!own) return own;
  if (Result r = setPropagation(tree.get(), a.propagation, a.target); !r) return r;
  const bool directory = isDirectory(tree.get());
  return attach(lane, tree.get(), a.target, {.directory = directory, .mode = directory ? 0755u : 0644u},
                (a.flags & flag::bind::targetMustExist) != 0);
}

Result run(Container& lane, const args::mountAttr& a) {
  const int root = rootOf(lane);
  const sys::Fd at(openInRoot(root, a.path, O_PATH));
  if (at.bad()) return failed("openat2", at.value(), a.path);
  if (Result r = setAttributes(at.get(), a.set, a.clear, a.recursive != 0, a.path); !r) return r;
  return setPropagation(at.get(), a.propagation, a.path);
}

Result run(Container& lane, const args::readonlyPath& a) {
  const int root = rootOf(lane);
  const sys::Fd at(openInRoot(root, a.path, O_PATH));
  if (at.value() == -ENOENT || at.value() == -ENOTDIR) return kDone;
  if (at.bad()) return failed("openat2", at.value(), a.path);
  const sys::Fd tree(sys::openTree(at.get(), "", OPEN_TREE_CLONE | AT_RECURSIVE | AT_EMPTY_PATH));
  if (tree.bad()) return failed("open_tree", tree.value(), a.path);
  if (Result r = setAttributes(tree.get(), MOUNT_ATTR_RDONLY, 0, true, a.path); !r) return r;
  failpoint(lane, "readonlyPath");
  return check("move_mount", sys::moveMount(tree.get(), at.get()), a.path);
}

}  // namespace tinyrun
