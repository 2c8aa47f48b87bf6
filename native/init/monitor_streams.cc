// The ends of a container's streams that its monitor has: pipes made for it, or its terminal.
#include "monitor_parts.h"

namespace tinyrun {

namespace {

constexpr int kNonBlock = O_NONBLOCK;

// A pipe of the container's own. `ours`: its end that never blocks.
struct Pipe {
  int ends[2] = {-1, -1};
};

Pipe makePipe(Monitor& monitor, int ours, int theirs) {
  Pipe pipe;
  insist(monitor, sys::pipe2(pipe.ends, O_CLOEXEC), "pipe2", "");
  insist(monitor, sys::fcntl(pipe.ends[ours], F_SETFL, kNonBlock), "fcntl", "pipe");
  if (monitor.order.owner != kNoSlot)
    insist(monitor, sys::fchown(pipe.ends[theirs], monitor.order.owner, kNoSlot), "fchown", "pipe");
  return pipe;
}

void makeOutput(Monitor& monitor, size_t stream, int sink) {
  const Pipe pipe = makePipe(monitor, 0, 1);
  monitor.given[stream] = pipe.ends[1];
  monitor.streams[stream].join(pipe.ends[0], sink, Stream::Way::output, false);
}

void setNonBlock(Monitor& monitor, int fd) {
  const long flags = sys::fcntl(fd, F_GETFL);
  insist(monitor, flags, "fcntl", "F_GETFL");
  insist(monitor, sys::fcntl(fd, F_SETFL, flags | kNonBlock), "fcntl", "F_SETFL");
}

}  // namespace

void makePipes(Monitor& monitor) {
  const message::order& order = monitor.order;
  Pipe input = makePipe(monitor, 1, 0);
  monitor.given[0] = input.ends[0];
  if (order.input < 0) drop(input.ends[1]);
  else monitor.streams[0].join(order.input, input.ends[1], Stream::Way::input, false);
  makeOutput(monitor, 1, order.output);
  if (order.errors == order.output) monitor.given[2] = monitor.given[1];
  else makeOutput(monitor, 2, order.errors);
}

void joinTerminal(Monitor& monitor) {
  const message::order& order = monitor.order;
  monitor.terminal = monitor.machine.takeFd(order.console);
  if (monitor.terminal < 0) return;
  setNonBlock(monitor, monitor.terminal);
  setNonBlock(monitor, order.output);
  const auto copy = [&] { return static_cast<int>(sys::fcntl(monitor.terminal, F_DUPFD_CLOEXEC, 3)); };
  if (order.input >= 0) monitor.streams[0].join(order.input, copy(), Stream::Way::input, true);
  monitor.streams[1].join(copy(), order.output, Stream::Way::output, true);
}

void letGoOfTheirs(Monitor& monitor) {
  if (monitor.given[2] == monitor.given[1]) monitor.given[2] = -1;
  for (int& fd : monitor.given) drop(fd);
}

}  // namespace tinyrun
