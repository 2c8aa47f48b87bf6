// Links and addresses, as one `ip` process each would list them, which costs more than the container they are for.
#include <arpa/inet.h>
#include <net/if.h>

#include <cstring>

#include "rtnetlink.h"

namespace tinyrun {
namespace {

using netlink::Attributes;
using netlink::Socket;

// 0 where the kernel tells of none.
uint32_t number(const Attributes& attributes, uint16_t type) {
  uint32_t value = 0;
  if (const auto bytes = attributes.find(type); bytes && bytes->size() >= sizeof value) memcpy(&value, bytes->data(), sizeof value);
  return value;
}

std::string formatAddress(uint8_t family, std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes.size() < (family == AF_INET ? 4u : 16u)) return text;
  inet_ntop(family, bytes.data(), text, sizeof text);
  return text;
}

// All answers of a dump as an array; `visit` gives the object, or an empty value for what is left out.
template <class Body, class Visit>
Napi::Value dump(Napi::Env env, uint16_t type, const char* name, std::optional<Fd> netns, Visit visit) {
  auto list = Napi::Array::New(env);
  Socket(netns).dump<Body>(type, name, [&](const nlmsghdr* message) {
    if (const Napi::Value value = visit(message); !value.IsEmpty()) list.Set(list.Length(), value);
  });
  return list;
}

Napi::Value linkList(Napi::Env env, std::optional<Fd> netns) {
  return dump<ifinfomsg>(env, RTM_GETLINK, "RTM_GETLINK", netns, [&](const nlmsghdr* message) -> Napi::Value {
    const auto* body = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
    const Attributes attributes(IFLA_RTA(body), IFLA_PAYLOAD(message));
    return Record(env)
        .set("index", static_cast<int>(body->ifi_index))
        .set("name", attributes.text(IFLA_IFNAME).value_or(""))
        .set("up", (body->ifi_flags & IFF_UP) != 0)
        .set("master", number(attributes, IFLA_MASTER))
        .set("mtu", number(attributes, IFLA_MTU));
  });
}

Napi::Value addressList(Napi::Env env, std::optional<Fd> netns) {
  return dump<ifaddrmsg>(env, RTM_GETADDR, "RTM_GETADDR", netns, [&](const nlmsghdr* message) -> Napi::Value {
    const auto* body = static_cast<const ifaddrmsg*>(NLMSG_DATA(message));
    const Attributes attributes(IFA_RTA(body), IFA_PAYLOAD(message));
    // On a point-to-point link IFA_ADDRESS is the other end; IPv6 sends IFA_LOCAL only there.
    auto bytes = attributes.find(IFA_LOCAL);
    if (!bytes) bytes = attributes.find(IFA_ADDRESS);
    if (!bytes) return {};
    return Record(env)
        .set("index", static_cast<uint32_t>(body->ifa_index))
        .set("family", body->ifa_family == AF_INET ? 4 : 6)
        .set("address", formatAddress(body->ifa_family, *bytes))
        .set("prefix", static_cast<int>(body->ifa_prefixlen))
        .set("isPermanent", (body->ifa_flags & IFA_F_PERMANENT) != 0)
        .set("isGlobal", body->ifa_scope == RT_SCOPE_UNIVERSE);
  });
}

}  // namespace

void exportNetlink(Exports& out) {
  out.insert(out.end(), {bind<&linkList>("linkList"), bind<&addressList>("addressList")});
}

}  // namespace tinyrun
