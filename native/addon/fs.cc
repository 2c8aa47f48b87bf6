// The *at(2) calls, on fds. No call here follows a symlink in the last component unless AT_SYMLINK_FOLLOW is given:
// what lies below a container's directory is not ours. An empty path is the fd itself.
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "../init/machine.h"
#include "bind.h"
#include "open.h"

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452  // Linux 6.6
#endif

namespace tinyrun {
namespace {

// The kernel's flags for `path`: AT_EMPTY_PATH where it is empty, AT_SYMLINK_NOFOLLOW unless following was asked for.
int atFlags(const Path& path, const std::optional<Flags>& flags) {
  const int asked = flags ? flags->i32() : 0;
  const int follow = (asked & AT_SYMLINK_FOLLOW) != 0 ? 0 : AT_SYMLINK_NOFOLLOW;
  return (asked & ~AT_SYMLINK_FOLLOW) | follow | (path.empty() ? AT_EMPTY_PATH : 0);
}

int64_t nanoseconds(const timespec& time) { return time.tv_sec * 1'000'000'000LL + time.tv_nsec; }

timespec timeOf(const std::optional<int64_t>& ns) {
  if (!ns) return {0, UTIME_OMIT};
  const int64_t billion = 1'000'000'000;
  const int64_t second = *ns / billion - (*ns % billion < 0 ? 1 : 0);
  return {second, static_cast<long>(*ns - second * billion)};
}

Fd openat2(Fd dirfd, Path path, Options how) {
  const auto flags = how.get<Flags>("flags");
  open_how request{};
  request.flags = flags | O_CLOEXEC;
  request.mode = how.get<std::optional<uint32_t>>("mode").value_or(0);
  request.resolve = how.get<std::optional<Flags>>("resolve").value_or(Flags{});
  return openHow(dirfd, path, request);
}

// openat2 for the one case that comes once per file of a layer: without an options object to read.
Fd createFile(Fd dirfd, Path path, uint32_t mode) {
  return check(::openat(dirfd, path.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, mode), "openat", path,
               "O_CREAT,O_EXCL");
}

void close(Fd fd) { check(::close(fd), "close", std::to_string(fd)); }

Fd dup(Fd fd) { return check(fcntl(fd, F_DUPFD_CLOEXEC, 3), "fcntl", std::to_string(fd), "F_DUPFD_CLOEXEC"); }

void setCloexec(Fd fd, bool on) {
  check(fcntl(fd, F_SETFD, on ? FD_CLOEXEC : 0), "fcntl", std::to_string(fd), "F_SETFD");
}

void mkdirat(Fd dirfd, Path path, uint32_t mode) { check(::mkdirat(dirfd, path.c_str(), mode), "mkdirat", path); }

void mknodat(Fd dirfd, Path path, uint32_t mode, uint32_t major, uint32_t minor) {
  check(::mknodat(dirfd, path.c_str(), mode, makedev(major, minor)), "mknodat", path);
}

void symlinkat(Path target, Fd dirfd, Path path) {
  check(::symlinkat(target.c_str(), dirfd, path.c_str()), "symlinkat", path);
}

// AT_SYMLINK_FOLLOW is linkat's own default-off flag, so it passes unchanged.
void linkat(Fd oldDirfd, Path oldPath, Fd newDirfd, Path newPath, std::optional<Flags> flags) {
  const int all = (flags ? flags->i32() : 0) | (oldPath.empty() ? AT_EMPTY_PATH : 0);
  check(::linkat(oldDirfd, oldPath.c_str(), newDirfd, newPath.c_str(), all), "linkat", newPath);
}

void unlinkat(Fd dirfd, Path path, std::optional<Flags> flags) {
  const int all = flags ? flags->i32() : 0;
  check(::unlinkat(dirfd, path.c_str(), all), "unlinkat", path, flagNames(all, {{AT_REMOVEDIR, "AT_REMOVEDIR"}}));
}

void renameat2(Fd oldDirfd, Path oldPath, Fd newDirfd, Path newPath, std::optional<Flags> flags) {
  const unsigned all = flags ? flags->u32() : 0;
  check(syscall(SYS_renameat2, oldDirfd, oldPath.c_str(), newDirfd, newPath.c_str(), all), "renameat2", newPath,
        flagNames(all, {{1, "RENAME_NOREPLACE"}, {2, "RENAME_EXCHANGE"}, {4, "RENAME_WHITEOUT"}}));
}

Name readlinkat(Fd dirfd, Path path) {
  Name target(PATH_MAX, '\0');
  target.resize(check(::readlinkat(dirfd, path.c_str(), target.data(), target.size()), "readlinkat", path));
  return target;
}

Napi::Value fstatat(Napi::Env env, Fd dirfd, Path path, std::optional<Flags> flags) {
  struct stat st;
  check(::fstatat(dirfd, path.c_str(), &st, atFlags(path, flags)), "fstatat", path);
  return Record(env)
      .set("mode", static_cast<uint32_t>(st.st_mode))
      .set("uid", static_cast<uint32_t>(st.st_uid))
      .set("gid", static_cast<uint32_t>(st.st_gid))
      .set("size", static_cast<double>(st.st_size))
      .set("nlink", static_cast<double>(st.st_nlink))
      .set("ino", static_cast<uint64_t>(st.st_ino))
      .set("dev", static_cast<uint64_t>(st.st_dev))
      .set("rdevMajor", static_cast<uint32_t>(major(st.st_rdev)))
      .set("rdevMinor", static_cast<uint32_t>(minor(st.st_rdev)))
      .set("mtimeNs", nanoseconds(st.st_mtim))
      .set("atimeNs", nanoseconds(st.st_atim))
      .set("ctimeNs", nanoseconds(st.st_ctim));
}

void fchownat(Fd dirfd, Path path, uint32_t uid, uint32_t gid, std::optional<Flags> flags) {
  check(::fchownat(dirfd, path.c_str(), uid, gid, atFlags(path, flags)), "fchownat", path,
        std::to_string(uid) + ":" + std::to_string(gid));
}

// chmod of what an O_PATH fd holds: fchmod(2) refuses such fds, the magic link in /proc does not.
void chmodByFd(Fd dirfd, const Path& path, uint32_t mode) {
  const UniqueFd opened(path.empty() ? dup(dirfd) : openPath(dirfd, path));
  struct stat st;
  check(fstat(opened.get(), &st), "fstat", path);
  if (S_ISLNK(st.st_mode)) throw SyscallFailure{"fchmodat", EOPNOTSUPP, path, ""};
  check(chmod(procFd(opened.get()).c_str(), mode), "fchmodat", path);
}

// fchmodat2 (6.6) is the first chmod by name that does not follow a symlink; before it, by way of an O_PATH fd.
void fchmodat(Fd dirfd, Path path, uint32_t mode) {
  if (path.empty() && fchmod(dirfd, mode) == 0) return;  // what fails here is an O_PATH fd, or fails below again
  static bool missing = false;
  if (!missing) {
    if (syscall(SYS_fchmodat2, dirfd, path.c_str(), mode, atFlags(path, {})) == 0) return;
    if (errno != ENOSYS && errno != EPERM) throw SyscallFailure{"fchmodat2", errno, path, ""};
    missing = errno == ENOSYS;
  }
  chmodByFd(dirfd, path, mode);
}

void utimensat(Fd dirfd, Path path, std::optional<int64_t> atime, std::optional<int64_t> mtime,
               std::optional<Flags> flags) {
  const timespec times[2] = {timeOf(atime), timeOf(mtime)};
  check(::utimensat(dirfd, path.c_str(), times, atFlags(path, flags)), "utimensat", path);
}

// A DIR stream over a duplicate, so that the caller's fd stays open; rewound, for the two share an offset.
std::unique_ptr<DIR, int (*)(DIR*)> openDirectory(Fd fd) {
  const int copy = dup(fd);
  DIR* stream = fdopendir(copy);
  if (stream == nullptr) {
    const int error = errno;
    ::close(copy);
    throw SyscallFailure{"getdents64", error, std::to_string(fd), ""};
  }
  rewinddir(stream);
  return {stream, closedir};
}

template <class Visit>
void eachEntry(Fd fd, Visit visit) {
  const auto stream = openDirectory(fd);
  while (true) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) throw SyscallFailure{"getdents64", errno, std::to_string(fd), ""};
    if (entry == nullptr) return;
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") visit(entry->d_name, entry->d_type);
  }
}

Napi::Value readdir(Napi::Env env, Fd fd) {
  auto entries = Napi::Array::New(env);
  uint32_t count = 0;
  eachEntry(fd, [&](const char* name, unsigned char type) {
    entries.Set(count++, Record(env).set("name", nameToJs(env, name)).set("type", static_cast<int>(type)).object());
  });
  return entries;
}

void removeTree(Fd dirfd, Path path) {
  if (const int error = removeTreeAt(dirfd, path.c_str()); error < 0) throw SyscallFailure{"unlinkat", -error, path, ""};
}

double write(Fd fd, Data data) {
  return static_cast<double>(
      check(retry([&] { return ::write(fd, data.data(), data.size()); }), "write", std::to_string(fd)));
}

double pwrite(Fd fd, Bytes data, int64_t offset) {
  return static_cast<double>(
      check(retry([&] { return ::pwrite(fd, data.data, data.size, offset); }), "pwrite64", std::to_string(fd)));
}

std::vector<uint8_t> read(Fd fd, uint32_t max) {
  constexpr uint32_t kMost = 64 << 20;
  std::vector<uint8_t> buffer(std::min(max, kMost));
  buffer.resize(
      check(retry([&] { return ::read(fd, buffer.data(), buffer.size()); }), "read", std::to_string(fd)));
  return buffer;
}

void fsync(Fd fd) { check(::fsync(fd), "fsync", std::to_string(fd)); }
void fdatasync(Fd fd) { check(::fdatasync(fd), "fdatasync", std::to_string(fd)); }
void syncfs(Fd fd) { check(::syncfs(fd), "syncfs", std::to_string(fd)); }
void ftruncate(Fd fd, int64_t size) { check(::ftruncate(fd, size), "ftruncate", std::to_string(fd)); }

void fallocate(Fd fd, Flags mode, int64_t offset, int64_t length) {
  check(retry([&] { return ::fallocate(fd, mode.i32(), offset, length); }), "fallocate", std::to_string(fd));
}

std::string lockName(int operation) {
  return flagNames(operation, {{LOCK_SH, "LOCK_SH"}, {LOCK_EX, "LOCK_EX"}, {LOCK_UN, "LOCK_UN"}, {LOCK_NB, "LOCK_NB"}});
}

bool flock(Fd fd, Flags operation) {
  if (retry([&] { return ::flock(fd, operation.i32()); }) == 0) return true;
  if (errno == EWOULDBLOCK) return false;
  throw SyscallFailure{"flock", errno, std::to_string(fd), lockName(operation.i32())};
}

// Of the open file, as flock's are, and apart from those: fcntl(2), "Open file description locks".
bool ofdLock(Fd fd, Flags type, bool wait) {
  struct flock whole = {};
  whole.l_type = static_cast<short>(type.i32());
  whole.l_whence = SEEK_SET;
  if (retry([&] { return fcntl(fd, wait ? F_OFD_SETLKW : F_OFD_SETLK, &whole); }) == 0) return true;
  if (errno == EAGAIN || errno == EACCES) return false;
  throw SyscallFailure{"fcntl", errno, std::to_string(fd), wait ? "F_OFD_SETLKW" : "F_OFD_SETLK"};
}

// A lock that is waited for on a thread of its own: in the pool, four waiters would keep out the work that is to
// release them. It holds a duplicate: the lock belongs to the open file both share, and the caller may close its fd
// meanwhile without the number being reused under the waiting thread.
struct LockWait {
  Napi::Promise::Deferred deferred;
  UniqueFd fd;
  int operation;
  int error = 0;
  napi_threadsafe_function done = nullptr;
};

void waitForLock(std::unique_ptr<LockWait> wait) {
  if (retry([&] { return ::flock(wait->fd.get(), wait->operation); }) == -1) wait->error = errno;
  const napi_threadsafe_function done = wait->done;
  // It fails when the environment is coming down: then nobody waits any more, and our hold on the function is gone.
  if (napi_call_threadsafe_function(done, wait.get(), napi_tsfn_blocking) != napi_ok) return;
  static_cast<void>(wait.release());
  napi_release_threadsafe_function(done, napi_tsfn_release);
}

void settleLock(napi_env raw, napi_value, void*, void* data) {
  const std::unique_ptr<LockWait> wait(static_cast<LockWait*>(data));
  if (raw == nullptr) return;
  const Napi::Env env(raw);
  if (wait->error == 0) return wait->deferred.Resolve(env.Undefined());
  const SyscallFailure failure{"flock", wait->error, std::to_string(wait->fd.get()), lockName(wait->operation)};
  wait->deferred.Reject(syscallError(env, failure).Value());
}

Napi::Value flockWait(Napi::Env env, Fd fd, Flags operation) {
  auto wait = std::make_unique<LockWait>(LockWait{Napi::Promise::Deferred(env), UniqueFd(dup(fd)), operation.i32()});
  const auto promise = wait->deferred.Promise();
  const auto name = Napi::String::New(env, "tinyrun.flock");
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, nullptr, settleLock,
                                      &wait->done) != napi_ok)
    throw Napi::Error::New(env);
  std::thread(waitForLock, std::move(wait)).detach();
  return promise;
}

}  // namespace

void exportFs(Exports& out) {
  out.insert(out.end(), {
      bind<&openat2>("openat2"), bind<&createFile>("createFile"), bind<&close>("close"), bind<&dup>("dup"), bind<&setCloexec>("setCloexec"),
      bind<&mkdirat>("mkdirat"), bind<&mknodat>("mknodat"), bind<&symlinkat>("symlinkat"), bind<&linkat>("linkat"),
      bind<&unlinkat>("unlinkat"), bind<&renameat2>("renameat2"), bind<&readlinkat>("readlinkat"),
      bind<&fstatat>("fstatat"), bind<&fchownat>("fchownat"), bind<&fchmodat>("fchmodat"),
      bind<&utimensat>("utimensat"), bind<&readdir>("readdir"), bind<&removeTree>("removeTree"),
      bind<&write>("write"), bind<&pwrite>("pwrite"), bind<&read>("read"), bind<&fsync>("fsync"),
      bind<&fdatasync>("fdatasync"), bind<&syncfs>("syncfs"), bind<&ftruncate>("ftruncate"),
      bind<&fallocate>("fallocate"), bind<&flock>("flock"), bind<&flockWait>("flockWait"),
      bind<&ofdLock>("ofdLock"),
  });
}

}  // namespace tinyrun
