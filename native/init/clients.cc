#include "clients.h"

#include "lane.h"
#include "monitor_parts.h"

namespace tinyrun {

namespace {

constexpr const char* kName = "socket";
constexpr int kLag = 1 << 20;

uint32_t bigEndian(const uint8_t* at) {
  return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 | static_cast<uint32_t>(at[2]) << 8 | at[3];
}

}  // namespace

long Clients::listen(int dir) {
  Text<64> path;   // however long the name of the directory is
  path.add("/proc/self/fd/").add(static_cast<uint64_t>(dir)).add("/").add(kName);
  sys::unlinkat(dir, kName, 0);   // of a monitor whose plan failed: the container is born once more
  const long fd = sys::listenStream(path.c_str());
  if (fd >= 0) listener_ = static_cast<int>(fd);
  return fd < 0 ? fd : 0;
}

size_t Clients::wait(struct pollfd* fds, const Monitor& monitor) {
  size_t n = 0;
  fds[n++] = {live_ < kMost ? listener_ : -1, POLLIN, 0};
  const bool takesMore = takesTyping(monitor);
  for (size_t i = 0; i < count_; ++i) {
    const Client& client = clients_[i];
    // Its hang-up would be told at once, again and again: it waits until there is something to do about it.
    const bool waits = client.typing != 0 && !takesMore;
    fds[n++] = {waits ? -1 : client.fd, static_cast<short>(client.ended ? 0 : POLLIN), 0};
  }
  return n;
}

void Clients::advance(const struct pollfd* fds, size_t count, Monitor& monitor) {
  for (size_t i = 0; i + 1 < count; ++i) {
    Client& client = clients_[i];
    const short events = fds[i + 1].revents;
    if (client.fd < 0 || events == 0) continue;
    if ((events & POLLIN) != 0 && !client.ended) hear(client, monitor);
    else hangUp(client);
  }
  if (count != 0 && fds[0].revents != 0) accept();
  while (count_ != 0 && clients_[count_ - 1].fd < 0) --count_;
}

void Clients::accept() {
  sys::Fd fd(sys::acceptStream(listener_, kLag));
  if (fd.bad()) return;
  size_t place = 0;
  while (place < count_ && clients_[place].fd >= 0) ++place;
  if (place == count_) ++count_;
  ++live_;
  clients_[place] = Client();
  clients_[place].fd = fd.release();
}

void Clients::hear(Client& client, Monitor& monitor) {
  if (client.typing != 0) return typed(client, monitor);
  // A header first, then what it says: what follows may be to be typed.
  const uint32_t size = client.have < message::kHeader ? message::kHeader
                                                       : message::kHeader + bigEndian(client.frame + 4);
  const long n = sys::read(client.fd, client.frame + client.have, size - client.have);
  if (n == -EAGAIN || n == -EINTR) return;
  if (n < 0) return hangUp(client);
  if (n == 0) {
    client.ended = true;
    if (!client.output) hangUp(client);
    return;
  }
  client.have += static_cast<uint32_t>(n);
  if (!framed(client, monitor)) hangUp(client);
}

void Clients::typed(Client& client, Monitor& monitor) {
  char text[4096];
  const size_t most = client.typing < sizeof text ? client.typing : sizeof text;
  const long n = sys::read(client.fd, text, most);
  if (n == -EAGAIN || n == -EINTR) return;
  if (n <= 0) return hangUp(client);
  client.typing -= static_cast<uint32_t>(n);
  type(monitor, text, static_cast<size_t>(n));
}

// What it sent, as far as it is whole. False: no monitor understands it.
bool Clients::framed(Client& client, Monitor& monitor) {
  if (client.have < message::kHeader) return true;
  const uint32_t size = bigEndian(client.frame + 4);
  if (client.frame[0] == static_cast<uint8_t>(message::Kind::stdin)) {
    client.typing = size;
    client.have = 0;
    return true;
  }
  if (size > sizeof client.frame - message::kHeader) return false;
  if (client.have < message::kHeader + size) return true;
  message::Frame frame;
  const bool whole = message::readFrame(client.frame, client.have, frame);
  client.have = 0;
  if (!whole) return false;
  if (frame.kind == message::Kind::lookPlan) {
    runGiven(monitor, monitor.out);
    send(client, monitor.out.data(), monitor.out.size(), nullptr, 0);
    return true;
  }
  message::attach wanted;
  if (!message::read(frame, wanted)) return tinyrun::hear(monitor, frame);
  if (client.output != (wanted.output != 0)) wanted.output != 0 ? ++watching_ : --watching_;
  client.output = wanted.output != 0;
  return true;
}

void Clients::show(message::Kind kind, const char* text, size_t size) {
  const auto n = static_cast<uint32_t>(size);
  const uint8_t head[message::kHeader] = {static_cast<uint8_t>(kind),       0, 0, 0, static_cast<uint8_t>(n >> 24),
                                          static_cast<uint8_t>(n >> 16),    static_cast<uint8_t>(n >> 8),
                                          static_cast<uint8_t>(n)};
  for (size_t i = 0; i < count_ && watching(); ++i)
    if (clients_[i].output) send(clients_[i], head, sizeof head, text, size);
}

void Clients::tell(const message::Writer& message) {
  for (size_t i = 0; i < count_; ++i)
    if (clients_[i].fd >= 0) send(clients_[i], message.data(), message.size(), nullptr, 0);
}

// All of it or none: a part would leave the client in the middle of a frame.
void Clients::send(Client& client, const void* head, size_t headSize, const void* body, size_t bodySize) {
  struct iovec parts[] = {{const_cast<void*>(head), headSize}, {const_cast<void*>(body), bodySize}};
  const long n = sys::sendNow(client.fd, parts, 2);
  if (n != static_cast<long>(headSize + bodySize)) hangUp(client);
}

void Clients::hangUp(Client& client) {
  if (client.output) --watching_;
  client.output = false;
  --live_;
  drop(client.fd);
}

void Clients::close(int dir) {
  for (size_t i = 0; i < count_; ++i)
    if (clients_[i].fd >= 0) hangUp(clients_[i]);
  drop(listener_);
  sys::unlinkat(dir, kName, 0);
}

}  // namespace tinyrun
