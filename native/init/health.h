// Health checks: a program of the image's is run in the container now and then, and what it ends with tells how that is.
//
//   monitor                         probe (a fork of it)                    the program
//     pipe, clone3 ───────────────→ closes all but three fds
//                                   plan: host lane ══ clone3, handshake ══→ joins the namespaces
//     output ←──────────────────────────────────────────────────────────────  1, 2
//     pidfd  ←──── exit status ──── waitid ←───────────────────────────────── ends
//     timeout: SIGKILL ───────────→ PR_SET_PDEATHSIG ───────────────────────→ goes along
//
// A failure counts a moment later: where the container ends, its pid namespace is killed, and a probe in it, before the end of
// its first process can be seen.
//
// A probe of its own, since the handshake waits: with a container that was frozen meanwhile, for as long as that lasts. It
// ends with the program's code; by a signal where there is none, which is Docker's -1.
//
// What is run can be replaced while the container runs: `health` in the run directory has the message that says by what, and
// goes once it is taken. How it was is forgotten then.
//
// `health.json` in the container's directory, written whole each time, is `State.Health` of docker inspect:
//   {"Status":"healthy","FailingStreak":0,"Log":[{"Start":…,"End":…,"ExitCode":0,"Output":…}, …]}
#pragma once

#include "clock.h"
#include "event.h"
#include "json.h"
#include "machine.h"
#include "message.h"
#include "sys.h"

namespace tinyrun {

class Health {
 public:
  // Of an order, whose container runs since just now; `dir` and `pidfd` stay open meanwhile.
  void begin(const message::order& order, int dir, int pidfd);
  bool on() const { return order_ != nullptr && check_.plan.size != 0; }
  // By what `health` of a directory says. False: it is not there, or says nothing that is understood; all stays as it is then.
  bool replace(int runDir);
  // What to wait for next, at most two entries, and until when at the latest.
  size_t wait(struct pollfd* fds) const;
  struct __kernel_timespec patience() const;
  // What came, or is due.
  void advance(const struct pollfd* fds, size_t count);
  void tick(Machine& machine, Events& events);
  // The container has ended.
  void end();

 private:
  enum class Status : uint8_t { starting, healthy, unhealthy };
  static constexpr size_t kOutput = 4096, kEntries = 5;   // Docker's
  struct Entry {
    Text<40> begun, ended;
    int code = 0;
    size_t size = 0;
    bool cut = false;
  };

  void restart();
  void stop();
  bool starts() const;
  uint64_t interval() const;
  void probe(Machine& machine);
  void take();
  void conclude(int code, Events& events);
  void finish(int code, Events& events);
  void say(const char* text);
  int reap();
  long write();

  const message::order* order_ = nullptr;
  message::health check_;
  const void* mapped_ = nullptr;   // what check_ points into, unless that is the order
  size_t mappedSize_ = 0;
  int dir_ = -1;
  int container_ = -1;
  int probe_ = -1;             // its pidfd, while it runs
  int output_ = -1;
  bool ended_ = false;         // the probe
  uint64_t since_ = 0;         // nanoseconds of CLOCK_MONOTONIC, as the next two
  uint64_t next_ = 0;
  uint64_t deadline_ = 0;
  uint64_t settled_ = 0;       // a failure that is not counted yet is, from then on; 0: there is none
  int failure_ = 0;
  Status status_ = Status::starting;
  uint32_t streak_ = 0;
  size_t count_ = 0;           // entries so far: the last ones are kept
  Entry entries_[kEntries];
  char outputs_[kEntries][kOutput];   // apart: what is not touched costs no memory
  char json_[escapedSize(kOutput) + 256];
};

}  // namespace tinyrun
