#include "rtnetlink.h"

#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace tinyrun::netlink {

void Request::append(const void* data, size_t size) {
  const size_t at = bytes_.size();
  bytes_.resize(NLMSG_ALIGN(at + size));
  std::copy_n(static_cast<const char*>(data), size, bytes_.data() + at);
  header()->nlmsg_len = static_cast<uint32_t>(bytes_.size());
}

Request& Request::attribute(uint16_t type, const void* data, size_t size) {
  if (size > 0xffff - RTA_LENGTH(0)) throw SyscallFailure{"rtnetlink", EMSGSIZE, "", ""};
  rtattr head{};
  head.rta_len = static_cast<uint16_t>(RTA_LENGTH(size));
  head.rta_type = type;
  append(&head, sizeof head);
  append(data, size);
  return *this;
}

Request& Request::nest(uint16_t type, const std::function<void()>& fill) {
  const size_t at = bytes_.size();
  attribute(type, nullptr, 0);
  fill();
  reinterpret_cast<rtattr*>(bytes_.data() + at)->rta_len = static_cast<uint16_t>(bytes_.size() - at);
  return *this;
}

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

std::optional<uint32_t> Attributes::number(uint16_t type) const {
  const auto value = find(type);
  if (!value || value->size() < sizeof(uint32_t)) return std::nullopt;
  uint32_t number;
  std::memcpy(&number, value->data(), sizeof number);
  return number;
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

// What the kernel says besides errno: "veth name already in use" and the like.
std::string extendedError(const nlmsghdr* message) {
  if ((message->nlmsg_flags & NLM_F_ACK_TLVS) == 0) return {};
  const auto* error = static_cast<const nlmsgerr*>(NLMSG_DATA(message));
  // With NETLINK_CAP_ACK the request is not echoed: its attributes follow the header at once.
  const size_t at = NLMSG_LENGTH(0) + sizeof *error;
  if (message->nlmsg_len <= at) return {};
  const auto* first = reinterpret_cast<const rtattr*>(reinterpret_cast<const char*>(message) + at);
  return Attributes(first, message->nlmsg_len - at).text(NLMSGERR_ATTR_MSG).value_or("");
}

}  // namespace

Socket::Socket(std::optional<Fd> netns) : fd_(check(netns ? openSocketIn(*netns) : openSocket(), "socket", "", "AF_NETLINK")) {
  const int on = 1;
  // Both only make errors more readable, and came with 4.12 and 4.3.
  setsockopt(fd_.get(), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
  setsockopt(fd_.get(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
}

void Socket::send(Request& request, const char* name, const std::string& what) {
  request.header()->nlmsg_seq = ++sequence_;
  const auto& bytes = request.bytes();
  check(retry([&] { return ::send(fd_.get(), bytes.data(), bytes.size(), 0); }), name, what);
}

// One datagram. True while more is to come.
bool Socket::receive(const char* name, const std::string& what, const std::function<void(const nlmsghdr*)>& visit) {
  alignas(nlmsghdr) char buffer[32768];  // what the kernel fills a dump's datagrams to, at most
  const auto size = check(retry([&] { return ::recv(fd_.get(), buffer, sizeof buffer, MSG_TRUNC); }), name, what);
  if (static_cast<size_t>(size) > sizeof buffer) throw SyscallFailure{name, EMSGSIZE, what, ""};
  int left = static_cast<int>(size);
  for (auto* message = reinterpret_cast<nlmsghdr*>(buffer); NLMSG_OK(message, left); message = NLMSG_NEXT(message, left)) {
    if (message->nlmsg_seq != sequence_) continue;
    if (message->nlmsg_type == NLMSG_DONE) return false;
    if (message->nlmsg_type == NLMSG_ERROR) {
      const int error = static_cast<const nlmsgerr*>(NLMSG_DATA(message))->error;
      if (error != 0) throw SyscallFailure{name, -error, what, extendedError(message)};
      return false;
    }
    visit(message);
    if ((message->nlmsg_flags & NLM_F_MULTI) == 0) return false;
  }
  return true;
}

void Socket::acknowledged(Request& request, const char* name, const std::string& what) {
  request.header()->nlmsg_flags |= NLM_F_ACK;
  send(request, name, what);
  while (receive(name, what, [](const nlmsghdr*) {})) continue;
}

void Socket::each(Request& request, const char* name, const std::string& what,
                  const std::function<void(const nlmsghdr*)>& visit) {
  send(request, name, what);
  while (receive(name, what, visit)) continue;
}

uint32_t Socket::indexOf(const std::string& name) {
  Request request(RTM_GETLINK, 0, ifinfomsg{});
  request.text(IFLA_IFNAME, name);
  uint32_t index = 0;
  each(request, "RTM_GETLINK", name, [&](const nlmsghdr* message) {
    index = static_cast<uint32_t>(static_cast<const ifinfomsg*>(NLMSG_DATA(message))->ifi_index);
  });
  return index;
}

}  // namespace tinyrun::netlink
