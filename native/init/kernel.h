// What the addon asks of the kernel for itself as the host lane does for a plan. Includes nothing of the kernel's, whose
// headers and libc's do not go together.
#pragma once

#include <stdint.h>

union bpf_attr;

namespace tinyrun {

// Field 22 of /proc/PID/stat, counted behind the last ')': the name before it may hold anything. 0 or -errno.
long startTimeOf(uint32_t pid, uint64_t& ticks);
// BPF_PROG_LOAD: the program's fd, close-on-exec, or -errno.
long loadProgram(union bpf_attr& load);

}  // namespace tinyrun
