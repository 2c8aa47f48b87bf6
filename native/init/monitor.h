#pragma once

namespace tinyrun {

// The life of a monitor, whose order lies in fd; comes back only where that is none. All signals that can be are blocked.
void runMonitor(int fd);

}  // namespace tinyrun
