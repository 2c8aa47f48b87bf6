// The host lane's state: what Machine keeps and the host's steps work on.
#pragma once

#include "control.h"
#include "kernel.h"
#include "lane.h"

namespace tinyrun {

struct Machine::Host : Lane {
  static constexpr LaneKind kLane = LaneKind::host;

  MachineOptions options;
  Plan plan;
  Cursor cursor;
  int planFd = -1;
  int control = -1;         // our end of the control socket
  bool forked = false;   // pid and pidfd are of the second process
  int pidfd = -1;
  int links = -1;           // a socket in the clone's network namespace, from the first linkMove on
  uint32_t moved = 0;       // how many linkMove steps have moved theirs
  uint64_t reserved = 0;    // slots of `reserve` steps
  bool mapped = false;      // idMaps has run: the child becomes root of its user namespace
  bool paused = false;      // the container lane waits for `go`
  bool ended = false;
  uint32_t tag = 0;
  uint64_t lastReport = 0;  // when the container lane was last heard of, for the time of execve
  uint32_t lastStep = 0;
  Outcome outcome;          // the failure that the container lane told, or the last answer

  void before(const Step&) {}
  void after(const Step& step, const Result& result, uint64_t ns);
  void tell(const StepResult& result) const {
    if (options.sink != nullptr) options.sink(options.context, result);
  }
};

using Host = Machine::Host;

// handshake_host.cc
Result sendToChild(Host& host, control::Kind kind, uint32_t value);
// Takes network devices back, then kills and reaps the child, if there is one.
void endChild(Host& host);
// links_host.cc. What does not come back is told in outcome.failure.
void bringLinksBack(Host& host);

#define DECLARE_HOST(name) Result run(Host& host, const args::name& a);
#define DECLARE_CONTAINER(name)
#define DECLARE_BOTH(name)
#define STEP(name, lanes) DECLARE_##lanes(name)
#include "../steps.def"
#undef DECLARE_HOST
#undef DECLARE_CONTAINER
#undef DECLARE_BOTH

Result dispatch(Host& host, const Step& step);

}  // namespace tinyrun
