// Paths of a container. None is ever resolved by string: openat2(2) confines the walk to the root's fd, and what is
// done next is done to the fd it answers.
#pragma once

#include <linux/openat2.h>
#include <stdint.h>

namespace tinyrun {

// ".." and absolute symlinks stop at the root; /proc/*/fd and friends, which would lead out of it, are refused.
inline constexpr uint64_t kInRoot = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
// For targets that must be what they seem: /proc, /sys, the parents of device nodes.
inline constexpr uint64_t kPlain = kInRoot | RESOLVE_NO_SYMLINKS;

// openat2 below the root; EAGAIN (a rename raced with "..") is tried again. An fd or -errno.
long openInRoot(int root, const char* path, uint64_t flags, uint64_t resolve = kInRoot);

struct Making {
  bool directory = true;          // else an empty regular file
  unsigned mode = 0755;           // of the last component; parents get 0755
  uint64_t resolve = kInRoot;
};
// An O_PATH fd of the path, made with its parents where missing. A dangling symlink on the way is followed inside the
// root, as every container image with /etc/resolv.conf → ../run/… expects. An fd or -errno.
long makeInRoot(int root, const char* path, const Making& making);

// The parent directory (made where missing) as an fd, and the last component. An fd or -errno.
long parentInRoot(int root, const char* path, uint64_t resolve, char (&name)[256]);

// 0 when fd is the root of a procfs, else -errno.
long verifyProc(int fd);

}  // namespace tinyrun
