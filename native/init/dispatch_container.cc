#include "container.h"
#include "execute.h"

namespace tinyrun {

Result dispatch(Container& lane, const Step& step) {
  switch (step.op) {
#define CASE_CONTAINER(name) \
  case Op::name: return runStep<args::name>(lane, step);
#define CASE_BOTH(name) CASE_CONTAINER(name)
#define CASE_HOST(name)
#define STEP(name, lanes) CASE_##lanes(name)
#include "../steps.def"
    default: return {ENOSYS, "dispatch", nameOf(step.op)};
  }
}

}  // namespace tinyrun
