// tinyrun-init, carried in the addon's own bytes: one file ships, and what runs is what was built with it.
#pragma once

#include "open.h"

namespace tinyrun {

// A sealed memfd of tinyrun-init, made once for the process and borrowed by callers.
Fd initExecutable();

}  // namespace tinyrun
