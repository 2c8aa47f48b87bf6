#include "image.h"

#include "../init/machine.h"

extern "C" const char tinyrun_init_begin[];
extern "C" const char tinyrun_init_end[];

namespace tinyrun {

Fd initExecutable() {
  // Threads that load the addon share it: a static local is initialised once.
  static const Fd fd = sealedMemfd(tinyrun_init_begin, static_cast<size_t>(tinyrun_init_end - tinyrun_init_begin));
  if (fd < 0) throw SyscallFailure{"memfd_create", -fd, "tinyrun-init", ""};
  return fd;
}

}  // namespace tinyrun
