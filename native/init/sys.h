// Raw system calls. Everything here answers a value ≥ 0 or -errno and never touches libc's errno, so the same code
// runs in tinyrun-init (which has no libc), in the vfork child of a multi-threaded process (which may not call it)
// and in the addon. Only kernel headers are included: they must not meet libc's in one translation unit.
#pragma once

#include <asm/ioctls.h>
#include <asm/signal.h>
#include <asm/stat.h>
#include <asm/statfs.h>
#include <asm/unistd.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/poll.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/stat.h>
#include <linux/time_types.h>
#include <linux/uio.h>
#include <linux/wait.h>
#include <stddef.h>
#include <stdint.h>

// Newer than the headers of the oldest distribution we build on.
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U   // Linux 6.3
#endif
#ifndef TIOCGPTPEER
#define TIOCGPTPEER 0x5441
#endif

// For code that runs on a small stack of its own in another process's memory: no room and no place for checks.
#define TINYRUN_NO_SANITIZE __attribute__((no_sanitize("address", "undefined")))

namespace tinyrun::sys {

// File types; linux/stat.h hides its own where libc is near.
inline constexpr unsigned kTypeMask = 0170000, kFifo = 0010000, kCharDevice = 0020000, kDirectory = 0040000,
                          kBlockDevice = 0060000, kRegular = 0100000, kSymlink = 0120000;
inline bool isDirectory(unsigned mode) { return (mode & kTypeMask) == kDirectory; }
inline bool isRegular(unsigned mode) { return (mode & kTypeMask) == kRegular; }

inline long arg(long v) { return v; }
inline long arg(int v) { return v; }
inline long arg(unsigned v) { return static_cast<long>(v); }
inline long arg(unsigned long v) { return static_cast<long>(v); }
inline long arg(unsigned long long v) { return static_cast<long>(v); }
inline long arg(decltype(nullptr)) { return 0; }
template <class T>
inline long arg(T* p) {
  return reinterpret_cast<long>(p);
}

#if defined(__x86_64__)
inline long raw(long n, long a, long b, long c, long d, long e, long f) {
  register long r10 asm("r10") = d;
  register long r8 asm("r8") = e;
  register long r9 asm("r9") = f;
  long out;
  asm volatile("syscall"
               : "=a"(out)
               : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  return out;
}
#elif defined(__aarch64__)
inline long raw(long n, long a, long b, long c, long d, long e, long f) {
  register long x8 asm("x8") = n;
  register long x0 asm("x0") = a;
  register long x1 asm("x1") = b;
  register long x2 asm("x2") = c;
  register long x3 asm("x3") = d;
  register long x4 asm("x4") = e;
  register long x5 asm("x5") = f;
  asm volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
  return x0;
}
#else
#error "tinyrun runs on x86_64 and aarch64"
#endif

template <class A = long, class B = long, class C = long, class D = long, class E = long, class F = long>
inline long call(long n, A a = 0, B b = 0, C c = 0, D d = 0, E e = 0, F f = 0) {
  return raw(n, arg(a), arg(b), arg(c), arg(d), arg(e), arg(f));
}

// ---- fds and files ------------------------------------------------------------------------------------

inline long read(int fd, void* to, size_t n) { return call(__NR_read, fd, to, n); }
inline long write(int fd, const void* from, size_t n) { return call(__NR_write, fd, from, n); }
inline long writev(int fd, const struct iovec* from, size_t n) { return call(__NR_writev, fd, from, n); }
inline long pwrite(int fd, const void* from, size_t n, long at) { return call(__NR_pwrite64, fd, from, n, at); }
inline long close(int fd) { return call(__NR_close, fd); }
inline long closeRange(unsigned first, unsigned last, unsigned flags) {
  return call(__NR_close_range, first, last, flags);
}
inline long dup3(int from, int to, int flags) { return call(__NR_dup3, from, to, flags); }
inline long fcntl(int fd, int command, long value = 0) { return call(__NR_fcntl, fd, command, value); }
inline long openat(int dir, const char* path, int flags, unsigned mode = 0) {
  return call(__NR_openat, dir, path, flags | O_CLOEXEC, mode);
}
inline long openat2(int dir, const char* path, uint64_t flags, uint64_t resolve, uint64_t mode = 0) {
  struct open_how how = {flags | O_CLOEXEC, mode, resolve};
  return call(__NR_openat2, dir, path, &how, sizeof how);
}
inline long mkdirat(int dir, const char* path, unsigned mode) { return call(__NR_mkdirat, dir, path, mode); }
inline long mknodat(int dir, const char* path, unsigned mode, unsigned dev) {
  return call(__NR_mknodat, dir, path, mode, dev);
}
inline long symlinkat(const char* target, int dir, const char* path) {
  return call(__NR_symlinkat, target, dir, path);
}
inline long unlinkat(int dir, const char* path, int flags) { return call(__NR_unlinkat, dir, path, flags); }
inline long renameat(int from, const char* a, int to, const char* b) {
  return call(__NR_renameat2, from, a, to, b, 0);
}
inline long readlinkat(int dir, const char* path, char* to, size_t n) {
  return call(__NR_readlinkat, dir, path, to, n);
}
inline long fchownat(int dir, const char* path, uint32_t uid, uint32_t gid, int flags) {
  return call(__NR_fchownat, dir, path, uid, gid, flags);
}
inline long fchown(int fd, uint32_t uid, uint32_t gid) { return call(__NR_fchown, fd, uid, gid); }
inline long fchmod(int fd, unsigned mode) { return call(__NR_fchmod, fd, mode); }
inline long fstat(int fd, struct stat* st) { return call(__NR_fstat, fd, st); }
inline long fstatat(int dir, const char* path, struct stat* st, int flags) {
  return call(__NR_newfstatat, dir, path, st, flags);
}
inline long fstatfs(int fd, struct statfs* st) { return call(__NR_fstatfs, fd, st); }
inline long faccessat2(int dir, const char* path, int mode, int flags) {
  return call(__NR_faccessat2, dir, path, mode, flags);
}
inline long utimensat(int dir, const char* path, const struct __kernel_timespec* times, int flags) {
  return call(__NR_utimensat, dir, path, times, flags);
}
inline long getdents(int fd, void* to, size_t n) { return call(__NR_getdents64, fd, to, n); }
inline long lseek(int fd, long at, int whence) { return call(__NR_lseek, fd, at, whence); }
inline long ioctl(int fd, unsigned long request, long value) { return call(__NR_ioctl, fd, request, value); }
inline long ioctl(int fd, unsigned long request, void* value) { return call(__NR_ioctl, fd, request, value); }
inline long getrandom(void* to, size_t n) { return call(__NR_getrandom, to, n, 0); }
inline long memfdCreate(const char* name, unsigned flags) { return call(__NR_memfd_create, name, flags); }
inline long sendfile(int to, int from, size_t n) { return call(__NR_sendfile, to, from, nullptr, n); }
inline long splice(int from, int to, size_t n, unsigned flags) {
  return call(__NR_splice, from, nullptr, to, nullptr, n, flags);
}
inline long fsync(int fd) { return call(__NR_fsync, fd); }
inline long mmap(size_t size, int protection, int flags, int fd) {
  return call(__NR_mmap, nullptr, size, protection, flags, fd, 0);
}
inline long munmap(const void* at, size_t size) { return call(__NR_munmap, at, size); }
inline long chdir(const char* path) { return call(__NR_chdir, path); }
inline long fchdir(int fd) { return call(__NR_fchdir, fd); }
inline long getcwd(char* to, size_t n) { return call(__NR_getcwd, to, n); }
inline long chroot(const char* path) { return call(__NR_chroot, path); }
inline long umask(unsigned mask) { return call(__NR_umask, mask); }
inline long ppoll(struct pollfd* fds, unsigned n, struct __kernel_timespec* timeout) {
  return call(__NR_ppoll, fds, n, timeout, nullptr, 0);
}
inline long pipe2(int* fds, int flags) { return call(__NR_pipe2, fds, flags); }

// ---- mounts -------------------------------------------------------------------------------------------

inline long mount(const char* source, const char* target, const char* type, unsigned long flags, const void* data) {
  return call(__NR_mount, source, target, type, flags, data);
}
inline long umount2(const char* path, int flags) { return call(__NR_umount2, path, flags); }
inline long pivotRoot(const char* root, const char* old) { return call(__NR_pivot_root, root, old); }
inline long openTree(int dir, const char* path, unsigned flags) {
  return call(__NR_open_tree, dir, path, flags | OPEN_TREE_CLOEXEC);
}
// Attaches the detached (or moves the attached) mount of `tree` onto what `target` refers to: no path takes part.
inline long moveMount(int tree, int target) {
  return call(__NR_move_mount, tree, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}
inline long fsopen(const char* type) { return call(__NR_fsopen, type, FSOPEN_CLOEXEC); }
inline long fsconfig(int fs, unsigned command, const char* key, const void* value, int aux) {
  return call(__NR_fsconfig, fs, command, key, value, aux);
}
inline long fsmount(int fs, uint64_t attr) { return call(__NR_fsmount, fs, FSMOUNT_CLOEXEC, attr); }
inline long mountSetattr(int dir, const char* path, unsigned flags, struct mount_attr* attr) {
  return call(__NR_mount_setattr, dir, path, flags, attr, sizeof *attr);
}

// ---- processes ----------------------------------------------------------------------------------------

[[noreturn]] inline void exit(int status) {
  for (;;) call(__NR_exit_group, status);
}
inline long getpid() { return call(__NR_getpid); }
inline long setns(int fd, int flags) { return call(__NR_setns, fd, flags); }
inline long unshare(unsigned long flags) { return call(__NR_unshare, flags); }
inline long setsid() { return call(__NR_setsid); }
inline long prctl(int option, unsigned long a = 0, unsigned long b = 0, unsigned long c = 0, unsigned long d = 0) {
  return call(__NR_prctl, option, a, b, c, d);
}
inline long kill(int pid, int signal) { return call(__NR_kill, pid, signal); }
inline long pidfdOpen(int pid, unsigned flags) { return call(__NR_pidfd_open, pid, flags); }
inline long pidfdSignal(int pidfd, int signal) { return call(__NR_pidfd_send_signal, pidfd, signal, nullptr, 0); }
inline long waitid(int type, int id, void* info, int options) {
  return call(__NR_waitid, type, id, info, options, nullptr);
}
inline long wait4(int pid, int* status, int options) { return call(__NR_wait4, pid, status, options, nullptr); }
inline long execveat(int dir, const char* path, const char* const* argv, const char* const* envp, int flags) {
  return call(__NR_execveat, dir, path, argv, envp, flags);
}
// Without a stack of its own: fork semantics (no CLONE_VM).
inline long clone3(struct clone_args* args) { return call(__NR_clone3, args, sizeof *args); }
// clone(2) in its place: no stack, no exit signal but SIGCHLD, the pidfd where the parent's tid would go.
inline long clone(uint64_t flags, int* pidfd) {
  return call(__NR_clone, flags | SIGCHLD, nullptr, pidfd, nullptr, nullptr);
}
inline long setresuid(uint32_t uid) { return call(__NR_setresuid, uid, uid, uid); }
inline long setresgid(uint32_t gid) { return call(__NR_setresgid, gid, gid, gid); }

// The kernel's sigset_t and sigaction, which are smaller than libc's.
inline constexpr uint64_t kAllSignals = ~0ull;
inline long sigprocmask(int how, const uint64_t* set, uint64_t* old) {
  return call(__NR_rt_sigprocmask, how, set, old, sizeof *set);
}

// For a loop that waits without a system call.
inline void relax() {
#if defined(__x86_64__)
  asm volatile("pause" ::: "memory");
#else
  asm volatile("yield" ::: "memory");
#endif
}

inline uint64_t nanoseconds() {
  struct __kernel_timespec now = {};
  call(__NR_clock_gettime, 1 /* CLOCK_MONOTONIC */, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000ull + static_cast<uint64_t>(now.tv_nsec);
}

// Seconds and nanoseconds since 1970.
inline struct __kernel_timespec now() {
  struct __kernel_timespec time = {};
  call(__NR_clock_gettime, 0 /* CLOCK_REALTIME */, &time);
  return time;
}

// clone3 with CLONE_VM and a stack of the child's own, on which it calls run(context) and exits with the result.
long clone3Stack(struct clone_args* args, int (*run)(void*), void* context);
// The same for a child that is to execute something or to end soon, on `stack`; SIGCHLD tells of its end. Every signal is
// blocked until it has: a handler of ours that ran in the child would run in our memory.
template <size_t size>
long cloneOn(char (&stack)[size], struct clone_args& clone, int (*run)(void*), void* context) {
  clone.exit_signal = SIGCHLD;
  clone.stack = reinterpret_cast<uint64_t>(stack);
  clone.stack_size = size;
  uint64_t old = 0;
  sigprocmask(SIG_SETMASK, &kAllSignals, &old);
  const long pid = clone3Stack(&clone, run, context);
  sigprocmask(SIG_SETMASK, &old, nullptr);
  return pid;
}
// Waits for the end of a child, whatever comes in between.
inline void reap(long pid, int* status) {
  while (wait4(static_cast<int>(pid), status, 0) == -EINTR) {
  }
}

// SOCK_SEQPACKET with at most one fd along; MSG_NOSIGNAL, retried on EINTR.
long socketpair(int fds[2]);
long sendPacket(int socket, const void* data, size_t size, int fd);
long receivePacket(int socket, void* data, size_t size, int* fd);
// Connected to one that listens at a path of the file system.
long connectPacket(const char* path);
// With just so many fds along; whoever receives has -1 for each that did not come, and does not wait.
inline constexpr size_t kMostFds = 4;
long sendFds(int socket, const void* data, size_t size, const int (&fds)[kMostFds]);
long receiveFds(int socket, void* data, size_t size, int (&fds)[kMostFds]);

// SOCK_STREAM, close-on-exec, never waiting: a socket made at a path of the file system, a client of it that may lag behind
// by so many bytes, and what of some bytes it takes at once.
long listenStream(const char* path);
long acceptStream(int listener, int sendBuffer);
long sendNow(int socket, struct iovec* parts, size_t count);

// What getdents fills a buffer with; `size` leads to the next one.
struct DirectoryEntry {
  uint64_t inode;
  int64_t offset;
  uint16_t size;
  uint8_t type;
  char name[1];
};
inline constexpr uint8_t kDirectoryType = 4;   // DT_DIR

// Owns an fd for a block.
class Fd {
 public:
  Fd() = default;
  explicit Fd(long fd) : fd_(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() { reset(-1); }
  // The value as the system call answered it: an fd, or -errno.
  long value() const { return fd_; }
  int get() const { return static_cast<int>(fd_); }
  bool bad() const { return fd_ < 0; }
  int release() {
    const int fd = get();
    fd_ = -1;
    return fd;
  }
  void reset(long fd) {
    if (fd_ >= 0) close(get());
    fd_ = fd;
  }

 private:
  long fd_ = -1;
};

}  // namespace tinyrun::sys
