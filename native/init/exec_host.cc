// Programs of the host that a plan needs: nft, pasta, newuidmap.
#include "host.h"
#include "program.h"

namespace tinyrun {

namespace {

constexpr uint32_t kNoArgument = ~0u;

Result runWith(Host& host, const args::exec& a, const char** argv, const char** envp) {
  Text<24> pid;
  pid.add(static_cast<uint64_t>(host.pid));
  if (a.pidArg != kNoArgument) argv[a.pidArg] = pid.c_str();
  sys::Fd input;
  const Piece pieces[] = {{reinterpret_cast<const char*>(a.input.data), a.input.size}};
  if (Result r = inputOf(pieces, a.path, input); !r) return r;
  const auto toRoot = [](void*) -> Result { return check("chdir", sys::chdir("/"), "/"); };   // it may stay as a daemon
  return runProgram(host, {a.path, argv, envp, input.get(), a.timeoutMs, toRoot, nullptr}, a.path);
}

}  // namespace

Result run(Host& host, const args::exec& a) {
  if (a.pidArg != kNoArgument && a.pidArg >= a.args.count) return {EINVAL, "execve", a.path};
  if (a.pidArg != kNoArgument && host.pid == 0) return {ESRCH, "execve", a.path};
  const char **argv = nullptr, **envp = nullptr;
  Result result = pointersOf(a.args, argv);
  if (result) result = pointersOf(a.env, envp);
  if (result) result = runWith(host, a, argv, envp);
  freePointers(a.args, argv);
  freePointers(a.env, envp);
  return result;
}

}  // namespace tinyrun
