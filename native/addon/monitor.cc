// A container's monitor, started: tinyrun-init as a process that outlives its caller (native/init/monitor.cc).
#include "../init/spawn.h"
#include "bind.h"
#include "image.h"

namespace tinyrun {
namespace {

// {pid, pidfd}: a child of this process until one of the two ends. `pass`: the fds that the order names, which keep their
// numbers; `cgroup`: an open directory that it is born into.
Napi::Value spawn(Napi::Env env, Bytes order, std::vector<Fd> pass, std::optional<Fd> cgroup) {
  MonitorSpawn how;
  how.order = order.data;
  how.size = order.size;
  how.executable = initExecutable();
  how.cgroup = cgroup.value_or(-1);
  how.pass = pass.data();
  how.passed = pass.size();
  int pidfd = -1;
  const char* syscall = "";
  const int pid = spawnMonitor(how, pidfd, syscall);
  if (pid < 0) throw SyscallFailure{syscall, -pid, "tinyrun-init", "monitor"};
  return Record(env).set("pid", pid).set("pidfd", pidfd);
}

}  // namespace

void exportMonitor(Exports& out) {
  out.insert(out.end(), {bind<&spawn>("spawnMonitor"), bind<&initExecutable>("initExecutable"),
                         bind<&errorCode>("errorCode")});
}

}  // namespace tinyrun
