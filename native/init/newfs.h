// A new file system by the new mount API, for both lanes.
#pragma once

#include "lane.h"

namespace tinyrun {

// fsconfig(2) of one "key" or "key=value".
Result configure(Lane& lane, int fs, const char* type, const char* option);
// A failure of a new file system with what the kernel says about it, read from the context's log.
Result fsFailure(Lane& lane, int fs, const char* syscall, long error, const char* what);
// FSCONFIG_CMD_CREATE and fsmount(2).
Result createMount(Lane& lane, int fs, const char* what, uint64_t attr, sys::Fd& mount);

}  // namespace tinyrun
