// One rtnetlink(7) conversation: a request built attribute by attribute, and a socket that sends it and reads answers.
#pragma once

#include <linux/netlink.h>
#include <linux/rtnetlink.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "open.h"

namespace tinyrun::netlink {

// nlmsghdr, a fixed body (ifinfomsg, ifaddrmsg, rtmsg), then attributes, which may nest.
class Request {
 public:
  template <class Body>
  Request(uint16_t type, uint16_t flags, const Body& body) {
    bytes_.resize(NLMSG_LENGTH(0));
    header()->nlmsg_type = type;
    header()->nlmsg_flags = flags | NLM_F_REQUEST;
    append(&body, sizeof body);
  }
  Request& attribute(uint16_t type, const void* data, size_t size);
  Request& text(uint16_t type, const std::string& value) { return attribute(type, value.c_str(), value.size() + 1); }
  Request& number(uint16_t type, uint32_t value) { return attribute(type, &value, sizeof value); }
  // Opens a nested attribute, runs `fill`, closes it.
  Request& nest(uint16_t type, const std::function<void()>& fill);
  void append(const void* data, size_t size);
  nlmsghdr* header() { return reinterpret_cast<nlmsghdr*>(bytes_.data()); }
  const std::vector<char>& bytes() const { return bytes_; }

 private:
  std::vector<char> bytes_;
};

// Attributes by type; views into the answer's buffer.
class Attributes {
 public:
  Attributes(const rtattr* first, size_t size);
  std::optional<std::string_view> find(uint16_t type) const;
  std::optional<uint32_t> number(uint16_t type) const;
  std::optional<std::string> text(uint16_t type) const;

 private:
  std::vector<std::pair<uint16_t, std::string_view>> list_;
};

class Socket {
 public:
  // In the network namespace of an fd, or in the caller's. A netlink socket stays in the one it was made in.
  explicit Socket(std::optional<Fd> netns);
  // Sends and waits for the acknowledgement; `what` names the object in the error.
  void acknowledged(Request& request, const char* name, const std::string& what);
  // Sends and hands over each answer: one, or all of a dump.
  void each(Request& request, const char* name, const std::string& what,
            const std::function<void(const nlmsghdr*)>& visit);
  // The index of an interface by name; throws ENODEV.
  uint32_t indexOf(const std::string& name);

 private:
  void send(Request& request, const char* name, const std::string& what);
  bool receive(const char* name, const std::string& what, const std::function<void(const nlmsghdr*)>& visit);
  UniqueFd fd_;
  uint32_t sequence_ = 0;
};

}  // namespace tinyrun::netlink
