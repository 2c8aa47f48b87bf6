// The host lane of a plan, for whoever embeds it (the addon, the unit tests): load, run, resume, close.
//
// Plain C++20: no exceptions, no heap, no libc needed, no thread of its own. A Machine is used by one thread at a
// time (run() may be called from a worker while the owner waits). All fds it makes are close-on-exec.
//
//   Machine m;                        // about 4 kB: a member, not a stack object of a deep call chain
//   PlanFault fault;
//   if (!m.load(bytes, size, options, fault)) → fault.text, fault.step
//   Outcome o = m.run();              // blocks; done, yield, paused or failed
//   while (o.state == State::yield || o.state == State::paused) o = m.resume();
//   int master = m.takeFd(slot);      // SCM_RIGHTS fds of the container land in slots
//   m.close();
//
// Sources of the host lane: those listed in native/init/sources.txt under `shared`. Whoever is the parent of a container
// runs them: the addon for Node; tinyrun-init, as the monitor.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace tinyrun {

inline constexpr uint32_t kSlots = 64;
inline constexpr uint32_t kNoSlot = 0xffffffffu;
inline constexpr size_t kPathText = 976;
inline constexpr size_t kSyscallText = 24;

// Why a plan was refused before anything ran. `text` is static, lowercase; `step` is the index of the faulty step. With
// `err` nothing is wrong with the plan: `text` is the system call that failed so.
struct PlanFault {
  const char* text = nullptr;
  uint32_t step = 0;
  int err = 0;
};

// Decodes the whole plan without running it. `count` gets the number of steps.
bool checkPlan(const void* plan, size_t size, uint32_t& count, PlanFault& fault);

// A step as it ended, in either lane. `err` is a positive errno, 0 for success; the texts are NUL-terminated and live
// as long as the call of the sink. A failed step that was allowed to fail has err and the plan went on.
struct StepResult {
  uint32_t step;
  int err;
  uint64_t ns;
  const char* syscall;
  const char* path;
};
// Called on the thread that runs the machine (so: no N-API in it; copy and return).
using TraceSink = void (*)(void* context, const StepResult& result);

struct MachineOptions {
  int stdio[3] = {0, 1, 2};   // fds that become 0, 1, 2 of the container
  bool trace = false;         // report each step to `sink`
  bool pause = false;         // run() and resume() return before each step of the container lane
  uint32_t preserveFds = 0;   // fds 3 … 3+n-1 are kept; clone fails with EBADF where one is not open
  int executable = -1;        // fd of tinyrun-init, from sealedMemfd(); borrowed, needed by the clone step only
  TraceSink sink = nullptr;
  void* context = nullptr;
};

enum class State : uint8_t { done, yield, paused, failed };

struct Failure {
  uint32_t step = 0;
  int err = 0;                           // positive errno
  char syscall[kSyscallText] = {};       // as the man page spells it: "openat2", "move_mount"
  char path[kPathText] = {};             // path or argument, cut at the end where longer
};

struct Outcome {
  State state = State::done;
  uint32_t step = 0;   // index of the step it stopped at
  uint32_t tag = 0;    // of the yield step
  int pid = 0;         // the container's first process as the host sees it, 0 before clone
  int pidfd = -1;      // owned by the machine until takePidfd()
  Failure failure;     // state failed: the child has been killed and reaped, pid is 0 and pidfd -1
};

class Machine {
 public:
  Machine() = default;
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;
  ~Machine() { close(); }

  // Copies the plan into a memfd, maps it, decodes every step. False: see `fault` (a failing system call is told as
  // text, too). May be called once.
  bool load(const void* plan, size_t size, const MachineOptions& options, PlanFault& fault);

  Outcome run() { return advance(); }
  // After yield or paused: goes on. After done or failed: answers the same again.
  Outcome resume() { return advance(); }

  // The embedder will not go on with the plan: the child is ended as after a failed step, before this returns. Failed, ECANCELED;
  // failure.path says what did not come back from the container.
  Outcome abandon();

  // Puts a dup of fd into a slot, before run(). 0 or a negative errno.
  int setFd(uint32_t slot, int fd);
  // The fd in a slot, which passes to the caller, or -1.
  int takeFd(uint32_t slot);
  // The sockets of `reserve` steps stay open from here on, as long as this process: close-on-exec, like all of ours.
  void holdReserved();
  // A dup of the container's pidfd for the caller to keep, or -1.
  int takePidfd();
  // Closes the slots, the control socket, the pidfd, the plan. Does not kill a running container. Idempotent.
  void close();

  struct Host;   // the state the host lane's steps work on, see host.h

 private:
  Outcome advance();
  friend struct Host;

  // Large enough for Host, which needs headers that must not meet libc's.
  alignas(16) unsigned char storage_[4096] = {};
  bool loaded_ = false;
  Host& host() { return *reinterpret_cast<Host*>(storage_); }
};

// A memfd with these bytes, executable, close-on-exec, sealed against writing, growing, shrinking and unsealing: what
// tinyrun-init runs from, so that nothing in a container can write to the file on disk (CVE-2019-5736).
// Make it once per process. A negative errno on failure.
int sealedMemfd(const void* bytes, size_t size);

// A memfd that holds these bytes, close-on-exec, for another process to map. A negative errno on failure.
int sharedBytes(const char* name, const void* bytes, size_t size);

// Removes `name` below `dirfd` with everything in it: by fd, not following links, not crossing mounts. Missing is
// success. 0 or a negative errno.
int removeTreeAt(int dirfd, const char* name);

}  // namespace tinyrun
