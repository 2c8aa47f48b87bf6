#include "execute.h"
#include "host.h"

namespace tinyrun {

Result dispatch(Host& host, const Step& step) {
  switch (step.op) {
#define CASE_HOST(name) \
  case Op::name: return runStep<args::name>(host, step);
#define CASE_BOTH(name) CASE_HOST(name)
#define CASE_CONTAINER(name)
#define STEP(name, lanes) CASE_##lanes(name)
#include "../steps.def"
    default: return {ENOSYS, "dispatch", nameOf(step.op)};
  }
}

}  // namespace tinyrun
