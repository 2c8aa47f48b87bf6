// The plan interpreter of native/init as a JavaScript object, and clone(), the smallest plan there is.
#include "../init/machine.h"

#include <linux/sched.h>

#include <memory>

#include "../init/wire.h"
#include "bind.h"
#include "image.h"

namespace tinyrun {
namespace {

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

// Called by code that knows no exceptions: running out of memory ends the process here.
void keepResult(void* context, const StepResult& result) noexcept {
  static_cast<Run*>(context)->results.push_back(
      {result.step, result.err, static_cast<double>(result.ns), result.syscall, result.path});
}

Napi::Value resultsOf(Napi::Env env, const std::vector<Traced>& results) {
  auto array = Napi::Array::New(env, results.size());
  for (uint32_t i = 0; i < results.size(); ++i)
    array.Set(i, Record(env)
                     .set("step", results[i].step)
                     .set("ns", results[i].ns)
                     .set("errno", results[i].error)
                     .set("syscall", results[i].syscall)
                     .set("path", results[i].path)
                     .object());
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
  throw std::invalid_argument("the plan is damaged at step " + std::to_string(fault.step) + ": " +
                              (fault.text != nullptr ? fault.text : "unknown fault"));
}

class MachineObject : public Napi::ObjectWrap<MachineObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "Machine",
                       {InstanceMethod<&MachineObject::run>("run"), InstanceMethod<&MachineObject::runSync>("runSync"),
                        InstanceMethod<&MachineObject::resume>("resume"),
                        InstanceMethod<&MachineObject::resumeSync>("resumeSync"),
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

// ---- clone(): the plan "clone, yield, signalConfigured | awaitConfigured" ---------------------------------

enum Opcode : uint16_t {
  op_none,
#define STEP(name, lanes) op_##name,
#define U32(f)
#define I32(f)
#define U64(f)
#define I64(f)
#define SLOT(f)
#define STR(f)
#define BYTES(f)
#define STRS(f)
#define U32S(f)
#define END
#include "../steps.def"
#undef STEP
#undef U32
#undef I32
#undef U64
#undef I64
#undef SLOT
#undef STR
#undef BYTES
#undef STRS
#undef U32S
#undef END
};

class PlanWriter {
 public:
  void step(Opcode opcode, uint8_t lane, std::initializer_list<uint32_t> words) {
    const wire::StepHeader head{opcode, lane, 0, static_cast<uint32_t>(words.size() * 4)};
    append(&head, sizeof head);
    for (const uint32_t word : words) append(&word, sizeof word);
    ++header_.count;
  }
  std::vector<uint8_t> finish() {
    header_.size = static_cast<uint32_t>(sizeof header_ + steps_.size());
    std::fill(std::begin(header_.fds), std::end(header_.fds), -1);
    const auto* head = reinterpret_cast<const uint8_t*>(&header_);
    steps_.insert(steps_.begin(), head, head + sizeof header_);
    return std::move(steps_);
  }

 private:
  void append(const void* data, size_t size) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    steps_.insert(steps_.end(), bytes, bytes + size);
  }
  wire::Header header_{wire::kMagic, wire::kVersion, 0, 0, 0, -1, 0, 0, {}};
  std::vector<uint8_t> steps_;
};

constexpr uint8_t kHost = 1;
constexpr uint8_t kContainer = 2;
constexpr uint32_t kCgroupSlot = 0;

std::vector<uint8_t> clonePlan(uint64_t flags, bool cgroup) {
  PlanWriter plan;
  plan.step(op_clone, kHost,
            {static_cast<uint32_t>(flags), static_cast<uint32_t>(flags >> 32), cgroup ? kCgroupSlot : kNoSlot, 0});
  plan.step(op_yield, kHost, {0});
  plan.step(op_awaitConfigured, kContainer, {});
  plan.step(op_signalConfigured, kHost, {});
  return plan.finish();
}

// {pid, pidfd, release}: the process waits on its control socket until release(), or until nobody holds that any more.
Napi::Value clone(Napi::Env env, Options options) {
  const auto flags = options.get<Flags>("flags");
  const auto cgroup = options.get<std::optional<Fd>>("cgroup");
  auto run = std::make_shared<Run>();
  MachineOptions machineOptions = readOptions(std::nullopt);
  machineOptions.context = run.get();
  const auto plan = clonePlan(flags, cgroup.has_value());
  PlanFault fault;
  if (!run->machine.load(plan.data(), plan.size(), machineOptions, fault)) refuse(fault);
  if (cgroup) {
    if (const int error = run->machine.setFd(kCgroupSlot, *cgroup); error < 0)
      throw SyscallFailure{"fcntl", -error, std::to_string(*cgroup), "cgroup"};
  }
  const Outcome outcome = run->machine.run();
  if (outcome.state == State::failed)
    throw SyscallFailure{"clone3", outcome.failure.err, outcome.failure.path, flagNames(flags, {})};
  const int pidfd = run->machine.takePidfd();
  auto release = Napi::Function::New(env, [run](const Napi::CallbackInfo& info) {
    if (!run->closed) run->machine.resume();
    run->closed = true;
    run->machine.close();
    return info.Env().Undefined();
  });
  return Record(env).set("pid", outcome.pid).set("pidfd", pidfd).set("release", Napi::Value(release));
}

}  // namespace

void exportMachine(Exports& out) {
  out.insert(out.end(),
             {bind<&machine>("machine"), bind<&checkPlanBytes>("checkPlan"), bind<&clone>("clone")});
}

}  // namespace tinyrun
