// One direction of a container's streams: bytes from one fd to another, without ever waiting for either.
#pragma once

#include "sys.h"

namespace tinyrun {

// Who looks on: is shown what an output has read, before that is passed on.
struct Tap {
  void (*show)(void* context, int stream, const char* text, size_t size) = nullptr;
  void* context = nullptr;
  int stream = 0;
};

class Stream {
 public:
  enum class Way : uint8_t { input, output };

  // Takes both fds; without `to`, what comes is only shown. Pipes are spliced unless somebody looks on; a terminal, which
  // knows no splice(2), is read and written. Both ends of an output and of a terminal must be non-blocking.
  void join(int from, int to, Way way, bool terminal);
  bool open() const { return from_ >= 0 || at_ < size_; }
  void tap(const Tap& tap) { tap_ = tap; }
  // Whether the tap is used from here on.
  void watch(bool watched) { watched_ = watched && tap_.show != nullptr; }

  // What to wait for next: at most two entries, counted.
  size_t wait(struct pollfd* fds) const;
  // After poll(2) of those.
  void advance(const struct pollfd* fds, size_t count);

  // Nobody reads the output any more: the program goes on, what it writes is dropped. Input has no such end.
  void loseSink();
  // Nobody ever will: the program finds out, by SIGPIPE. A terminal is no pipe: what is written there is dropped.
  void breakPipe() { terminal_ ? loseSink() : close(); }
  // Nothing more comes in: what is under way still arrives, then the program reads its end of file, unless the input stays.
  void endSource();
  // An input that clients may go on with when its source has ended, until end().
  void stay() { stays_ = true; }
  void end();
  // For an input: bytes that came another way, as long as it takes more.
  bool takesMore() const { return at_ == size_; }
  void type(const char* text, size_t size);
  // The container has ended: what lies in the pipe is moved, and no more. A process elsewhere that was given the pipe
  // holds nobody up.
  void finish();
  void close();
  // Nothing waits to be read, nor to be written.
  bool isEmpty() const { return idle() && lying() == 0; }
  // Nothing waits to be written: it is the source that is awaited.
  bool idle() const { return open() && !full_ && at_ == size_; }

 private:
  void spliceOnce();
  void copyOnce();
  long take();
  void grow();
  void writeHeld();
  void drop();
  void settle();
  int lying() const;

  int from_ = -1;
  int to_ = -1;
  Way way_ = Way::output;
  bool terminal_ = false;
  bool full_ = false;        // waits for room, not for bytes
  bool finishing_ = false;
  bool grown_ = false;
  bool watched_ = false;
  bool stays_ = false;
  int left_ = 0;             // finishing: so much is still to be moved out of a pipe
  Tap tap_;
  size_t at_ = 0, size_ = 0;   // of held_: read, not yet written
  char held_[1 << 16];         // what is not touched costs nothing
};

}  // namespace tinyrun
