// The plan interpreter of native/init as a JavaScript object.
#include "machine.h"

#include <memory>

#include "bind.h"
#include "image.h"

namespace tinyrun {
namespace {

// Called by code that knows no exceptions: running out of memory ends the process here.
void keepResult(void* context, const StepResult& result) noexcept {
  static_cast<Run*>(context)->results.push_back(
      {result.step, result.err, static_cast<double>(result.ns), result.syscall, result.path});
}

Napi::Value resultsOf(Napi::Env env, const std::vector<Traced>& results) {
  auto array = Napi::Array::New(env, results.size());
  for (uint32_t i = 0; i < results.size(); ++i) {
    const Traced& result = results[i];
    std::optional<std::string> code;
    if (result.error != 0) code = errorCode(result.error);
    array.Set(i, Record(env)
                     .set("step", result.step)
                     .set("ns", result.ns)
                     .set("errno", result.error)
                     .set("code", code)
                     .set("syscall", result.syscall)
                     .set("path", result.path)
                     .object());
  }
  return array;
}

const char* nameOf(State state) {
  switch (state) {
    case State::done: return "done";
    case State::yield: return "yield";
    case State::paused: return "paused";
    case State::failed: return "failed";
  }
  return "failed";
}

Napi::Value outcomeOf(Napi::Env env, const Run& run, const Outcome& outcome) {
  Record record(env);
  record.set("state", nameOf(outcome.state))
      .set("step", outcome.step)
      .set("tag", outcome.tag)
      .set("pid", outcome.pid)
      .set("pidfd", outcome.pidfd)
      .set("results", resultsOf(env, run.results));
  if (outcome.state == State::failed)
    record.set("failure", Napi::Value(Record(env)
                                          .set("step", outcome.failure.step)
                                          .set("syscall", outcome.failure.syscall)
                                          .set("errno", outcome.failure.err)
                                          .set("code", errorCode(outcome.failure.err))
                                          .set("path", outcome.failure.path)));
  return record;
}

using Advance = Outcome (Machine::*)();

// One run() or resume() on a thread of the pool.
class AdvanceWorker : public Napi::AsyncWorker {
 public:
  AdvanceWorker(Napi::Env env, std::shared_ptr<Run> run, Advance advance)
      : Napi::AsyncWorker(env, "tinyrun.machine"), deferred_(env), run_(std::move(run)), advance_(advance) {
    run_->busy = true;
  }
  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override { outcome_ = (run_->machine.*advance_)(); }
  void OnOK() override {
    run_->busy = false;
    deferred_.Resolve(outcomeOf(Env(), *run_, outcome_));
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::shared_ptr<Run> run_;
  Advance advance_;
  Outcome outcome_;
};

}  // namespace

MachineOptions readOptions(const std::optional<Options>& given) {
  MachineOptions options;
  options.executable = initExecutable();
  options.sink = keepResult;
  if (!given) return options;
  if (const auto stdio = given->get<std::optional<std::vector<Fd>>>("stdio")) {
    if (stdio->size() != 3) throw ArgumentError{ArgumentError::kType, 0, "stdio must be three fds"};
    std::copy(stdio->begin(), stdio->end(), options.stdio);
  }
  options.trace = given->get<std::optional<bool>>("trace").value_or(false);
  options.pause = given->get<std::optional<bool>>("pause").value_or(false);
  options.preserveFds = given->get<std::optional<uint32_t>>("preserveFds").value_or(0);
  return options;
}

[[noreturn]] void refuse(const PlanFault& fault) {
  if (fault.err != 0) throw SyscallFailure{fault.text, fault.err, "the plan", ""};
  throw std::invalid_argument("the plan is damaged at step " + std::to_string(fault.step) + ": " +
                              (fault.text != nullptr ? fault.text : "unknown fault"));
}

namespace {

class MachineObject : public Napi::ObjectWrap<MachineObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Machine",
                       {InstanceMethod<&MachineObject::run>("run"), InstanceMethod<&MachineObject::runSync>("runSync"),
                        InstanceMethod<&MachineObject::resume>("resume"),
                        InstanceMethod<&MachineObject::resumeSync>("resumeSync"),
                        InstanceMethod<&MachineObject::abandon>("abandon"),
                        InstanceMethod<&MachineObject::takeFd>("takeFd"),
                        InstanceMethod<&MachineObject::setFd>("setFd"),
                        InstanceMethod<&MachineObject::takePidfd>("takePidfd"),
                        InstanceMethod<&MachineObject::close>("close")});
  }

  explicit MachineObject(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    guarded(info.Env(), "machine", [&]() -> napi_value {
      auto options = readOptions(readArg<std::optional<Options>>(info[1], 2));
      options.context = run_.get();
      const auto plan = readArg<Bytes>(info[0], 1);
      PlanFault fault;
      if (!run_->machine.load(plan.data, plan.size, options, fault)) refuse(fault);
      return nullptr;
    });
  }

 private:
  Napi::Value run(const Napi::CallbackInfo& info) { return advanceLater(info, "run", &Machine::run); }
  Napi::Value resume(const Napi::CallbackInfo& info) { return advanceLater(info, "resume", &Machine::resume); }
  Napi::Value runSync(const Napi::CallbackInfo& info) { return advance(info, "run", &Machine::run); }
  Napi::Value resumeSync(const Napi::CallbackInfo& info) { return advance(info, "resume", &Machine::resume); }
  Napi::Value abandon(const Napi::CallbackInfo& info) { return advance(info, "abandon", &Machine::abandon); }

  Napi::Value advance(const Napi::CallbackInfo& info, const char* name, Advance step) {
    return method(info, name, [&]() -> napi_value {
      const Outcome outcome = (run_->machine.*step)();
      return outcomeOf(info.Env(), *run_, outcome);
    });
  }

  Napi::Value advanceLater(const Napi::CallbackInfo& info, const char* name, Advance step) {
    return method(info, name, [&]() -> napi_value {
      auto* worker = new AdvanceWorker(info.Env(), run_, step);
      const auto promise = worker->promise();
      worker->Queue();
      return promise;
    });
  }

  Napi::Value takeFd(const Napi::CallbackInfo& info) {
    return method(info, "takeFd", [&]() -> napi_value {
      return toJs(info.Env(), run_->machine.takeFd(readArg<uint32_t>(info[0], 1)));
    });
  }

  Napi::Value setFd(const Napi::CallbackInfo& info) {
    return method(info, "setFd", [&]() -> napi_value {
      const auto slot = readArg<uint32_t>(info[0], 1);
      const auto fd = readArg<Fd>(info[1], 2);
      if (const int error = run_->machine.setFd(slot, fd); error < 0)
        throw SyscallFailure{"fcntl", -error, std::to_string(fd), "slot " + std::to_string(slot)};
      return info.Env().Undefined();
    });
  }

  Napi::Value takePidfd(const Napi::CallbackInfo& info) {
    return method(info, "takePidfd", [&]() -> napi_value { return toJs(info.Env(), run_->machine.takePidfd()); });
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    if (run_->closed) return info.Env().Undefined();
    return method(info, "close", [&]() -> napi_value {
      run_->machine.close();
      run_->closed = true;
      return info.Env().Undefined();
    });
  }

  // A machine is used by one thread at a time, and not after close().
  template <class Body>
  Napi::Value method(const Napi::CallbackInfo& info, const char* name, Body body) {
    return Napi::Value(info.Env(), guarded(info.Env(), name, [&] {
      if (run_->busy) throw std::logic_error("the machine is running");
      if (run_->closed) throw std::logic_error("the machine is closed");
      return body();
    }));
  }

  std::shared_ptr<Run> run_ = std::make_shared<Run>();
};

// The class is defined at the first machine of an environment: most commands load the addon and run no plan.
Napi::Value machine(Napi::Env env, Napi::Value plan, Napi::Value options) {
  auto& constructor = machineConstructor(env);
  if (constructor.IsEmpty()) constructor = Napi::Persistent(MachineObject::define(env));
  return constructor.New({plan, options});
}

Napi::Value checkPlanBytes(Napi::Env env, Bytes plan) {
  uint32_t count = 0;
  PlanFault fault;
  if (!tinyrun::checkPlan(plan.data, plan.size, count, fault)) refuse(fault);
  return Record(env).set("steps", count);
}

}  // namespace

void exportMachine(Exports& out) {
  out.insert(out.end(), {bind<&machine>("machine"), bind<&checkPlanBytes>("checkPlan")});
}

}  // namespace tinyrun
