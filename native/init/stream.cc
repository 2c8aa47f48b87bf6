#include "stream.h"

#include "lane.h"

namespace tinyrun {

namespace {

constexpr size_t kPiece = 1 << 16;
constexpr int kManyPieces = 1 << 20;
constexpr unsigned kMove = 1, kNonBlock = 2;   // SPLICE_F_MOVE, SPLICE_F_NONBLOCK
constexpr int kSetPipeSize = 1031;             // F_SETPIPE_SZ
constexpr char kEndOfTransmission = 4;         // ^D: what a terminal makes of the end of a pipe

}  // namespace

void Stream::join(int from, int to, Way way, bool terminal) {
  from_ = from;
  to_ = to;
  way_ = way;
  terminal_ = terminal;
}

int Stream::lying() const {
  int size = 0;
  return from_ < 0 || sys::ioctl(from_, FIONREAD, &size) < 0 ? 0 : size;
}

size_t Stream::wait(struct pollfd* fds) const {
  size_t n = 0;
  const bool held = at_ < size_;
  if (to_ >= 0) fds[n++] = {to_, static_cast<short>(full_ || held ? POLLOUT : 0), 0};   // its end is told unasked
  if (from_ >= 0 && !full_ && !held) fds[n++] = {from_, POLLIN, 0};
  return n;
}

void Stream::advance(const struct pollfd* fds, size_t count) {
  bool ready = false;
  for (size_t i = 0; i < count; ++i) {
    const short events = fds[i].revents;
    if (events == 0) continue;
    if (fds[i].fd != to_) ready = true;
    else if ((events & (POLLERR | POLLHUP)) != 0) loseSink();
    else ready = true;
  }
  if (!ready || !open()) return;
  if (to_ < 0) drop();
  else if (at_ < size_) writeHeld();
  else if (terminal_ || watched_) copyOnce();
  else spliceOnce();
  settle();
}

void Stream::spliceOnce() {
  const size_t most = finishing_ ? static_cast<size_t>(left_) : static_cast<size_t>(kManyPieces);
  const long n = sys::splice(from_, to_, most, kMove | kNonBlock);
  if (n > 0) {
    full_ = false;
    if (finishing_) left_ -= static_cast<int>(n);
    if (static_cast<size_t>(n) >= kPiece) grow();
  } else if (n == -EAGAIN) {
    // Room was asked for and there is some: then it is the source that is empty (a program may read its own output).
    full_ = !full_;
    if (finishing_) left_ = lying();
  } else if (n == -EPIPE) {
    loseSink();
  } else if (n != -EINTR) {
    close();
  }
}

// Who writes much is not made to wait for us at each piece. May be refused: the size of all pipes has a limit.
void Stream::grow() {
  if (!grown_ && !terminal_) sys::fcntl(from_, kSetPipeSize, kManyPieces);
  grown_ = true;
}

// Reads what there is, into held_.
long Stream::take() {
  size_t most = sizeof held_ - 1;   // room for a ^D
  if (finishing_ && !terminal_ && static_cast<size_t>(left_) < most) most = static_cast<size_t>(left_);
  const long n = sys::read(from_, held_, most);
  if (n == -EAGAIN && finishing_) left_ = terminal_ ? 0 : lying();
  if (n <= 0) return n;
  if (finishing_) left_ -= static_cast<int>(n);
  if (static_cast<size_t>(n) == most) grow();
  if (watched_) tap_.show(tap_.context, tap_.stream, held_, static_cast<size_t>(n));
  return n;
}

void Stream::copyOnce() {
  const long n = take();
  if (n == -EAGAIN || n == -EINTR) return;
  if (n <= 0) return way_ == Way::input ? endSource() : close();   // EIO: the last who had the terminal open has gone
  at_ = 0;
  size_ = static_cast<size_t>(n);
  writeHeld();
}

void Stream::writeHeld() {
  const long n = sys::write(to_, held_ + at_, size_ - at_);
  if (n >= 0) at_ += static_cast<size_t>(n);
  else if (n != -EAGAIN && n != -EINTR) loseSink();
  full_ = at_ < size_;
}

void Stream::drop() {
  const long n = take();
  at_ = size_ = 0;
  if (n == 0 || (n < 0 && n != -EAGAIN && n != -EINTR)) close();
}

void Stream::settle() {
  if (at_ < size_) return;
  if (finishing_ && !terminal_ && left_ <= 0) close();
  if (from_ < 0 && !stays_) close();
}

void Stream::loseSink() {
  tinyrun::drop(to_);
  at_ = size_ = 0;
  full_ = false;
  if (way_ == Way::input || (finishing_ && !watched_)) close();
}

void Stream::endSource() {
  tinyrun::drop(from_);
  full_ = false;
  if (stays_) return;
  if (terminal_ && to_ >= 0) {
    if (at_ == size_) at_ = size_ = 0;
    held_[size_++] = kEndOfTransmission;
  }
  settle();
}

void Stream::end() {
  stays_ = false;
  endSource();
}

void Stream::type(const char* text, size_t size) {
  if (to_ < 0 || !takesMore() || size > sizeof held_ - 1) return;   // a program that has closed its input
  __builtin_memcpy(held_, text, size);
  at_ = 0;
  size_ = size;
  writeHeld();
}

void Stream::finish() {
  finishing_ = true;
  if (way_ == Way::input || (to_ < 0 && !watched_)) return close();
  if (!terminal_) left_ = lying();
  settle();
}

void Stream::close() {
  tinyrun::drop(from_);
  tinyrun::drop(to_);
  stays_ = false;
  at_ = size_ = 0;
}

}  // namespace tinyrun
