#include "open.h"

#include <sys/syscall.h>

namespace tinyrun {

static std::string openNames(uint64_t flags) {
  const char* access = (flags & O_ACCMODE) == O_WRONLY ? "O_WRONLY" : (flags & O_ACCMODE) == O_RDWR ? "O_RDWR" : "";
  std::string rest = flagNames(flags & ~static_cast<uint64_t>(O_ACCMODE | O_CLOEXEC),
                               {{O_PATH, "O_PATH"},
                                {O_TMPFILE, "O_TMPFILE"},
                                {O_DIRECTORY, "O_DIRECTORY"},
                                {O_CREAT, "O_CREAT"},
                                {O_EXCL, "O_EXCL"},
                                {O_TRUNC, "O_TRUNC"},
                                {O_APPEND, "O_APPEND"},
                                {O_NONBLOCK, "O_NONBLOCK"},
                                {O_NOFOLLOW, "O_NOFOLLOW"},
                                {O_NOCTTY, "O_NOCTTY"}});
  if (*access == '\0') return rest;
  return rest.empty() ? access : std::string(access) + "," + rest;
}

Fd openHow(Fd dirfd, const Path& path, const open_how& how) {
  const long fd = retry([&] { return syscall(SYS_openat2, dirfd, path.c_str(), &how, sizeof how); });
  if (fd == -1) throw SyscallFailure{"openat2", errno, path, openNames(how.flags)};
  return static_cast<Fd>(fd);
}

Fd openPath(Fd dirfd, const Path& path) {
  return check(::openat(dirfd, path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC), "openat", path, "O_PATH,O_NOFOLLOW");
}

Fd openBeneath(Fd dirfd, const Path& path, int flags) {
  open_how how{};
  how.flags = static_cast<uint64_t>(flags) | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  return openHow(dirfd, path, how);
}

}  // namespace tinyrun
