// Unix sockets that carry fds: the console socket, the seccomp listener, pidfd sockets.
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <optional>

#include "bind.h"
#include "open.h"

namespace tinyrun {
namespace {

constexpr size_t kMaxFds = 253;  // SCM_MAX_FD of the kernel

std::vector<int> socketpair(Flags type) {
  int fds[2];
  check(::socketpair(AF_UNIX, type.i32() | SOCK_CLOEXEC, 0, fds), "socketpair");
  return {fds[0], fds[1]};
}

// A path longer than sun_path is reached through the magic link of an O_PATH fd of the socket itself. `type`: SOCK_STREAM unless given.
Fd connectUnix(Path path, std::optional<Flags> type) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  UniqueFd holder;
  std::string name = path;
  if (name.size() >= sizeof address.sun_path) {
    holder = UniqueFd(check(::open(path.c_str(), O_PATH | O_CLOEXEC), "open", path, "O_PATH"));
    name = procFd(holder.get());
  }
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  const int kind = type ? type->i32() : SOCK_STREAM;
  UniqueFd socket(check(::socket(AF_UNIX, kind | SOCK_CLOEXEC, 0), "socket", path));
  check(retry([&] { return connect(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address); }), "connect",
        path);
  return socket.release();
}

// Of mode 0600, in a directory that is reached through the magic link of its fd. Listens from the moment that it can be seen.
Fd listenUnix(Path path, Flags type) {
  const std::string whole = path;
  const size_t slash = whole.rfind('/');
  const std::string directory = slash == std::string::npos ? "." : whole.substr(0, slash + 1);
  const UniqueFd holder(check(::open(directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC), "open", directory, "O_PATH"));
  const std::string name = procFd(holder.get()) + "/" + (slash == std::string::npos ? whole : whole.substr(slash + 1));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name.size() >= sizeof address.sun_path) throw SyscallFailure{"bind", ENAMETOOLONG, path, ""};
  std::memcpy(address.sun_path, name.c_str(), name.size() + 1);
  UniqueFd socket(check(::socket(AF_UNIX, type.i32() | SOCK_CLOEXEC, 0), "socket", path));
  check(fchmod(socket.get(), 0600), "fchmod", path);
  check(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), "bind", path);
  constexpr int kBacklog = 128;
  check(listen(socket.get(), kBacklog), "listen", path);
  return socket.release();
}

void sendFds(Fd socket, std::vector<Fd> fds, Data data) {
  if (fds.size() > kMaxFds) throw ArgumentError{ArgumentError::kRange, 2, "must be at most 253 fds"};
  // Fds travel with data only: a stream socket drops a control message that comes with no byte.
  if (data.size() == 0) throw ArgumentError{ArgumentError::kRange, 3, "must be at least one byte"};
  iovec part{const_cast<void*>(data.data()), data.size()};
  std::vector<cmsghdr> control(1 + CMSG_SPACE(fds.size() * sizeof(int)) / sizeof(cmsghdr));
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  if (!fds.empty()) {
    message.msg_control = control.data();
    message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
  }
  const auto sent = check(retry([&] { return sendmsg(socket, &message, MSG_NOSIGNAL); }), "sendmsg", std::to_string(socket));
  if (static_cast<size_t>(sent) != data.size()) throw SyscallFailure{"sendmsg", EMSGSIZE, std::to_string(socket), ""};
}

std::vector<int> fdsOf(msghdr& message) {
  std::vector<int> fds;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    const size_t before = fds.size();
    fds.resize(before + count);
    std::memcpy(fds.data() + before, CMSG_DATA(header), count * sizeof(int));
  }
  return fds;
}

// `max`: bytes of data to take at most. An empty answer without fds is the end of the stream.
Napi::Value recvFds(Napi::Env env, Fd socket, uint32_t max) {
  if (max == 0 || max > (1u << 20)) throw ArgumentError{ArgumentError::kRange, 2, "must be from 1 to 1048576"};
  std::vector<uint8_t> data(max);
  iovec part{data.data(), data.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kMaxFds * sizeof(int))];
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  const auto size = check(retry([&] { return recvmsg(socket, &message, MSG_CMSG_CLOEXEC); }), "recvmsg", std::to_string(socket));
  data.resize(static_cast<size_t>(size));
  const auto fds = fdsOf(message);
  if ((message.msg_flags & MSG_CTRUNC) != 0) {
    for (const int fd : fds) ::close(fd);
    throw SyscallFailure{"recvmsg", EMFILE, std::to_string(socket), "MSG_CTRUNC"};
  }
  return Record(env).set("fds", fds).set("data", data);
}

// A connection to a SOCK_SEQPACKET socket, what is said over it, and the byte that it is answered; -1: hung up, by one that has ended.
Napi::Value callUnix(Napi::Env env, Path path, Data word) {
  UniqueFd socket(connectUnix(path, Flags{SOCK_SEQPACKET}));
  int answer = -1;
  unsigned char byte = 0;
  const auto gone = [](int err) { return err == EPIPE || err == ECONNRESET; };
  if (retry([&] { return send(socket.get(), word.data(), word.size(), MSG_NOSIGNAL); }) < 0) {
    if (!gone(errno)) check(-1, "send", path);
  } else {
    const auto n = retry([&] { return recv(socket.get(), &byte, 1, 0); });
    if (n < 0 && !gone(errno)) check(-1, "recv", path);
    if (n == 1) answer = byte;
  }
  return Record(env).set("socket", socket.release()).set("answer", answer);
}

}  // namespace

void exportSocket(Exports& out) {
  out.insert(out.end(), {bind<&socketpair>("socketpair"), bind<&connectUnix>("connectUnix"), bind<&listenUnix>("listenUnix"), bind<&callUnix>("callUnix"),
                         bind<&sendFds>("sendFds"), bind<&recvFds>("recvFds")});
}

}  // namespace tinyrun
