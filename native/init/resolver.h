#pragma once

namespace tinyrun {

// In a directory of names (below), with a listening socket as standard input; returns when the last view is gone. `conf`: the
// host's resolv.conf. Anything but that does not return.
void runResolver(const char* conf);

}  // namespace tinyrun
