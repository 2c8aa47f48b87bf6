// What the steps that mount share.
#pragma once

#include "container.h"
#include "newfs.h"

namespace tinyrun {

// The overlay of a rootfsOverlay step, detached.
Result mountOverlay(Container& lane, const args::rootfsOverlay& a, sys::Fd& mount);
// Copies what is in the directory `from` into `to`, a new and empty file system (tmpcopyup).
Result copyUp(Container& lane, int from, int to, const char* what);
// Takes every whole procfs and sysfs outside of `root` (a path of the host) out of the mount namespace, or covers it.
Result hideKernelFilesystems(Container& lane, const char* root);
// mount_setattr(2) of a detached mount; MS_REC in `propagation` makes that part recursive.
Result setPropagation(int mount, uint32_t propagation, const char* what);

}  // namespace tinyrun
