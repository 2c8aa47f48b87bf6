// How a container ended, as it is told and kept.
#pragma once

#include "clock.h"

namespace tinyrun {

struct Ending {
  uint32_t code = 0;
  uint32_t signal = 0;      // 0: none
  Text<40> started, finished;   // RFC 3339, UTC
  const char* why = "ended";
  uint64_t peak = 0;   // bytes of memory, 0: not counted
};

// exit.json in a directory, written whole: a temporary name, then renamed; with `durable` on the disk, too. 0 or -errno.
long writeEnding(int dir, const Ending& ending, bool durable);

// `process` in a directory, a link whose text is PID:START, and so there at once and whole. 0 or -errno.
long writeProcess(int dir, uint32_t pid, uint64_t startTime);

// memory.events of a cgroup2 directory says that a process of it was killed for memory.
bool killedForMemory(const char* cgroup);

// memory.peak of it (Linux 5.19); 0 where it is not counted.
uint64_t memoryPeak(const char* cgroup);

}  // namespace tinyrun
