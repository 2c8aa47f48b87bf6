// The interpreter: one loop for both lanes. A lane brings kLane, before(step) and after(step, result, ns), and
// dispatch(lane, step), which decodes the arguments and calls run(lane, args).
#pragma once

#include "lane.h"

namespace tinyrun {

template <class L>
Result execute(L& lane, Cursor& cursor) {
  for (; !cursor.atEnd(); cursor.next()) {
    const Step step = cursor.step();
    if (step.lane != L::kLane) continue;
    lane.step = step.index;
    lane.before(step);
    const uint64_t start = lane.trace ? sys::nanoseconds() : 0;
    const Result result = dispatch(lane, step);
    if (result.flow == Flow::again) return result;
    if (lane.trace) lane.after(step, result, sys::nanoseconds() - start);
    if (result.err != 0 && !result.soft && !step.mayFail) return result;
    if (result.flow == Flow::leave) {
      cursor.next();
      return result;
    }
  }
  return kDone;
}

// Decodes one step's arguments and runs it; the plan has been checked, so a fault here is a plan that changed.
template <class Arguments, class L>
Result runStep(L& lane, const Step& step) {
  Arguments arguments;
  Reader in(step.payload, step.size);
  if (!decode(in, arguments)) return {EINVAL, "decode", nameOf(step.op)};
  return run(lane, arguments);
}

}  // namespace tinyrun
