#include "sys.h"

// The child of a CLONE_VM clone may not return into the frame of its parent, which goes on using it: it starts on its
// own stack with a call. clone3(2) has no libc wrapper that does this.
#if defined(__x86_64__)
asm(R"(
.text
.hidden tinyrunClone3
.globl tinyrunClone3
.type tinyrunClone3, @function
tinyrunClone3:
  mov %rcx, %r8
  mov $435, %eax
  syscall
  test %rax, %rax
  jnz 1f
  xor %ebp, %ebp
  mov %r8, %rdi
  call *%rdx
  mov %eax, %edi
  mov $60, %eax
  syscall
  hlt
1:
  ret
.size tinyrunClone3, .-tinyrunClone3
)");
#elif defined(__aarch64__)
asm(R"(
.text
.hidden tinyrunClone3
.globl tinyrunClone3
.type tinyrunClone3, %function
tinyrunClone3:
  mov x8, #435
  svc #0
  cbz x0, 1f
  ret
1:
  mov x29, xzr
  mov x30, xzr
  mov x0, x3
  blr x2
  mov x8, #93
  svc #0
  brk #0
.size tinyrunClone3, .-tinyrunClone3
)");
#endif

extern "C" long tinyrunClone3(struct clone_args* args, size_t size, int (*run)(void*), void* context);

namespace tinyrun::sys {

long clone3Stack(struct clone_args* args, int (*run)(void*), void* context) {
  return tinyrunClone3(args, sizeof *args, run, context);
}

// Kernel ABI of sendmsg(2), which the uapi headers leave to libc.
namespace {

constexpr int kUnix = 1, kStream = 1, kSeqpacket = 5, kSocket = 1, kRights = 1;
constexpr int kNoSignal = 0x4000, kDontWait = 0x40, kCloexecMessage = 0x40000000;
constexpr int kSendBuffer = 7, kSendBufferForce = 32;   // SO_SNDBUF; SO_SNDBUFFORCE: above the host's limit, with CAP_NET_ADMIN
constexpr int kQuietly = O_CLOEXEC | O_NONBLOCK;

struct Message {
  void* name;
  int nameSize;
  struct iovec* parts;
  size_t partCount;
  void* ancillary;
  size_t ancillarySize;
  unsigned flags;
};

struct Address {
  uint16_t family = kUnix;
  char path[108] = {};
};

struct Rights {
  size_t size = 0;
  int level = 0;
  int type = 0;
  int fd = -1;
  int padding = 0;
};
constexpr size_t kRightsSize = 20;

struct ManyRights {
  size_t size = sizeof(ManyRights);
  int level = kSocket;
  int type = kRights;
  int fds[kMostFds] = {};
};

bool setPath(Address& address, const char* path) {
  size_t n = 0;
  for (; path[n] != 0; ++n) {
    if (n + 1 == sizeof address.path) return false;
    address.path[n] = path[n];
  }
  return true;
}

template <class F>
long untilDone(F call) {
  long n;
  do n = call();
  while (n == -EINTR);
  return n;
}

}  // namespace

long socketpair(int fds[2]) {
  return call(__NR_socketpair, kUnix, kSeqpacket | O_CLOEXEC, 0, fds);
}

long sendPacket(int socket, const void* data, size_t size, int fd) {
  struct iovec part = {const_cast<void*>(data), size};
  Rights rights;
  rights.size = kRightsSize;
  rights.level = kSocket;
  rights.type = kRights;
  rights.fd = fd;
  Message message = {nullptr, 0, &part, 1, fd < 0 ? nullptr : &rights, fd < 0 ? 0 : sizeof rights, 0};
  return untilDone([&] { return call(__NR_sendmsg, socket, &message, kNoSignal); });
}

long receivePacket(int socket, void* data, size_t size, int* fd) {
  struct iovec part = {data, size};
  Rights rights;
  Message message = {nullptr, 0, &part, 1, &rights, sizeof rights, 0};
  const long n = untilDone([&] { return call(__NR_recvmsg, socket, &message, kCloexecMessage); });
  const bool carries = n > 0 && message.ancillarySize >= kRightsSize && rights.level == kSocket &&
                       rights.type == kRights && rights.size >= kRightsSize;
  *fd = carries ? rights.fd : -1;
  return n;
}

long connectPacket(const char* path) {
  Address address;
  if (!setPath(address, path)) return -ENAMETOOLONG;
  Fd socket(call(__NR_socket, kUnix, kSeqpacket | O_CLOEXEC, 0));
  if (socket.bad()) return socket.value();
  const long r = untilDone([&] { return call(__NR_connect, socket.get(), &address, sizeof address); });
  return r < 0 ? r : socket.release();
}

long sendFds(int socket, const void* data, size_t size, const int (&fds)[kMostFds]) {
  struct iovec part = {const_cast<void*>(data), size};
  ManyRights rights;
  for (size_t i = 0; i < kMostFds; ++i) rights.fds[i] = fds[i];
  Message message = {nullptr, 0, &part, 1, &rights, sizeof rights, 0};
  return untilDone([&] { return call(__NR_sendmsg, socket, &message, kNoSignal); });
}

long receiveFds(int socket, void* data, size_t size, int (&fds)[kMostFds]) {
  struct iovec part = {data, size};
  ManyRights rights;
  Message message = {nullptr, 0, &part, 1, &rights, sizeof rights, 0};
  const long n = untilDone([&] { return call(__NR_recvmsg, socket, &message, kCloexecMessage | kDontWait); });
  const bool carries = n >= 0 && message.ancillarySize >= kRightsSize && rights.level == kSocket && rights.type == kRights;
  const size_t count = carries ? (rights.size - 16) / sizeof(int) : 0;
  for (size_t i = 0; i < kMostFds; ++i) fds[i] = i < count ? rights.fds[i] : -1;
  return n;
}

long listenStream(const char* path) {
  Address address;
  if (!setPath(address, path)) return -ENAMETOOLONG;
  Fd socket(call(__NR_socket, kUnix, kStream | kQuietly, 0));
  if (socket.bad()) return socket.value();
  constexpr int kBacklog = 64;
  if (const long r = call(__NR_bind, socket.get(), &address, sizeof address); r < 0) return r;
  if (const long r = call(__NR_listen, socket.get(), kBacklog); r < 0) return r;
  return socket.release();
}

long acceptStream(int listener, int sendBuffer) {
  const long fd = call(__NR_accept4, listener, nullptr, nullptr, kQuietly);
  if (fd < 0) return fd;
  const auto set = [&](int option) { return call(__NR_setsockopt, fd, kSocket, option, &sendBuffer, sizeof sendBuffer); };
  if (set(kSendBufferForce) < 0) set(kSendBuffer);
  return fd;
}

long sendNow(int socket, struct iovec* parts, size_t count) {
  Message message = {nullptr, 0, parts, count, nullptr, 0, 0};
  return untilDone([&] { return call(__NR_sendmsg, socket, &message, kNoSignal | kDontWait); });
}

}  // namespace tinyrun::sys
