// A run of the plan interpreter, for those who drive one: the class Machine and clone().
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "../init/machine.h"
#include "args.h"

namespace tinyrun {

struct Traced {
  uint32_t step;
  int error;
  double ns;
  std::string syscall;
  std::string path;
};

// A machine and what it reported. Shared by the JavaScript object and a run on a worker thread; `busy` says that the
// latter has it.
struct Run {
  Machine machine;
  std::vector<Traced> results;
  bool busy = false;
  bool closed = false;
};

// The options a plan runs with, from JavaScript's where it gave any; `context` is left to the caller.
MachineOptions readOptions(const std::optional<Options>& given);

[[noreturn]] void refuse(const PlanFault& fault);

}  // namespace tinyrun
