// A plan that a monitor is given while its container runs: what it reserves is held here from then on, as by the first one.
#include "monitor_parts.h"

namespace tinyrun {

namespace {

constexpr const char* kPlan = "plan";

void say(message::ran& out, uint32_t step, int err, const char* syscall, const char* path) {
  out.step = step;
  out.error = static_cast<uint32_t>(err);
  out.syscall = message::textOf(syscall);
  out.path = message::textOf(path);
}

}  // namespace

void runGiven(Monitor& monitor, message::Writer& answer) {
  message::ran ran;
  message::Frame frame;
  message::run given;
  size_t size = 0;
  Outcome outcome;
  const sys::Fd file(sys::openat(monitor.runDir, kPlan, O_RDONLY | O_NOFOLLOW));
  const void* at = file.bad() ? nullptr : message::mapFrame(file.get(), frame, size);
  sys::unlinkat(monitor.runDir, kPlan, 0);
  PlanFault fault;
  if (at == nullptr || !message::read(frame, given)) {
    say(ran, kNoStep, ENOENT, "openat", kPlan);
  } else if (!monitor.machine.load(given.plan.data, given.plan.size, {}, fault)) {
    say(ran, kNoStep, fault.err == 0 ? EINVAL : fault.err, fault.text, kPlan);
  } else {
    outcome = monitor.machine.run();
    const Failure& failure = outcome.failure;
    if (outcome.state == State::failed) say(ran, failure.step, failure.err, failure.syscall, failure.path);
    else monitor.machine.holdReserved();
    monitor.machine.close();
  }
  if (at != nullptr) sys::munmap(at, size);
  write(answer, ran);
}

}  // namespace tinyrun
