// The directory of names, which the resolver stands in and is told of by inotify(7):
//
//   NETWORK/ENDPOINT   hosts(5) lines            views/CONTAINER   what one container may see, a line each:
//                                                  network ID…     its networks
//                                                  name ALIAS=NAME a name of its own for one of theirs
//                                                  server ADDRESS  asked for all other names, from its namespace
//                                                  forward no      nobody is asked for them
//
// Files come by rename(2), whole. Watched first and read then, so that nothing is missed.
#include <linux/inotify.h>

#include "resolver_parts.h"

namespace tinyrun {

namespace {

constexpr uint32_t kChanges = IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_ONLYDIR;
constexpr const char* kViewsName = "views";

bool isWord(char c) { return c != ' ' && c != '\t' && c != '\n' && c != 0; }

// No path, no temporary file, and short enough to be kept.
bool isName(const char* name) {
  size_t n = 0;
  for (; name[n] != 0; ++n)
    if (name[n] == '/' || n + 1 == Zone::kFile) return false;
  return n != 0 && name[0] != '.';
}

long addWatch(Resolver& r, const char* path, uint32_t events) {
  return sys::call(__NR_inotify_add_watch, r.inotify, path, events);
}

// A file below a directory of ours; -errno.
long readFile(const char* directory, const char* name, char* to, size_t room) {
  Text<160> path;
  path.add(directory).add("/").add(name);
  const sys::Fd file(sys::openat(AT_FDCWD, path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
  if (file.bad()) return file.value();
  size_t size = 0;
  while (size < room) {
    const long n = sys::read(file.get(), to + size, room - size);
    if (n < 0 && n != -EINTR) return n;
    if (n == 0) break;
    if (n > 0) size += static_cast<size_t>(n);
  }
  return static_cast<long>(size);
}

template <class Visit>
void eachFile(const char* directory, Visit visit) {
  const sys::Fd dir(sys::openat(AT_FDCWD, directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  if (dir.bad()) return;
  alignas(8) char buffer[4096];
  for (long n; (n = sys::getdents(dir.get(), buffer, sizeof buffer)) > 0;)
    for (long at = 0; at < n;) {
      const auto* const entry = reinterpret_cast<const sys::DirectoryEntry*>(buffer + at);
      if (isName(entry->name)) visit(entry->name);
      at += entry->size;
    }
}

// ---- networks -----------------------------------------------------------------------------------------

void readEndpoint(Resolver& r, uint16_t network, const char* name) {
  char text[Zone::kText];
  const long n = readFile(r.networks[network].id, name, text, sizeof text);
  if (n < 0) r.zone.remove(network, name);
  else r.zone.put(network, name, text, static_cast<size_t>(n));
}

void readNetwork(Resolver& r, uint16_t index) {
  Network& network = r.networks[index];
  r.zone.clear(index);
  const long watch = addWatch(r, network.id, kChanges);
  network.watch = watch < 0 ? 0 : static_cast<int>(watch);
  eachFile(network.id, [&](const char* name) { readEndpoint(r, index, name); });
}

// kNetworks: all places are taken.
size_t seeNetwork(Resolver& r, const char* id) {
  size_t place = kNetworks;
  for (size_t i = 0; i < kNetworks; ++i) {
    if (r.networks[i].views == 0) place = place == kNetworks ? i : place;
    else if (equal(r.networks[i].id, id)) {
      ++r.networks[i].views;
      return i;
    }
  }
  if (place == kNetworks) return place;
  r.networks[place].views = 1;
  copyText(r.networks[place].id, Zone::kFile, id);
  readNetwork(r, static_cast<uint16_t>(place));
  return place;
}

void leaveNetwork(Resolver& r, uint16_t index) {
  Network& network = r.networks[index];
  if (--network.views != 0) return;
  r.zone.clear(index);
  if (network.watch > 0) sys::call(__NR_inotify_rm_watch, r.inotify, network.watch);
  network.watch = 0;
}

// ---- views --------------------------------------------------------------------------------------------

size_t viewOf(const Resolver& r, const char* id) {
  for (size_t i = 0; i < r.viewsHigh; ++i)
    if (r.views[i].used && equal(r.views[i].id, id)) return i;
  return kViews;
}

// The next word of a line, NUL-terminated; nullptr: there is none.
char* word(char*& at) {
  while (*at == ' ' || *at == '\t') ++at;
  if (!isWord(*at)) return nullptr;
  char* const start = at;
  while (isWord(*at)) ++at;
  if (*at != 0) *at++ = 0;
  return start;
}

void addNetwork(Resolver& r, View& view, const char* id) {
  if (view.networkCount == sizeof view.networks / sizeof *view.networks || !isName(id)) return;
  const size_t network = seeNetwork(r, id);
  if (network != kNetworks) view.networks[view.networkCount++] = static_cast<uint16_t>(network);
}

void addLink(View& view, char* text) {
  char* target = text;
  for (; *target != 0 && *target != '='; ++target) *target = static_cast<char>(*target >= 'A' && *target <= 'Z' ? *target + 32 : *target);
  if (*target == 0 || view.linkCount == sizeof view.links / sizeof *view.links) return;
  *target++ = 0;
  auto& link = view.links[view.linkCount++];
  copyText(link.alias, sizeof link.alias, text);
  copyText(link.target, sizeof link.target, target);
}

void readLine(Resolver& r, View& view, char* line) {
  const char* const what = word(line);
  if (what == nullptr) return;
  for (char* value; (value = word(line)) != nullptr;) {
    if (equal(what, "network")) addNetwork(r, view, value);
    else if (equal(what, "name")) addLink(view, value);
    else if (equal(what, "forward")) view.forward = !equal(value, "no");
    else if (equal(what, "server") && view.serverCount < kServers &&
             parseAddress(value, length(value), view.servers[view.serverCount]))
      ++view.serverCount;
  }
}

// What the view says from now on; its sockets stay.
void parseView(Resolver& r, View& view, char* text) {
  uint16_t before[sizeof view.networks / sizeof *view.networks];
  const size_t count = view.networkCount;
  __builtin_memcpy(before, view.networks, sizeof before);
  view.networkCount = view.serverCount = view.linkCount = view.preferred = 0;
  view.forward = true;
  while (*text != 0) {
    char* end = text;
    while (*end != 0 && *end != '\n') ++end;
    const bool more = *end != 0;
    *end = 0;
    readLine(r, view, text);
    text = end + (more ? 1 : 0);
  }
  for (size_t i = 0; i < count; ++i) leaveNetwork(r, before[i]);   // afterwards: what stays is not read again
}

void closeView(Resolver& r, size_t index) {
  View& view = r.views[index];
  endFlights(r, index);
  endConnections(r, index);
  int* const fds[] = {&view.queries, &view.clients, &view.asker, &view.stream};
  for (int* const fd : fds) shut(*fd);
}

void dropView(Resolver& r, size_t index) {
  View& view = r.views[index];
  closeView(r, index);
  for (size_t i = 0; i < view.networkCount; ++i) leaveNetwork(r, view.networks[i]);
  view.networkCount = 0;
  view.used = false;
  ++view.generation;
  --r.viewCount;
  while (r.viewsHigh != 0 && !r.views[r.viewsHigh - 1].used) --r.viewsHigh;
}

// kViews: it is not there, or there is no room.
size_t readView(Resolver& r, const char* id) {
  char text[Zone::kText + 1];
  const long n = readFile(kViewsName, id, text, sizeof text - 1);
  size_t index = viewOf(r, id);
  if (n < 0) {
    if (index != kViews) dropView(r, index);
    return kViews;
  }
  text[n] = 0;
  if (index == kViews) {
    for (index = 0; index < r.viewsHigh && r.views[index].used;) ++index;
    if (index == kViews) return kViews;
    if (index == r.viewsHigh) ++r.viewsHigh;
    View& view = r.views[index];
    view.used = true;
    ++view.generation;
    ++r.viewCount;
    copyText(view.id, sizeof view.id, id);
  }
  parseView(r, r.views[index], text);
  r.views[index].seen = true;
  return index;
}

void readViews(Resolver& r) {
  for (size_t i = 0; i < r.viewsHigh; ++i) r.views[i].seen = false;
  eachFile(kViewsName, [&](const char* name) { readView(r, name); });
  for (size_t i = r.viewsHigh; i-- > 0;)
    if (r.views[i].used && !r.views[i].seen) dropView(r, i);
}

// ---- changes ------------------------------------------------------------------------------------------

void readAll(Resolver& r) {
  readViews(r);
  for (uint16_t i = 0; i < kNetworks; ++i)
    if (r.networks[i].views != 0) readNetwork(r, i);
}

void changedNetwork(Resolver& r, const struct inotify_event& event, const char* name) {
  for (uint16_t i = 0; i < kNetworks; ++i) {
    Network& network = r.networks[i];
    if (network.views == 0) continue;
    if (event.wd == r.rootWatch && equal(network.id, name) && network.watch == 0) readNetwork(r, i);
    if (event.wd != network.watch) continue;
    if ((event.mask & IN_IGNORED) != 0) {   // its directory has gone
      network.watch = 0;
      r.zone.clear(i);
    } else if (isName(name)) {
      readEndpoint(r, i, name);
    }
    return;
  }
}

void changed(Resolver& r, const struct inotify_event& event, const char* name) {
  if ((event.mask & IN_Q_OVERFLOW) != 0) return readAll(r);
  if (event.wd != r.viewsWatch) return changedNetwork(r, event, name);
  if (event.len != 0 && isName(name)) readView(r, name);
}

bool isOfSix(int fd) {
  constexpr int kSocketLevel = 1, kDomainOption = 39, kInet6 = 10;   // SOL_SOCKET, SO_DOMAIN, AF_INET6
  int domain = 0;
  unsigned size = sizeof domain;
  return sys::call(__NR_getsockopt, fd, kSocketLevel, kDomainOption, &domain, &size) == 0 && domain == kInet6;
}

}  // namespace

long beginWatching(Resolver& r) {
  const long fd = sys::call(__NR_inotify_init1, O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fd;
  r.inotify = static_cast<int>(fd);
  const long root = addWatch(r, ".", IN_CREATE | IN_MOVED_TO | IN_ONLYDIR), views = addWatch(r, kViewsName, kChanges);
  if (root < 0 || views < 0) return root < 0 ? root : views;
  r.rootWatch = static_cast<int>(root);
  r.viewsWatch = static_cast<int>(views);
  readViews(r);
  return watch(r, r.inotify, About::watch, 0, 0);
}

void drainWatch(Resolver& r) {
  alignas(8) char buffer[8192];
  for (long n; (n = sys::read(r.inotify, buffer, sizeof buffer)) > 0;)
    for (long at = 0; at < n;) {
      const auto& event = *reinterpret_cast<const struct inotify_event*>(buffer + at);
      changed(r, event, event.len == 0 ? "" : buffer + at + sizeof event);
      at += static_cast<long>(sizeof event + event.len);
    }
}

long serveView(Resolver& r, const char* id, const int (&sockets)[4]) {
  drainWatch(r);
  if (!isName(id)) return -EINVAL;
  const size_t index = readView(r, id);
  if (index == kViews) return -ENOENT;
  closeView(r, index);
  View& view = r.views[index];
  ++view.generation;
  view.queries = sockets[0];
  view.clients = sockets[1];
  view.asker = sockets[2];
  view.stream = sockets[3];
  view.six = isOfSix(view.asker) && isOfSix(view.stream);
  const auto add = [&](int fd, About about) { return watch(r, fd, about, index, view.generation); };
  long failure = add(view.queries, About::queries);
  if (failure == 0) failure = add(view.clients, About::clients);
  if (failure == 0) failure = add(view.asker, About::answers);
  if (failure < 0) view.queries = view.clients = view.asker = view.stream = 0;
  return failure;
}

}  // namespace tinyrun
