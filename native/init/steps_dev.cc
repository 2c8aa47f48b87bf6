// What is made inside the root: directories, nodes, symlinks, masks, the console.
#include <asm/termbits.h>

#include "mounts.h"
#include "root.h"

namespace tinyrun {

namespace {

constexpr unsigned device(unsigned major, unsigned minor) {
  return (minor & 0xff) | (major & 0xfff) << 8 | (minor & ~0xffu) << 12;   // the kernel's new_encode_dev
}

Result own(int dir, const char* name, uint32_t uid, uint32_t gid, const char* path) {
  if (uid == 0 && gid == 0) return kDone;
  return check("fchownat", sys::fchownat(dir, name, uid, gid, AT_SYMLINK_NOFOLLOW), path);
}

// An existing file is only good when it is the very device that was asked for.
bool isNode(int dir, const char* name, unsigned type, unsigned dev) {
  struct stat st;
  if (sys::fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) return false;
  return (st.st_mode & sys::kTypeMask) == type && (type == sys::kFifo || st.st_rdev == dev);
}

// The container's own null device; an image or a volume may have put anything in its place (CVE-2025-31133).
Result nullDevice(Container& lane) {
  if (lane.nullDevice >= 0) return kDone;
  sys::Fd fd(openInRoot(rootOf(lane), "/dev/null", O_PATH | O_NOFOLLOW, kPlain));
  if (fd.bad()) return failed("openat2", fd.value(), "/dev/null");
  struct stat st;
  if (Result r = check("fstat", sys::fstat(fd.get(), &st), "/dev/null"); !r) return r;
  if ((st.st_mode & sys::kTypeMask) != sys::kCharDevice || st.st_rdev != device(1, 3))
    return {ENODEV, "fstat", "/dev/null is not the null device"};
  lane.nullDevice = fd.release();
  return kDone;
}

// One empty file system serves every masked directory: the first has the mount itself, the others clones of it, since
// before Linux 6.15 only an attached mount can be cloned.
Result hideDirectory(Container& lane, int at, const char* path) {
  if (lane.emptyDirectory >= 0) {
    const sys::Fd tree(sys::openTree(lane.emptyDirectory, "", OPEN_TREE_CLONE | AT_EMPTY_PATH));
    if (tree.bad()) return failed("open_tree", tree.value(), path);
    return check("move_mount", sys::moveMount(tree.get(), at), path);
  }
  const sys::Fd fs(sys::fsopen("tmpfs"));
  if (fs.bad()) return failed("fsopen", fs.value(), "tmpfs");
  sys::Fd mount;
  constexpr const char* options[] = {"ro", "nr_inodes=2"};
  for (const char* option : options)
    if (Result r = configure(lane, fs.get(), "tmpfs", option); !r) return r;
  const uint64_t attr = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  if (Result r = createMount(lane, fs.get(), "tmpfs", attr, mount); !r) return r;
  lane.emptyDirectory = mount.release();
  return check("move_mount", sys::moveMount(lane.emptyDirectory, at), path);
}

}  // namespace

Result run(Container& lane, const args::makeDir& a) {
  const int root = rootOf(lane);
  const long there = openInRoot(root, a.path, O_PATH | O_DIRECTORY);
  if (there >= 0) {
    sys::close(static_cast<int>(there));
    return kDone;
  }
  if (there != -ENOENT) return failed("openat2", there, a.path);
  const sys::Fd made(makeInRoot(root, a.path, {.directory = true, .mode = a.mode}));
  if (made.bad()) return failed("mkdirat", made.value(), a.path);
  if (a.uid == 0 && a.gid == 0) return kDone;
  return check("fchownat", sys::fchownat(made.get(), "", a.uid, a.gid, AT_EMPTY_PATH), a.path);
}

Result run(Container& lane, const args::makeNode& a) {
  char name[256];
  // CVE-2026-41579: an image whose /dev is a symlink gets no nodes at the other end of it.
  const sys::Fd dir(parentInRoot(rootOf(lane), a.path, kPlain, name));
  if (dir.bad()) return failed("openat2", dir.value(), a.path);
  failpoint(lane, "makeNode");
  const unsigned dev = a.type == sys::kFifo ? 0 : device(a.major, a.minor);
  const long r = sys::mknodat(dir.get(), name, a.type | a.mode, dev);
  if (r == -EEXIST && isNode(dir.get(), name, a.type, dev)) return kDone;
  if (r < 0) return failed("mknodat", r, a.path);
  return own(dir.get(), name, a.uid, a.gid, a.path);
}

Result run(Container& lane, const args::makeSymlink& a) {
  char name[256];
  const sys::Fd dir(parentInRoot(rootOf(lane), a.path, kPlain, name));
  if (dir.bad()) return failed("openat2", dir.value(), a.path);
  const long r = sys::symlinkat(a.target, dir.get(), name);
  return r == -EEXIST ? kDone : check("symlinkat", r, a.path);
}

Result run(Container& lane, const args::mask& a) {
  const sys::Fd at(openInRoot(rootOf(lane), a.path, O_PATH));
  if (at.value() == -ENOENT || at.value() == -ENOTDIR) return kDone;
  if (at.bad()) return failed("openat2", at.value(), a.path);
  struct stat st;
  if (Result r = check("fstat", sys::fstat(at.get(), &st), a.path); !r) return r;
  failpoint(lane, "mask");
  if (sys::isDirectory(st.st_mode)) return hideDirectory(lane, at.get(), a.path);
  if (Result r = nullDevice(lane); !r) return r;
  const sys::Fd tree(sys::openTree(lane.nullDevice, "", OPEN_TREE_CLONE | AT_EMPTY_PATH));
  if (tree.bad()) return failed("open_tree", tree.value(), a.path);
  return check("move_mount", sys::moveMount(tree.get(), at.get()), a.path);
}

// ---- the console --------------------------------------------------------------------------------------

namespace {

constexpr unsigned kFirstPts = 136, kLastPts = 143;   // Documentation/admin-guide/devices.txt
constexpr unsigned long kDevptsMagic = DEVPTS_SUPER_MAGIC;

Result openMaster(Container& lane, sys::Fd& master) {
  constexpr const char* path = "/dev/pts/ptmx";
  master.reset(openInRoot(rootOf(lane), path, O_RDWR | O_NOCTTY, kPlain));
  if (master.bad()) return failed("openat2", master.value(), path);
  struct statfs fs;
  if (Result r = check("fstatfs", sys::fstatfs(master.get(), &fs), path); !r) return r;
  if (static_cast<unsigned long>(fs.f_type) != kDevptsMagic) return {ENODEV, "fstatfs", "/dev/pts is not a devpts"};
  int locked = 0;
  return check("ioctl TIOCSPTLCK", sys::ioctl(master.get(), TIOCSPTLCK, &locked), path);
}

// By fd from the master: /dev/pts/N may be something else by the time it is looked up (CVE-2025-52565).
Result openPeer(const sys::Fd& master, sys::Fd& peer) {
  peer.reset(sys::ioctl(master.get(), TIOCGPTPEER, long{O_RDWR | O_NOCTTY | O_CLOEXEC}));
  if (peer.bad()) return failed("ioctl TIOCGPTPEER", peer.value(), "/dev/pts/ptmx");
  struct stat st;
  if (Result r = check("fstat", sys::fstat(peer.get(), &st), "/dev/console"); !r) return r;
  const unsigned major = static_cast<unsigned>(st.st_rdev >> 8 & 0xfff);
  const bool isPts = (st.st_mode & sys::kTypeMask) == sys::kCharDevice && major >= kFirstPts && major <= kLastPts;
  return isPts ? kDone : Result{ENODEV, "fstat", "the console is not a pseudo-terminal"};
}

Result bindConsole(Container& lane, const sys::Fd& peer) {
  const Making making = {.directory = false, .mode = 0600, .resolve = kPlain};
  const sys::Fd target(makeInRoot(rootOf(lane), "/dev/console", making));
  if (target.bad()) return failed("openat2", target.value(), "/dev/console");
  const sys::Fd tree(sys::openTree(peer.get(), "", OPEN_TREE_CLONE | AT_EMPTY_PATH));
  if (tree.bad()) return failed("open_tree", tree.value(), "/dev/console");
  return check("move_mount", sys::moveMount(tree.get(), target.get()), "/dev/console");
}

}  // namespace

// Clears ONLCR, by which a terminal makes \r\n of \n.
static Result keepLineEnds(const sys::Fd& terminal) {
  struct termios settings;
  if (Result r = check("ioctl TCGETS", sys::ioctl(terminal.get(), TCGETS, &settings), "/dev/console"); !r) return r;
  settings.c_oflag &= ~static_cast<tcflag_t>(ONLCR);
  return check("ioctl TCSETS", sys::ioctl(terminal.get(), TCSETS, &settings), "/dev/console");
}

Result run(Container& lane, const args::console& a) {
  if ((a.flags & flag::console::controllingOnly) != 0)
    return check("ioctl TIOCSCTTY", sys::ioctl(0, TIOCSCTTY, 0L), "/dev/console");
  sys::Fd master, peer;
  if (Result r = openMaster(lane, master); !r) return r;
  if (Result r = openPeer(master, peer); !r) return r;
  failpoint(lane, "console");
  if (a.rows != 0 && a.columns != 0) {
    unsigned short size[4] = {static_cast<unsigned short>(a.rows), static_cast<unsigned short>(a.columns), 0, 0};
    if (Result r = check("ioctl TIOCSWINSZ", sys::ioctl(peer.get(), TIOCSWINSZ, size), "/dev/console"); !r) return r;
  }
  if ((a.flags & flag::console::lineEndsStay) != 0)
    if (Result r = keepLineEnds(peer); !r) return r;
  if (Result r = check("fchown", sys::fchown(peer.get(), a.uid, kNoSlot), "/dev/console"); !r) return r;
  if ((a.flags & flag::console::noConsoleNode) == 0)
    if (Result r = bindConsole(lane, peer); !r) return r;
  if (Result r = tell(lane, control::Kind::fd, a.slot, master.get()); !r) return r;
  for (int fd = 0; fd < 3; ++fd)
    if (Result r = check("dup3", sys::dup3(peer.get(), fd, 0), "/dev/console"); !r) return r;
  if ((a.flags & flag::console::notControlling) != 0) return kDone;
  return check("ioctl TIOCSCTTY", sys::ioctl(0, TIOCSCTTY, 0L), "/dev/console");
}

// An image or a volume may have put anything there, which is no input then.
Result run(Container& lane, const args::nullInput&) {
  if (!nullDevice(lane)) return kDone;
  const sys::Fd device(openInRoot(rootOf(lane), "/dev/null", O_RDONLY | O_NOFOLLOW | O_NONBLOCK, kPlain));
  struct stat null, opened;
  if (device.bad() || sys::fstat(device.get(), &opened) < 0 || sys::fstat(lane.nullDevice, &null) < 0) return kDone;
  if (null.st_dev != opened.st_dev || null.st_ino != opened.st_ino) return kDone;
  return check("dup3", sys::dup3(device.get(), 0, 0), "/dev/null");
}

}  // namespace tinyrun
