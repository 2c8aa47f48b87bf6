// Links, addresses and routes: five `ip` processes cost more than the container they are for. Each call is one
// request on a socket of its own; `netns` is the fd of the network namespace to work in, the caller's by default.
#include <arpa/inet.h>
#include <linux/if.h>
#include <linux/veth.h>

#include <charconv>
#include <cstring>

#include "rtnetlink.h"

namespace tinyrun {
namespace {

using netlink::Attributes;
using netlink::Request;
using netlink::Socket;

struct Address {
  uint8_t family;
  uint8_t prefix;
  uint8_t bytes[16];
  size_t size() const { return family == AF_INET ? 4 : 16; }
};

[[noreturn]] void badAddress(const std::string& text) {
  throw ArgumentError{ArgumentError::kRange, 0, "\"" + text + "\" is not an address"};
}

// 10.1.2.3/24, fd00::1/64; without a prefix the whole address.
Address parseAddress(const std::string& text) {
  const size_t slash = text.find('/');
  const std::string host = text.substr(0, slash);
  Address address{};
  address.family = host.find(':') == std::string::npos ? AF_INET : AF_INET6;
  if (inet_pton(address.family, host.c_str(), address.bytes) != 1) badAddress(text);
  address.prefix = static_cast<uint8_t>(address.size() * 8);
  if (slash == std::string::npos) return address;
  unsigned prefix = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + slash + 1, end, prefix);
  if (error != std::errc{} || stop != end || prefix > address.size() * 8) badAddress(text);
  address.prefix = static_cast<uint8_t>(prefix);
  return address;
}

std::string formatAddress(uint8_t family, std::string_view bytes) {
  char text[INET6_ADDRSTRLEN] = "";
  if (bytes.size() < (family == AF_INET ? 4u : 16u)) return text;
  inet_ntop(family, bytes.data(), text, sizeof text);
  return text;
}

// 02:42:ac:11:00:02
std::vector<uint8_t> parseMac(const std::string& text) {
  std::vector<uint8_t> mac;
  for (size_t at = 0; mac.size() < 6; at += 3) {
    unsigned byte = 0;
    if (at + 2 > text.size() || (mac.size() < 5 && (at + 2 == text.size() || text[at + 2] != ':')) ||
        std::from_chars(text.data() + at, text.data() + at + 2, byte, 16).ptr != text.data() + at + 2)
      badAddress(text);
    mac.push_back(static_cast<uint8_t>(byte));
  }
  if (text.size() != 17) badAddress(text);
  return mac;
}

std::string formatMac(std::string_view bytes) {
  std::string text;
  char part[4];
  for (const char byte : bytes) {
    snprintf(part, sizeof part, "%s%02x", text.empty() ? "" : ":", static_cast<uint8_t>(byte));
    text += part;
  }
  return text;
}

void setMac(Request& request, const Options& options) {
  const auto address = options.get<std::optional<Text>>("address");
  if (!address) return;
  const auto mac = parseMac(*address);
  request.attribute(IFLA_ADDRESS, mac.data(), mac.size());
}

void setNumber(Request& request, const Options& options, const char* field, uint16_t type) {
  if (const auto value = options.get<std::optional<uint32_t>>(field)) request.number(type, *value);
}

std::string readLinkName(const Options& options, const char* field) {
  const auto name = options.get<Text>(field);
  if (name.empty() || name.size() >= IFNAMSIZ)
    throw ArgumentError{ArgumentError::kRange, 0, std::string(field) + " must have 1 to 15 bytes"};
  return name;
}

void addPeer(Request& request, const Options& peer) {
  request.nest(VETH_INFO_PEER, [&] {
    const ifinfomsg body{};
    request.append(&body, sizeof body);
    request.text(IFLA_IFNAME, readLinkName(peer, "name"));
    setMac(request, peer);
    setNumber(request, peer, "netnsFd", IFLA_NET_NS_FD);
  });
}

void linkAdd(Options link, std::optional<Fd> netns) {
  const std::string name = readLinkName(link, "name");
  const std::string kind = link.get<Text>("kind");
  const auto peer = link.get<std::optional<Options>>("peer");
  Request request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
  request.text(IFLA_IFNAME, name);
  setMac(request, link);
  setNumber(request, link, "mtu", IFLA_MTU);
  request.nest(IFLA_LINKINFO, [&] {
    request.text(IFLA_INFO_KIND, kind);
    if (peer) request.nest(IFLA_INFO_DATA, [&] { addPeer(request, *peer); });
  });
  Socket(netns).acknowledged(request, "RTM_NEWLINK", name);
}

void linkDelete(Text name, std::optional<Fd> netns) {
  Socket socket(netns);
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(socket.indexOf(name));
  Request request(RTM_DELLINK, 0, body);
  socket.acknowledged(request, "RTM_DELLINK", name);
}

void linkSet(Text name, Options set, std::optional<Fd> netns) {
  Socket socket(netns);
  ifinfomsg body{};
  body.ifi_index = static_cast<int>(socket.indexOf(name));
  if (const auto up = set.get<std::optional<bool>>("up")) {
    body.ifi_flags = *up ? IFF_UP : 0;
    body.ifi_change = IFF_UP;
  }
  Request request(RTM_NEWLINK, 0, body);
  if (const auto master = set.get<std::optional<Text>>("master"))
    request.number(IFLA_MASTER, master->empty() ? 0 : socket.indexOf(*master));
  if (set.get<std::optional<Text>>("newName")) request.text(IFLA_IFNAME, readLinkName(set, "newName"));
  setNumber(request, set, "netnsFd", IFLA_NET_NS_FD);
  setNumber(request, set, "mtu", IFLA_MTU);
  setMac(request, set);
  socket.acknowledged(request, "RTM_NEWLINK", name);
}

Napi::Value linkOf(Napi::Env env, const nlmsghdr* message) {
  const auto* body = static_cast<const ifinfomsg*>(NLMSG_DATA(message));
  const Attributes attributes(IFLA_RTA(body), IFLA_PAYLOAD(message));
  std::optional<std::string> kind, address;
  if (const auto info = attributes.find(IFLA_LINKINFO))
    kind = Attributes(reinterpret_cast<const rtattr*>(info->data()), info->size()).text(IFLA_INFO_KIND);
  if (const auto mac = attributes.find(IFLA_ADDRESS)) address = formatMac(*mac);
  return Record(env)
      .set("index", static_cast<int>(body->ifi_index))
      .set("name", attributes.text(IFLA_IFNAME).value_or(""))
      .set("kind", kind)
      .set("up", (body->ifi_flags & IFF_UP) != 0)
      .set("address", address)
      .set("mtu", attributes.number(IFLA_MTU).value_or(0))
      .set("master", attributes.number(IFLA_MASTER));
}

// All answers of a dump as an array; `visit` gives the object, or an empty value for what is left out.
template <class Visit>
Napi::Value dump(Napi::Env env, Request& request, const char* name, std::optional<Fd> netns, Visit visit) {
  auto list = Napi::Array::New(env);
  Socket(netns).each(request, name, "", [&](const nlmsghdr* message) {
    if (const Napi::Value value = visit(message); !value.IsEmpty()) list.Set(list.Length(), value);
  });
  return list;
}

Napi::Value linkList(Napi::Env env, std::optional<Fd> netns) {
  Request request(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  return dump(env, request, "RTM_GETLINK", netns, [&](const nlmsghdr* message) { return linkOf(env, message); });
}

void addressAdd(Text name, Text cidr, std::optional<Fd> netns) {
  const Address address = parseAddress(cidr);
  Socket socket(netns);
  ifaddrmsg body{};
  body.ifa_family = address.family;
  body.ifa_prefixlen = address.prefix;
  body.ifa_index = socket.indexOf(name);
  // Duplicate address detection would leave a new IPv6 address unusable for a second; ours are assigned, not guessed.
  if (address.family == AF_INET6) body.ifa_flags = IFA_F_NODAD;
  Request request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, body);
  request.attribute(IFA_LOCAL, address.bytes, address.size());
  request.attribute(IFA_ADDRESS, address.bytes, address.size());
  socket.acknowledged(request, "RTM_NEWADDR", cidr + " on " + name);
}

Napi::Value addressList(Napi::Env env, std::optional<Fd> netns) {
  Request request(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{});
  return dump(env, request, "RTM_GETADDR", netns, [&](const nlmsghdr* message) -> Napi::Value {
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

void routeAdd(Options route, std::optional<Fd> netns) {
  const auto destination = route.get<std::optional<Text>>("destination");
  const auto gateway = route.get<std::optional<Text>>("gateway");
  const auto device = route.get<std::optional<Text>>("device");
  std::optional<Address> to, via;
  if (destination && *destination != "default") to = parseAddress(*destination);
  if (gateway) via = parseAddress(*gateway);
  if (to && via && to->family != via->family) badAddress(*gateway);
  Socket socket(netns);
  rtmsg body{};
  body.rtm_family = to ? to->family : via ? via->family : AF_INET;
  body.rtm_dst_len = to ? to->prefix : 0;
  body.rtm_table = RT_TABLE_MAIN;
  body.rtm_protocol = RTPROT_BOOT;
  body.rtm_scope = via ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
  body.rtm_type = RTN_UNICAST;
  Request request(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, body);
  if (to) request.attribute(RTA_DST, to->bytes, to->size());
  if (via) request.attribute(RTA_GATEWAY, via->bytes, via->size());
  if (device) request.number(RTA_OIF, socket.indexOf(*device));
  socket.acknowledged(request, "RTM_NEWROUTE", destination ? static_cast<std::string>(*destination) : "default");
}

Napi::Value routeList(Napi::Env env, std::optional<Fd> netns) {
  Request request(RTM_GETROUTE, NLM_F_DUMP, rtmsg{});
  return dump(env, request, "RTM_GETROUTE", netns, [&](const nlmsghdr* message) -> Napi::Value {
    const auto* body = static_cast<const rtmsg*>(NLMSG_DATA(message));
    // The local table lists the host's own addresses; multicast families come in a full dump, too.
    if (body->rtm_table != RT_TABLE_MAIN || (body->rtm_family != AF_INET && body->rtm_family != AF_INET6)) return {};
    const Attributes attributes(RTM_RTA(body), RTM_PAYLOAD(message));
    const auto to = attributes.find(RTA_DST);
    std::optional<std::string> gateway;
    if (const auto via = attributes.find(RTA_GATEWAY)) gateway = formatAddress(body->rtm_family, *via);
    const char* any = body->rtm_family == AF_INET ? "0.0.0.0" : "::";
    return Record(env)
        .set("family", body->rtm_family == AF_INET ? 4 : 6)
        .set("destination", to ? formatAddress(body->rtm_family, *to) : any)
        .set("prefix", static_cast<int>(body->rtm_dst_len))
        .set("gateway", gateway)
        .set("index", attributes.number(RTA_OIF));
  });
}

}  // namespace

void exportNetlink(Exports& out) {
  out.insert(out.end(), {bind<&linkAdd>("linkAdd"), bind<&linkDelete>("linkDelete"), bind<&linkSet>("linkSet"),
                         bind<&linkList>("linkList"), bind<&addressAdd>("addressAdd"),
                         bind<&addressList>("addressList"), bind<&routeAdd>("routeAdd"),
                         bind<&routeList>("routeList")});
}

}  // namespace tinyrun
