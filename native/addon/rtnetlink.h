// What the kernel lists by rtnetlink(7). Changes are steps of plans (native/init/netlink.cc).
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "open.h"

namespace tinyrun::netlink {

// Attributes by type; views into the answer's buffer.
class Attributes {
 public:
  Attributes(const rtattr* first, size_t size);
  std::optional<std::string_view> find(uint16_t type) const;
  std::optional<std::string> text(uint16_t type) const;

 private:
  std::vector<std::pair<uint16_t, std::string_view>> list_;
};

class Socket {
 public:
  // In the network namespace of an fd, or in the caller's. A netlink socket stays in the one it was made in.
  explicit Socket(std::optional<Fd> netns);
  // Asks for all there is of a kind; `body` is empty (ifinfomsg, ifaddrmsg). `name` is the request's, for the error.
  template <class Body>
  void dump(uint16_t type, const char* name, const std::function<void(const nlmsghdr*)>& visit) {
    struct {
      nlmsghdr head;
      Body body;
    } request{};
    request.head.nlmsg_len = NLMSG_LENGTH(sizeof(Body));
    request.head.nlmsg_type = type;
    request.head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    send(&request, request.head.nlmsg_len, name);
    while (receive(name, visit)) continue;
  }

 private:
  void send(const void* request, size_t size, const char* name);
  bool receive(const char* name, const std::function<void(const nlmsghdr*)>& visit);
  UniqueFd fd_;
};

}  // namespace tinyrun::netlink
