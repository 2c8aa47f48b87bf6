// Who attaches to a running container: clients of the socket in its run directory, any number of them. A stream socket of
// Docker's frames (monitor.def), both ways:
//
//   client                                        monitor
//     connect ─────────────────────────────────→  accept
//     attach(stdin, output) ───────────────────→  from here on it gets what is written
//     stdin, closeStdin, resize ───────────────→  as from the caller
//              ←──────── stdout, stderr ────────  as they come
//              ←──────── exit, end of file ─────
//
// Nobody waits for a client: one that does not read and lags behind by more than its socket holds is hung up on. One that
// sends what it wants to be typed faster than the program reads is not read from meanwhile.
#pragma once

#include "message.h"
#include "sys.h"

namespace tinyrun {

struct Monitor;

class Clients {
 public:
  static constexpr size_t kMost = 128;

  // Makes `socket` in a directory. 0 or -errno.
  long listen(int dir);
  // What to wait for next: at most 1 + kMost entries, counted.
  size_t wait(struct pollfd* fds, const Monitor& monitor);
  // After poll(2) of those.
  void advance(const struct pollfd* fds, size_t count, Monitor& monitor);
  bool watching() const { return watching_ != 0; }
  void show(message::Kind kind, const char* text, size_t size);
  void tell(const message::Writer& message);
  // Nobody of them stays, and nobody comes: `dir` as of listen.
  void close(int dir);

 private:
  struct Client {
    int fd = -1;
    bool output = false;
    bool ended = false;       // it has nothing more to say
    uint32_t typing = 0;      // bytes of a frame `stdin` that are still to come
    uint32_t have = 0;        // of frame
    uint8_t frame[64];        // of any other kind
  };

  void accept();
  void hear(Client& client, Monitor& monitor);
  void typed(Client& client, Monitor& monitor);
  bool framed(Client& client, Monitor& monitor);
  void send(Client& client, const void* head, size_t headSize, const void* body, size_t bodySize);
  void hangUp(Client& client);

  int listener_ = -1;
  size_t watching_ = 0;
  size_t live_ = 0;
  size_t count_ = 0;          // places behind which there is none
  Client clients_[kMost];
};

}  // namespace tinyrun
