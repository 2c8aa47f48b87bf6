#include "rtnetlink.h"

#include <sched.h>
#include <sys/socket.h>

#include <cstring>

namespace tinyrun::netlink {

Attributes::Attributes(const rtattr* first, size_t size) {
  int left = static_cast<int>(size);
  for (const rtattr* at = first; RTA_OK(at, left); at = RTA_NEXT(at, left))
    list_.emplace_back(at->rta_type & ~NLA_F_NESTED, std::string_view(static_cast<const char*>(RTA_DATA(at)), RTA_PAYLOAD(at)));
}

std::optional<std::string_view> Attributes::find(uint16_t type) const {
  for (const auto& [key, value] : list_)
    if (key == type) return value;
  return std::nullopt;
}

std::optional<std::string> Attributes::text(uint16_t type) const {
  auto value = find(type);
  if (!value) return std::nullopt;
  while (!value->empty() && value->back() == '\0') value->remove_suffix(1);
  return std::string(*value);
}

namespace {

int openSocket() { return ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE); }

// setns(2) moves this thread alone. Should the way back fail, the thread would go on in a container's network: that
// is no state to return from.
int openSocketIn(Fd netns) {
  const UniqueFd home(check(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), "open", "/proc/thread-self/ns/net"));
  check(setns(netns, CLONE_NEWNET), "setns", std::to_string(netns), "CLONE_NEWNET");
  const int fd = openSocket();
  const int error = errno;
  if (setns(home.get(), CLONE_NEWNET) == -1) abort();
  errno = error;
  return fd;
}

}  // namespace

Socket::Socket(std::optional<Fd> netns) : fd_(check(netns ? openSocketIn(*netns) : openSocket(), "socket", "", "AF_NETLINK")) {}

void Socket::send(const void* request, size_t size, const char* name) {
  check(retry([&] { return ::send(fd_.get(), request, size, 0); }), name, "");
}

// One datagram. True while more is to come.
bool Socket::receive(const char* name, const std::function<void(const nlmsghdr*)>& visit) {
  alignas(nlmsghdr) char buffer[32768];  // what the kernel fills a dump's datagrams to, at most
  const auto size = check(retry([&] { return ::recv(fd_.get(), buffer, sizeof buffer, MSG_TRUNC); }), name, "");
  if (static_cast<size_t>(size) > sizeof buffer) throw SyscallFailure{name, EMSGSIZE, "", ""};
  int left = static_cast<int>(size);
  for (auto* message = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_type == NLMSG_DONE) return false;
    if (message->nlmsg_type == NLMSG_ERROR)
      throw SyscallFailure{name, -static_cast<const nlmsgerr*>(NLMSG_DATA(message))->error, "", ""};
    visit(message);
  }
  return true;
}

}  // namespace tinyrun::netlink
