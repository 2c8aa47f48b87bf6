// open, openTree, closeSlot: fds that steps hand to each other, in either lane.
#include "lane.h"

namespace tinyrun {

Result run(Lane& lane, const args::open& a) {
  const long fd = sys::openat(AT_FDCWD, a.path, static_cast<int>(a.flags));
  if (fd < 0) return failed("openat", fd, a.path);
  return lane.put(a.slot, static_cast<int>(fd));
}

namespace {

// Of openTree and openBelow, which have both.
struct How {
  uint32_t recursive;
  uint32_t userns;
  uint32_t slot;
};

Result keep(Lane& lane, sys::Fd& tree, const char* path, const How& a) {
  const unsigned recursive = (a.recursive & flag::openTree::recursive) != 0 ? AT_RECURSIVE : 0;
  if (tree.bad()) return failed("open_tree", tree.value(), path);
  if (lane.onHost) {
    // A clone of one of the host's shared mounts is its peer: what the container mounts below would show on the host.
    struct mount_attr slave = {};
    slave.propagation = MS_SLAVE;
    const long r = sys::mountSetattr(tree.get(), "", AT_EMPTY_PATH | recursive, &slave);
    if (r < 0) return failed("mount_setattr", r, path);
  }
  if (a.userns != kNoSlot) {
    struct mount_attr map = {};
    map.attr_set = MOUNT_ATTR_IDMAP;
    map.userns_fd = static_cast<uint64_t>(lane.fdOf(a.userns));
    const unsigned below = (a.recursive & flag::openTree::mapsBelow) != 0 ? AT_RECURSIVE : 0u;
    const long r = sys::mountSetattr(tree.get(), "", AT_EMPTY_PATH | below, &map);
    if (r < 0) return failed("mount_setattr", r, path);
  }
  return lane.put(a.slot, tree.release());
}

unsigned cloneFlags(uint32_t recursive) {
  return OPEN_TREE_CLONE | ((recursive & flag::openTree::recursive) != 0 ? AT_RECURSIVE : 0u);
}

}  // namespace

Result run(Lane& lane, const args::openTree& a) {
  sys::Fd tree(sys::openTree(AT_FDCWD, a.path, cloneFlags(a.recursive)));
  return keep(lane, tree, a.path, {a.recursive, a.userns, a.slot});
}

Result run(Lane& lane, const args::openBelow& a) {
  const sys::Fd root(sys::openat(AT_FDCWD, a.root, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  if (root.bad()) return failed("openat", root.value(), a.root);
  long below = -EAGAIN;   // a rename raced with ".."
  for (int tries = 0; tries < 128 && below == -EAGAIN; ++tries)
    below = sys::openat2(root.get(), a.path, O_PATH, RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS);
  const sys::Fd found(below);
  if (found.bad()) return failed("openat2", found.value(), a.path);
  sys::Fd tree(sys::openTree(found.get(), "", cloneFlags(a.recursive) | AT_EMPTY_PATH));
  return keep(lane, tree, a.path, {a.recursive, a.userns, a.slot});
}

Result run(Lane& lane, const args::closeSlot& a) {
  const int fd = lane.take(a.slot);
  if (fd < 0) return kDone;
  return check("close", sys::close(fd), "");
}

Result run(Lane&, const args::timeOffsets& a) {
  // Of this process: its children's time namespace, until the first of them is in it.
  sys::Fd file(sys::openat(AT_FDCWD, "/proc/self/timens_offsets", O_WRONLY));
  if (file.bad()) return failed("openat", file.value(), "/proc/self/timens_offsets");
  const long n = sys::write(file.get(), a.offsets.data, a.offsets.size);
  return n < 0 ? failed("write", n, "/proc/self/timens_offsets") : kDone;
}

}  // namespace tinyrun
