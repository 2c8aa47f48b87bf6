// Connections that the kernel remembers, and treats as it did when they began: of UDP and SCTP they outlive a published port, and whom
// it led to.
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>

#include "host.h"
#include "netlink.h"

namespace tinyrun {

namespace {

constexpr uint32_t kNetfilter = 12;   // NETLINK_NETFILTER
constexpr uint16_t kOf = NFNL_SUBSYS_CTNETLINK << 8;
constexpr int kTruncated = 0x20;      // MSG_TRUNC
constexpr size_t kHead = sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg);

// IPCTNL_MSG_CT_DELETE of one connection, by what names it.
struct Deletion {
  alignas(4) uint8_t bytes[512] = {};
  size_t size = kHead;

  void add(const uint8_t* attribute, size_t length) {
    const size_t whole = (length + 3) & ~size_t{3};
    if (whole > sizeof bytes - size) return;
    __builtin_memcpy(bytes + size, attribute, length);
    size += whole;
  }
};

bool names(uint16_t type) {
  switch (type & NLA_TYPE_MASK) {
    case CTA_TUPLE_ORIG:
    case CTA_ZONE:
    case CTA_ID: return true;
    default: return false;
  }
}

// What was listed may have ended by itself.
Result forget(Host& host, int socket, const uint8_t* message, size_t length) {
  Deletion deletion;
  __builtin_memcpy(deletion.bytes, message, kHead);
  for (size_t at = kHead; at + sizeof(struct nlattr) <= length;) {
    struct nlattr attribute;
    __builtin_memcpy(&attribute, message + at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || attribute.nla_len > length - at) break;
    if (names(attribute.nla_type)) deletion.add(message + at, attribute.nla_len);
    at += (attribute.nla_len + 3u) & ~3u;
  }
  const struct nlmsghdr head = {static_cast<uint32_t>(deletion.size), kOf | IPCTNL_MSG_CT_DELETE, NLM_F_REQUEST | NLM_F_ACK, 1, 0};
  __builtin_memcpy(deletion.bytes, &head, sizeof head);
  const Result r = netlink::send(host, socket, deletion.bytes, deletion.size, "");
  return r.err == ENOENT ? kDone : r;
}

// One datagram of a list: `over` at its end.
Result take(Host& host, int socket, const uint8_t* at, size_t left, bool& over) {
  while (left >= sizeof(struct nlmsghdr)) {
    struct nlmsghdr head;
    __builtin_memcpy(&head, at, sizeof head);
    if (head.nlmsg_len < sizeof head || head.nlmsg_len > left) break;
    if (head.nlmsg_type == NLMSG_DONE) over = true;
    if (head.nlmsg_type == NLMSG_ERROR) {
      struct nlmsgerr answer = {};
      if (head.nlmsg_len >= sizeof head + sizeof answer) __builtin_memcpy(&answer, at + sizeof head, sizeof answer);
      return failed("IPCTNL_MSG_CT_GET", answer.error < 0 ? answer.error : -EINVAL, "");
    }
    if (head.nlmsg_type == (kOf | IPCTNL_MSG_CT_NEW) && head.nlmsg_len >= kHead)
      if (Result r = forget(host, socket, at, head.nlmsg_len); !r) return r;
    const size_t whole = (head.nlmsg_len + 3u) & ~size_t{3};
    if (whole >= left) break;
    at += whole;
    left -= whole;
  }
  return kDone;
}

}  // namespace

// A list and a deletion of each, since the kernel deletes by a filter from 6.8 on only, and lists by one from 5.8.
Result run(Host& host, const args::forgetFlows& a) {
  const sys::Fd list(netlink::open(kNetfilter)), deletions(netlink::open(kNetfilter));
  if (list.bad()) return failed("socket", list.value(), "");
  if (deletions.bad()) return failed("socket", deletions.value(), "");
  if (a.request.size < kHead) return {EINVAL, "sendto", ""};
  const long sent = sys::call(__NR_sendto, list.get(), a.request.data, a.request.size, 0, nullptr, 0);
  if (sent < 0) return failed("sendto", sent, "");
  alignas(8) uint8_t buffer[8192];
  for (bool over = false; !over;) {
    struct sockaddr_nl from = {};
    unsigned size = sizeof from;
    const long n = sys::call(__NR_recvfrom, list.get(), buffer, sizeof buffer, kTruncated, &from, &size);
    if (n == -EINTR) continue;
    if (n < 0) return failed("recvfrom", n, "");
    if (from.nl_pid != 0) continue;   // as in netlink.cc: only the kernel is asked
    if (static_cast<size_t>(n) > sizeof buffer) return {EMSGSIZE, "recvfrom", ""};
    if (Result r = take(host, deletions.get(), buffer, static_cast<size_t>(n), over); !r) return r;
  }
  return kDone;
}

}  // namespace tinyrun
