// clone(), the smallest plan there is: "clone, yield, signalConfigured | awaitConfigured".
#include <memory>

#include "../init/op.h"
#include "../init/wire.h"
#include "bind.h"
#include "machine.h"

namespace tinyrun {
namespace {

class PlanWriter {
 public:
  void step(Op op, LaneKind lane, std::initializer_list<uint32_t> words) {
    const wire::StepHeader head{static_cast<uint16_t>(op), static_cast<uint8_t>(lane), 0, static_cast<uint32_t>(words.size() * 4)};
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

constexpr uint32_t kCgroupSlot = 0;

std::vector<uint8_t> clonePlan(uint64_t flags, bool cgroup) {
  PlanWriter plan;
  plan.step(Op::clone, LaneKind::host,
            {static_cast<uint32_t>(flags), static_cast<uint32_t>(flags >> 32), cgroup ? kCgroupSlot : kNoSlot, 0});
  plan.step(Op::yield, LaneKind::host, {0});
  plan.step(Op::awaitConfigured, LaneKind::container, {});
  plan.step(Op::signalConfigured, LaneKind::host, {});
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

void exportClone(Exports& out) { out.push_back(bind<&clone>("clone")); }

}  // namespace tinyrun
