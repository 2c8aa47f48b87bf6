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

void show(void* context, int stream, const char* text, size_t size) {
  Monitor& monitor = *static_cast<Monitor*>(context);
  monitor.log.add(stream == 2 ? Log::errors : Log::output, text, size);
  monitor.clients.show(stream == 2 ? message::Kind::stderr : message::Kind::stdout, text, size);
}

void setNonBlock(Monitor& monitor, int fd) {
  const long flags = sys::fcntl(fd, F_GETFL);
  insist(monitor, flags, "fcntl", "F_GETFL");
  insist(monitor, sys::fcntl(fd, F_SETFL, flags | kNonBlock), "fcntl", "F_SETFL");
}

void joinOutput(Monitor& monitor, int stream, int from, int sink, bool terminal) {
  if (sink >= 0) setNonBlock(monitor, sink);
  Stream& output = monitor.streams[stream];
  output.join(from, sink, Stream::Way::output, terminal);
  output.tap({show, &monitor, stream});
}

void makeOutput(Monitor& monitor, int stream, int sink) {
  const Pipe pipe = makePipe(monitor, 0, 1);
  monitor.given[stream] = pipe.ends[1];
  joinOutput(monitor, stream, pipe.ends[0], sink, false);
}

void joinInput(Monitor& monitor, int to, bool terminal) {
  monitor.streams[0].join(monitor.order.input, to, Stream::Way::input, terminal);
  if (monitor.order.stays != 0) monitor.streams[0].stay();
}

bool hasInput(const message::order& order) { return order.input >= 0 || order.stays != 0; }

int copyOf(Monitor& monitor, int fd) {
  const long copy = sys::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  insist(monitor, copy, "fcntl", "F_DUPFD_CLOEXEC");
  return static_cast<int>(copy);
}

}  // namespace

void makePipes(Monitor& monitor) {
  const message::order& order = monitor.order;
  Pipe input = makePipe(monitor, 1, 0);
  monitor.given[0] = input.ends[0];
  if (hasInput(order)) joinInput(monitor, input.ends[1], false);
  else drop(input.ends[1]);
  makeOutput(monitor, 1, order.output);
  if (order.output >= 0 && order.errors == order.output) monitor.given[2] = monitor.given[1];
  else makeOutput(monitor, 2, order.errors);
}

void joinTerminal(Monitor& monitor) {
  const message::order& order = monitor.order;
  monitor.terminal = monitor.machine.takeFd(order.console);
  if (monitor.terminal < 0) return;
  setNonBlock(monitor, monitor.terminal);
  if (hasInput(order)) joinInput(monitor, copyOf(monitor, monitor.terminal), true);
  joinOutput(monitor, 1, copyOf(monitor, monitor.terminal), order.output, true);
}

void letGoOfTheirs(Monitor& monitor) {
  if (monitor.given[2] == monitor.given[1]) monitor.given[2] = -1;
  for (int& fd : monitor.given) drop(fd);
}

}  // namespace tinyrun
