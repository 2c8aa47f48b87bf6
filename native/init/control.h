// The conversation between the two lanes: one SOCK_SEQPACKET pair, one struct Packet per message.
//
//   host lane (the addon, on behalf of Node)          container lane (tinyrun-init)
//     clone3(NEW*, INTO_CGROUP, PIDFD, VFORK) ──────→ execveat(sealed memfd, "plan", fd of the plan)
//     idMaps, cgroup, netdevs …                       awaitConfigured
//     signalConfigured ──── configured(value) ──────→ value 1: ids are mapped, become root of the user namespace
//                                                     steps …
//     awaitSync(n) ←─────── trace* fd* ───────────── each step as it ended (only with trace); console master
//                                                     by SCM_RIGHTS into slot `value`
//     (paused) ←─────────── pause(step) ──────────── only with pause, before each step
//     resume() ──────────── go ─────────────────────→
//                ←───────── sync(stage) ──────────── waits
//     signalSync(n) ─────── synced(stage) ──────────→ steps …
//                ←───────── fd(slot), sync(2) ────── seccomp with a listener: by a thread that the filter does not bind,
//                                                     while the filtered one makes no call (steps_process.cc)
//     signalSync(2) ─────── synced(2) ──────────────→ the thread ends: somebody answers now
//                ←───────── forked(pid) + pidfd ──── a fork step: the container is another process from here on
//     awaitReady ←───────── ready ───────────────────
//     awaitExec ←────────── (end of file) ────────── execve closed the socket: success, once it has the program's name
//
//   A step that fails and may not: failed(step, err, syscall, path), and tinyrun-init exits. The host lane then kills
//   what is left by pidfd, reaps it and reports the failure. End of file before `ready` is a death in mid plan.
//
// After `ready` the host may close its end and leave (state created). From then on the container lane ignores EPIPE,
// and the exec fifo takes the place of the socket:
//
//   signalStart, another process                      awaitStart holds the fifo open for reading and writing
//     one byte ──────────────────────────────────────→ steps …
//                ←──────── (hang-up of the fifo) ───── execve closed it: success
//                ←──────── failed ──────────────────── a Packet, which a fifo keeps whole (below PIPE_BUF)
//
// A failure that nobody hears is told on standard error; the exit status is 127, 126 or 125 as `docker run` has them.
#pragma once

#include <stdint.h>

#include "machine.h"

namespace tinyrun::control {

enum class Kind : uint32_t {
  none = 0,
  // container → host
  trace = 1,
  failed = 2,
  pause = 3,
  sync = 4,
  ready = 5,
  forked = 6,
  fd = 7,
  // host → container
  configured = 16,
  synced = 17,
  go = 18,
};

// What the process is called (PR_SET_NAME) until it has executed its program, or stays as PID 1 for it.
inline constexpr char kSettingUp[] = "tinyrun:setup";

struct Packet {
  Kind kind;
  uint32_t step;      // index in the plan
  int32_t err;        // positive errno
  uint32_t value;     // stage, slot, pid
  uint64_t ns;
  char syscall[kSyscallText];
  char path[kPathText];
};
static_assert(sizeof(Packet) == 1024);

}  // namespace tinyrun::control
