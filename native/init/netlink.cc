#include "netlink.h"

#include <linux/mman.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>

namespace tinyrun {

namespace netlink {

namespace {

constexpr int kFamily = 16, kRaw = 3, kOptions = 270, kTruncated = 0x20;   // AF_NETLINK SOCK_RAW SOL_NETLINK MSG_TRUNC

// As a man page has it. The subsystems of nfnetlink number theirs from far above those of rtnetlink(7).
const char* nameOf(uint16_t type) {
  switch (type) {
    case RTM_NEWLINK: return "RTM_NEWLINK";
    case RTM_DELLINK: return "RTM_DELLINK";
    case RTM_NEWADDR: return "RTM_NEWADDR";
    case RTM_DELADDR: return "RTM_DELADDR";
    case RTM_NEWROUTE: return "RTM_NEWROUTE";
    case RTM_DELROUTE: return "RTM_DELROUTE";
    case RTM_NEWRULE: return "RTM_NEWRULE";
    case RTM_DELRULE: return "RTM_DELRULE";
    case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM: return "NFT_MSG_NEWSETELEM";
    case NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELSETELEM: return "NFT_MSG_DELSETELEM";
    case NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE: return "IPCTNL_MSG_CT_DELETE";
    default: return "netlink";
  }
}

// How many answers the messages ask for; -EINVAL where they are none, or ask for none.
long countAnswers(const uint8_t* at, size_t left) {
  long answers = 0;
  while (left != 0) {
    struct nlmsghdr head;
    if (left < sizeof head) return -EINVAL;
    __builtin_memcpy(&head, at, sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > left || head.nlmsg_len % 4 != 0) return -EINVAL;
    if ((head.nlmsg_flags & NLM_F_ACK) != 0) ++answers;
    at += head.nlmsg_len;
    left -= head.nlmsg_len;
  }
  return answers == 0 ? -EINVAL : answers;
}

// What the kernel says besides errno ("Address already assigned"): attributes behind the header, since NETLINK_CAP_ACK leaves out
// the request.
void addWords(Text<kPathText>& text, const struct nlmsghdr& head, const uint8_t* message) {
  if ((head.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return;
  size_t at = sizeof head + sizeof(struct nlmsgerr);
  while (at + sizeof(struct nlattr) <= head.nlmsg_len) {
    struct nlattr attribute;
    __builtin_memcpy(&attribute, message + at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || attribute.nla_len > head.nlmsg_len - at) return;
    const auto* words = reinterpret_cast<const char*>(message + at + sizeof attribute);
    if (attribute.nla_type == NLMSGERR_ATTR_MSG && attribute.nla_len > sizeof attribute)
      text.add(": ").add(words, attribute.nla_len - sizeof attribute - 1);   // without its NUL
    at += padded(attribute.nla_len);
  }
}

// One datagram of answers: lowers `awaited`, or tells the first error.
Result take(Lane& lane, const uint8_t* at, size_t left, long& awaited, const char* about) {
  while (left >= sizeof(struct nlmsghdr)) {
    struct nlmsghdr head;
    __builtin_memcpy(&head, at, sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > left) break;
    if (head.nlmsg_type == NLMSG_ERROR && head.nlmsg_len >= sizeof head + sizeof(struct nlmsgerr)) {
      struct nlmsgerr answer;
      __builtin_memcpy(&answer, at + sizeof head, sizeof answer);
      if (answer.error != 0) {
        lane.detail.clear();
        lane.detail.add(about);
        addWords(lane.detail, head, at);
        return failed(nameOf(answer.msg.nlmsg_type), answer.error, lane.detail.c_str());
      }
      --awaited;
    }
    const size_t whole = padded(head.nlmsg_len);
    if (whole >= left) break;
    at += whole;
    left -= whole;
  }
  return kDone;
}

Result receive(Lane& lane, int socket, long awaited, const char* about) {
  alignas(8) uint8_t buffer[8192];
  while (awaited > 0) {
    struct sockaddr_nl from = {};
    unsigned size = sizeof from;
    const long n = sys::call(__NR_recvfrom, socket, buffer, sizeof buffer, kTruncated, &from, &size);
    if (n == -EINTR) continue;
    if (n < 0) return failed("recvfrom", n, about);
    if (from.nl_pid != 0) continue;   // root of a namespace that we are a guest in may write to our socket, too
    if (static_cast<size_t>(n) > sizeof buffer) return {EMSGSIZE, "recvfrom", about};
    if (Result r = take(lane, buffer, static_cast<size_t>(n), awaited, about); !r) return r;
  }
  return kDone;
}

Result put(const Number& number, uint8_t* bytes, size_t size, const char* about) {
  for (uint32_t i = 0; i < number.at.count; ++i) {
    const size_t at = number.at[i];
    if (size < sizeof number.value || at > size - sizeof number.value) return {EINVAL, "netlink", about};
    __builtin_memcpy(bytes + at, &number.value, sizeof number.value);
  }
  return kDone;
}

}  // namespace

long open(uint32_t protocol) {
  const long fd = sys::call(__NR_socket, kFamily, kRaw | O_CLOEXEC, protocol);
  if (fd < 0) return fd;
  const int on = 1;   // both only make errors more readable
  constexpr int kFriendly[] = {NETLINK_EXT_ACK, NETLINK_CAP_ACK};
  for (const int option : kFriendly)
    sys::call(__NR_setsockopt, static_cast<int>(fd), kOptions, option, &on, sizeof on);
  return fd;
}

long indexOf(int socket, Str name) {
  constexpr unsigned long kGetIndex = 0x8933;   // SIOCGIFINDEX
  struct {   // struct ifreq, whose header cannot be had without libc's sockaddr
    char name[16];
    int index;
    char rest[20];
  } request = {};
  if (name.size >= sizeof request.name) return -ENAMETOOLONG;
  copyText(request.name, sizeof request.name, name);
  const long r = sys::ioctl(socket, kGetIndex, &request);
  return r < 0 ? r : request.index;
}

Result send(Lane& lane, int socket, const void* messages, size_t size, const char* about) {
  const long awaited = countAnswers(static_cast<const uint8_t*>(messages), size);
  if (awaited < 0) return failed("netlink", awaited, about);
  long n;
  do n = sys::call(__NR_sendto, socket, messages, size, 0, nullptr, 0);
  while (n == -EINTR);
  if (n < 0) return failed("sendto", n, about);
  return receive(lane, socket, awaited, about);
}

Result send(Lane& lane, int socket, Bytes request, const Number& device, const Number& pid, const char* about) {
  if (request.size == 0) return {EINVAL, "netlink", about};
  // A request may be long, and the plan is read-only: pages of its own.
  const long at = sys::mmap(request.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
  if (at < 0) return failed("mmap", at, about);
  auto* bytes = reinterpret_cast<uint8_t*>(at);
  __builtin_memcpy(bytes, request.data, request.size);
  Result result = put(device, bytes, request.size, about);
  if (result) result = put(pid, bytes, request.size, about);
  if (result) result = send(lane, socket, bytes, request.size, about);
  sys::munmap(bytes, request.size);
  return result;
}

}  // namespace netlink

Result run(Lane& lane, const args::netlink& a) {
  if (a.pidAt.count != 0 && lane.pid == 0) return {ESRCH, "netlink", a.device};
  const sys::Fd socket(netlink::open(a.protocol));
  if (socket.bad()) return failed("socket", socket.value(), a.device);
  long index = 0;
  if (!a.device.empty()) index = netlink::indexOf(socket.get(), a.device);
  if (index < 0) return failed("ioctl SIOCGIFINDEX", index, a.device);
  return netlink::send(lane, socket.get(), a.request, {static_cast<uint32_t>(index), a.deviceAt},
                       {static_cast<uint32_t>(lane.pid), a.pidAt}, a.device);
}

}  // namespace tinyrun
