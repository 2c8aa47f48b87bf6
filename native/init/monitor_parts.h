// What the files of the monitor share: monitor.cc its life, monitor_streams.cc the container's ends, monitor_end.cc what is
// done when it has ended.
#pragma once

#include "clients.h"
#include "ending.h"
#include "event.h"
#include "health.h"
#include "host.h"
#include "log.h"
#include "message.h"
#include "stream.h"

namespace tinyrun {

struct Monitor {
  message::order order;
  message::Writer out;
  Machine machine;
  Stream streams[3];      // input, output, errors
  Log log;
  Clients clients;
  int caller = -1;
  int pidfd = -1;
  int runDir = -1;
  int dataDir = -1;
  int terminal = -1;
  int container = -1;            // of a further program: the first process's pidfd
  int given[3] = {-1, -1, -1};   // the container's ends, until it has them
  Ending ending;
  Events events;
  Health health;
  uint64_t since = 0;            // its program runs, of the clock that goes on
  uint64_t lasted = 0;           // it did so, nanoseconds
  Text<16> oomScore;             // what it was
};

// To the caller, as long as it is there.
template <class M>
void tell(Monitor& monitor, const M& message) {
  if (monitor.caller < 0) return;
  write(monitor.out, message);
  if (sys::sendPacket(monitor.caller, monitor.out.data(), monitor.out.size(), -1) < 0) drop(monitor.caller);
}

// A further program of a container (exec), not its first.
inline bool isFurther(const Monitor& monitor) { return monitor.order.container != kNoSlot; }

// Tells the caller, and ends: of a step of the plan, or of the monitor's own.
inline constexpr uint32_t kNoStep = 0xffffffff;
[[noreturn]] void fail(Monitor& monitor, uint32_t step, int err, const char* syscall, const char* path);
void insist(Monitor& monitor, long value, const char* syscall, const char* path);

// Before the plan runs: pipes for 0, 1 and 2, one for both outputs where somebody reads them at the same place, in the order
// in which they were written; the log has them as standard output then.
void makePipes(Monitor& monitor);
// Once it has run: the terminal, whose master the container has sent.
void joinTerminal(Monitor& monitor);
// The container has its ends, ours would keep it from its end of file.
void letGoOfTheirs(Monitor& monitor);

// What it tells of its program's start (0) and end (1).
const char* actionOf(const Monitor& monitor, size_t which, const char* otherwise);

// For clients: what they type, and their other messages. False: that is none for a monitor.
bool takesTyping(const Monitor& monitor);
void type(Monitor& monitor, const char* text, size_t size);
bool hear(Monitor& monitor, const message::Frame& frame);

// Runs the plan that lies in the run directory; the answer is what came of it.
void runGiven(Monitor& monitor, message::Writer& answer);

// Waits for the caller, the clients and the streams, and moves what can be. Answers whether the process has ended, or false when
// nothing happened for as long as `limit` allows.
bool attend(Monitor& monitor, int pidfd, struct __kernel_timespec* limit, bool& quiet);

// Whether the container is to run again, as far as its end goes; the monitor becomes who starts it. Returns where it cannot.
bool isAgain(const Monitor& monitor);
void becomeAgain(Monitor& monitor);

// The process behind the pidfd has ended: how, then all that is to be done about it.
void reap(Monitor& monitor);
void end(Monitor& monitor);

}  // namespace tinyrun
