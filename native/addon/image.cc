#include "image.h"

#include "../init/machine.h"

extern "C" const char tinyrun_init_begin[];
extern "C" const char tinyrun_init_end[];

namespace tinyrun {

Fd initExecutable() {
  // Threads that load the addon share it: a static local is initialised once, by whom it does not throw to. What there was
  // no room for may come to be there: the undo of what failed for want of it asks again.
  static const Fd fd = [] {
    const Fd made = sealedMemfd(tinyrun_init_begin, static_cast<size_t>(tinyrun_init_end - tinyrun_init_begin));
    if (made < 0) throw SyscallFailure{"memfd_create", -made, "tinyrun-init", ""};
    return made;
  }();
  return fd;
}

}  // namespace tinyrun
