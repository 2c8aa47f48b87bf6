// The container lane's state: one per tinyrun-init, in .bss, so that what is not used costs no memory.
#pragma once

#include "control.h"
#include "lane.h"

namespace tinyrun {

// Where the runtime mounts and fills what no other mount may cover under another name.
inline constexpr const char* kOwnPlace[] = {"/dev", "/sys"};
inline constexpr size_t kOwnPlaces = sizeof kOwnPlace / sizeof *kOwnPlace;

struct Container : Lane {
  static constexpr LaneKind kLane = LaneKind::container;

  int control = -1;            // the control socket, close-on-exec
  bool pause = false;
  control::Packet early = {};  // a packet that came before it was waited for; Kind::none: there is none
  bool sharedRoot = false;     // propagateRoot left mounts shared: pivot_root(2) refuses a shared new root
  int root = -1;               // O_PATH of the root file system, -1: "/"
  int proc = -1;               // O_PATH of a procfs root
  int ownPlaces[kOwnPlaces] = {-1, -1};   // mounts at kOwnPlace
  bool joinedUser = false;     // setns has entered a user namespace, whose root we have yet to become
  bool forked = false;
  int ownOomScore = -1;        // files of this process, opened by keepOwnFiles
  int ownLabels[2] = {-1, -1}; // attr/apparmor/exec, attr/exec
  int nullDevice = -1;         // verified /dev/null, for masks
  int emptyDirectory = -1;     // an empty, read-only tmpfs over the first masked directory, cloned for the others
  uint32_t umask = 022;        // what the program gets; the lane itself runs with 0
  int fifo = -1;               // the exec fifo after `start`, open until execve: start hears of its end there
  uint32_t preserved = 0;
  bool confined = false;       // hooks get `confinement`, which points into the plan
  args::confineHooks confinement = {};
  char executable[4096] = {};  // what findExecutable found

  void before(const Step& step);
  void after(const Step& step, const Result& result, uint64_t ns);
};

// The fd that paths "in the root" resolve below; where there is none, what uses it fails with EBADF.
int rootOf(Container& lane);
void forgetRoot(Container& lane);

// steps_proc.cc. A process whose memory belongs to the host's user namespace, and which is not dumpable, loses sight of
// its own files below /proc when its uid becomes one of another user namespace: they are opened before that.
void keepOwnFiles(Container& lane);
// setresgid and setresuid to 0, the root of the user namespace we are in.
Result becomeRoot();

// steps_process.cc. The filter of confineHooks, and what comes after it, for the process that calls it.
Result confine(Container& lane);

// control_container.cc: packets to the host lane. Without a host (state created) they go nowhere.
void report(Container& lane, control::Kind kind, uint32_t step, const Result& result, uint32_t value, uint64_t ns);
Result tell(Container& lane, control::Kind kind, uint32_t value, int fd = -1);
Result waitFor(Container& lane, control::Kind kind, uint32_t value, uint32_t* answer = nullptr);
// Reports the failure, on standard error where no host listens, and leaves with 127, 126 or 125.
[[noreturn]] void giveUp(Container& lane, const Result& result);

// Stops between the resolving of a path and its use, so that a test can swap what is there: the host lane answers
// `paused` with failure.syscall = name. Only where built by scripts/build-init.sh --failpoints, and only with pause.
#ifdef TINYRUN_FAILPOINTS
void failpoint(Container& lane, const char* name);
#else
inline void failpoint(Container&, const char*) {}
#endif

#define DECLARE_HOST(name)
#define DECLARE_CONTAINER(name) Result run(Container& lane, const args::name& a);
#define DECLARE_BOTH(name)
#define STEP(name, lanes) DECLARE_##lanes(name)
#include "../steps.def"
#undef DECLARE_HOST
#undef DECLARE_CONTAINER
#undef DECLARE_BOTH

Result dispatch(Container& lane, const Step& step);

}  // namespace tinyrun
