// The mount calls: mount(2) of old, and the mount API on fds of Linux 5.2 to 5.12. The numbers are the kernel's own,
// not glibc's wrappers, which came with 2.36 only.
#include <linux/mount.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "bind.h"
#include "open.h"

namespace tinyrun {
namespace {

std::string mountNames(uint64_t flags) {
  return flagNames(flags, {{0x1, "ro"},          {0x2, "nosuid"},      {0x4, "nodev"},        {0x8, "noexec"},
                           {0x10, "sync"},       {0x20, "remount"},    {0x40, "mand"},        {0x80, "dirsync"},
                           {0x100, "nosymfollow"}, {0x400, "noatime"}, {0x800, "nodiratime"}, {0x1000, "bind"},
                           {0x2000, "move"},     {0x4000, "rec"},      {0x8000, "silent"},    {0x20000, "unbindable"},
                           {0x40000, "private"}, {0x80000, "slave"},   {0x100000, "shared"},  {0x200000, "relatime"},
                           {0x1000000, "strictatime"}, {0x2000000, "lazytime"}});
}

std::string attributeNames(uint64_t attr) {
  return flagNames(attr, {{MOUNT_ATTR_RDONLY, "ro"},
                          {MOUNT_ATTR_NOSUID, "nosuid"},
                          {MOUNT_ATTR_NODEV, "nodev"},
                          {MOUNT_ATTR_NOEXEC, "noexec"},
                          {MOUNT_ATTR_NOATIME, "noatime"},
                          {MOUNT_ATTR_STRICTATIME, "strictatime"},
                          {MOUNT_ATTR_NODIRATIME, "nodiratime"},
                          {MOUNT_ATTR_IDMAP, "idmap"},
                          {0x200000, "nosymfollow"}});
}

void pivotRoot(Path newRoot, Path putOld) {
  check(syscall(SYS_pivot_root, newRoot.c_str(), putOld.c_str()), "pivot_root", newRoot);
}

void mount(Path source, Path target, Text type, Flags flags, std::optional<Text> data) {
  const char* options = data ? data->c_str() : nullptr;
  if (syscall(SYS_mount, source.c_str(), target.c_str(), type.c_str(), flags.bits, options) == 0) return;
  const std::string what = type.empty() ? static_cast<std::string>(source) : type;
  throw SyscallFailure{"mount", errno, what + " on " + target, mountNames(flags)};
}

void umount(Path target, std::optional<Flags> flags) {
  const int all = flags ? flags->i32() : 0;
  check(syscall(SYS_umount2, target.c_str(), all), "umount2", target,
        flagNames(all, {{1, "MNT_FORCE"}, {2, "MNT_DETACH"}, {4, "MNT_EXPIRE"}, {8, "UMOUNT_NOFOLLOW"}}));
}

Fd fsopen(Text type, std::optional<Flags> flags) {
  const unsigned all = (flags ? flags->u32() : 0) | FSOPEN_CLOEXEC;
  return static_cast<Fd>(check(syscall(SYS_fsopen, type.c_str(), all), "fsopen", type));
}

// What the filesystem says in its context's log: "e overlay: No changes allowed in …" tells more than EINVAL.
std::string contextLog(Fd fd) {
  const int error = errno;
  std::string log;
  char line[1024];
  for (ssize_t size; (size = ::read(fd, line, sizeof line)) > 0;) {
    std::string_view text(line, static_cast<size_t>(size));
    if (text.size() > 2 && text[1] == ' ') text.remove_prefix(2);
    while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
    if (!log.empty()) log += "; ";
    log += text;
  }
  errno = error;
  return log;
}

void fsconfig(Fd fd, uint32_t command, std::optional<Text> key, Napi::Value value) {
  const std::string keyText = key ? static_cast<std::string>(*key) : std::string();
  const char* keyArg = key ? keyText.c_str() : nullptr;
  long result;
  std::string shown = keyText;
  if (value.IsUndefined()) {
    result = syscall(SYS_fsconfig, fd, command, keyArg, nullptr, 0);
  } else if (value.IsString()) {
    const Text text = readArg<Text>(value, 4);
    shown += "=" + text;
    result = syscall(SYS_fsconfig, fd, command, keyArg, text.c_str(),
                     command == FSCONFIG_SET_PATH || command == FSCONFIG_SET_PATH_EMPTY ? -100 : 0);
  } else if (value.IsNumber()) {
    result = syscall(SYS_fsconfig, fd, command, keyArg, nullptr, readArg<Fd>(value, 4));
  } else {
    wrongType(4, "a string or a file descriptor");
  }
  if (result == -1) {
    const std::string log = contextLog(fd);
    throw SyscallFailure{"fsconfig", errno, shown, log};
  }
}

Fd fsmount(Fd fd, Flags flags, Flags attributes) {
  const long mounted = syscall(SYS_fsmount, fd, flags.u32() | FSMOUNT_CLOEXEC, attributes.u32());
  if (mounted == -1) {
    const std::string log = contextLog(fd);
    throw SyscallFailure{"fsmount", errno, attributeNames(attributes), log};
  }
  return static_cast<Fd>(mounted);
}

Fd openTree(Fd dirfd, Path path, Flags flags) {
  const long fd = syscall(SYS_open_tree, dirfd, path.c_str(), flags.u32() | OPEN_TREE_CLOEXEC);
  return static_cast<Fd>(check(fd, "open_tree", path,
                               flagNames(flags, {{1, "OPEN_TREE_CLONE"}, {0x8000, "AT_RECURSIVE"},
                                                 {0x1000, "AT_EMPTY_PATH"}, {0x100, "AT_SYMLINK_NOFOLLOW"},
                                                 {O_CLOEXEC, "OPEN_TREE_CLOEXEC"}})));
}

void moveMount(Fd fromFd, Path fromPath, Fd toFd, Path toPath, Flags flags) {
  check(syscall(SYS_move_mount, fromFd, fromPath.c_str(), toFd, toPath.c_str(), flags.u32()), "move_mount", toPath,
        flagNames(flags, {{4, "MOVE_MOUNT_F_EMPTY_PATH"}, {0x40, "MOVE_MOUNT_T_EMPTY_PATH"}, {0x200, "MOVE_MOUNT_BENEATH"}}));
}

void mountSetattr(Fd dirfd, Path path, Flags flags, Options attributes) {
  mount_attr attr{};
  attr.attr_set = attributes.get<std::optional<uint64_t>>("set").value_or(0);
  attr.attr_clr = attributes.get<std::optional<uint64_t>>("clear").value_or(0);
  attr.propagation = attributes.get<std::optional<uint64_t>>("propagation").value_or(0);
  const auto userns = attributes.get<std::optional<Fd>>("usernsFd");
  if (userns && *userns < 0)
    throw ArgumentError{ArgumentError::kRange, 0, "usernsFd must be a file descriptor"};
  attr.userns_fd = static_cast<uint64_t>(userns.value_or(0));
  check(syscall(SYS_mount_setattr, dirfd, path.c_str(), flags.u32(), &attr, sizeof attr), "mount_setattr", path,
        attributeNames(attr.attr_set));
}

double statfsType(Napi::Value file) {
  struct statfs fs;
  if (file.IsNumber()) {
    const Fd fd = readArg<Fd>(file, 1);
    check(::fstatfs(fd, &fs), "fstatfs", std::to_string(fd));
  } else {
    const Path path = readArg<Path>(file, 1);
    check(::statfs(path.c_str(), &fs), "statfs", path);
  }
  return static_cast<double>(static_cast<uint32_t>(fs.f_type));
}

}  // namespace

void exportMount(Exports& out) {
  out.insert(out.end(), {bind<&pivotRoot>("pivotRoot"), bind<&mount>("mount"), bind<&umount>("umount"),
                         bind<&fsopen>("fsopen"), bind<&fsconfig>("fsconfig"), bind<&fsmount>("fsmount"),
                         bind<&openTree>("openTree"), bind<&moveMount>("moveMount"),
                         bind<&mountSetattr>("mountSetattr"), bind<&statfsType>("statfsType")});
}

}  // namespace tinyrun
