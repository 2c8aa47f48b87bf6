// What netlink(7) steps have in common.
#pragma once

#include "lane.h"

namespace tinyrun::netlink {

inline constexpr uint32_t kRoute = 0;   // NETLINK_ROUTE

// A socket of the caller's network namespace, which it stays in.
long open(uint32_t protocol);
// The index of a device in the socket's network namespace, by name, or -errno.
long indexOf(int socket, Str name);

// A number, and where it belongs in a request.
struct Number {
  uint32_t value;
  U32s at;
};
// Sends the messages with the numbers in their places, and waits for their answers. `about` is told with a failure.
Result send(Lane& lane, int socket, Bytes request, const Number& device, const Number& pid, const char* about);
// The same for messages that need no numbers and are the caller's own.
Result send(Lane& lane, int socket, const void* messages, size_t size, const char* about);

}  // namespace tinyrun::netlink
