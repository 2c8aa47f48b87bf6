// The container's first process through its life: created, started, joined by exec, reaping for others; its user
// namespace and its propagation.
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>

#include "fixture.h"
#include "harness.h"

using namespace fixture;
using tinyrun::State;
namespace fs = std::filesystem;

ROOT_TEST(startThroughTheFifo) {
  Directory dir;
  makeRoot(dir.path());
  const std::string fifo = dir / "fifo";
  make::Plan plan;
  plan.host(make::mkfifo{.path = fifo, .mode = 0600});
  plan.host(make::open{.path = fifo, .flags = O_RDWR | O_NONBLOCK, .slot = 1});
  plan.host(make::clone{.flags = kNewMount | kNewPid, .pass = {1}});
  plan.host(make::signalConfigured{}).container(make::awaitConfigured{});
  plan.container(make::ready{}).host(make::awaitReady{}).host(make::closeSlot{.slot = 1});
  plan.host(make::yield{.tag = 1});
  plan.container(make::awaitStart{.fifo = 1});
  plan.container(make::execve{.args = {"/bin/echo", "started"}});
  plan.host(make::awaitExec{});
  Run run(plan);
  EXPECT(run.outcome.state == State::yield);
  const std::string status = readFile("/proc/" + std::to_string(run.outcome.pid) + "/status");
  const int kilobytes = std::stoi(lineOf(status, "VmRSS:").substr(6));
  EXPECT(kilobytes < (std::getenv("TINYRUN_SANITIZED") == nullptr ? 512 : 65536));
  EXPECT_EQ(lineOf(status, "Name"), "Name:\ttinyrun:setup");
  make::Plan start;
  start.host(make::signalStart{.path = fifo});
  EXPECT_EQ(Run(start).failure(), "");
  run.outcome = run.machine.resume();
  run.finish();
  EXPECT_EQ(run.output, "started\n");
  EXPECT_EQ(Run(start).failure(), "openat ENXIO " + fifo);
}

ROOT_TEST(aContainerLeftAloneTellsItsFailureOnStandardError) {
  Directory dir;
  const std::string fifo = dir / "fifo";
  make::Plan plan;
  plan.host(make::mkfifo{.path = fifo, .mode = 0600});
  plan.host(make::open{.path = fifo, .flags = O_RDWR | O_NONBLOCK, .slot = 1});
  plan.host(make::clone{.flags = kNewPid, .pass = {1}});
  plan.host(make::signalConfigured{}).container(make::awaitConfigured{});
  plan.container(make::ready{}).host(make::awaitReady{}).host(make::closeSlot{.slot = 1});
  plan.host(make::yield{.tag = 1});
  plan.container(make::awaitStart{.fifo = 1});
  plan.container(make::execve{.args = {"/no/such/program"}});
  Run run(plan);
  const int pid = run.outcome.pid;
  run.machine.close();
  make::Plan start;
  start.host(make::signalStart{.path = fifo});
  EXPECT_EQ(Run(start).failure(), "execve ENOENT /no/such/program");
  run.outcome.pid = pid;
  run.finish();
  EXPECT_EQ(run.output, "tinyrun: execve /no/such/program: no such file or directory\n");
  EXPECT_EQ(run.status, 127);
}

ROOT_TEST(aChildThatDiesIsReported) {
  make::Plan plan;
  plan.host(make::clone{.flags = kNewPid});
  plan.host(make::signalConfigured{}).container(make::awaitConfigured{});
  plan.host(make::awaitReady{});
  Run run(plan);
  EXPECT_EQ(run.failure(), "waitid ECHILD tinyrun-init ended in the middle of the plan, exit status 0");
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

// A death closes the control socket as execve does.
ROOT_TEST(whoDiesBeforeItsProgramRunsIsNotTakenForIt) {
  make::Plan ends;
  ends.host(make::clone{.flags = kNewPid});
  ends.host(make::signalConfigured{}).container(make::awaitConfigured{});
  ends.host(make::awaitExec{});
  EXPECT_EQ(Run(ends).failure(), "waitid ECHILD tinyrun-init ended in the middle of the plan, exit status 0");
  make::Plan killed;
  killed.host(make::clone{.flags = kNewPid});
  killed.host(make::signalConfigured{}).container(make::awaitConfigured{});
  killed.container(make::sync{.stage = 1}).host(make::awaitSync{.stage = 1});
  killed.host(make::yield{.tag = 1}).host(make::awaitExec{});
  Run run(killed);
  kill(run.outcome.pid, SIGKILL);
  run.outcome = run.machine.resume();
  EXPECT_EQ(run.failure(), "waitid ECHILD tinyrun-init ended in the middle of the plan, signal 9");
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

// Whoever made the image chose that name: nobody waits for such a program to end.
ROOT_TEST(aProgramMayBeCalledAsTheSetUpIs) {
  Directory dir;
  makeRoot(dir.path());
  writeFile(dir / "tinyrun:setup", "#!/bin/sh\nread line; exit 7\n");
  fs::permissions(dir / "tinyrun:setup", fs::perms::all);
  int input[2];
  EXPECT_EQ(pipe2(input, O_CLOEXEC), 0);
  auto plan = containerIn(dir.path());
  thenRun(plan, {"/tinyrun:setup"});
  plan.host(make::yield{.tag = 1});
  tinyrun::MachineOptions options;
  options.stdio[0] = input[0];
  Run run(plan, options);
  EXPECT(run.outcome.state == State::yield);   // it reads still
  close(input[1]);
  run.outcome = run.machine.resume();
  run.finish();
  EXPECT_EQ(run.status, 7);
  close(input[0]);
}

// Docker and runc have its exit status then, and so have the scripts of their users.
ROOT_TEST(whatAFilterEndsAtExecveIsTheProgramsEnd) {
  make::Plan plan;
  plan.host(make::clone{.flags = kNewPid});
  plan.host(make::signalConfigured{}).container(make::awaitConfigured{});
  const struct sock_filter end = {BPF_RET | BPF_K, 0, 0, SECCOMP_RET_KILL_PROCESS};
  plan.container(make::seccomp{.filter = std::string(reinterpret_cast<const char*>(&end), sizeof end), .slot = tinyrun::kNoSlot});
  plan.container(make::execve{.args = {"/no/such/program"}});
  plan.host(make::awaitExec{});
  Run run(plan);
  EXPECT_EQ(run.failure(), "");
  EXPECT_EQ(run.status, 128 + SIGSYS);
}

ROOT_TEST(reaperReapsAndForwards) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = withProc(dir.path());
  plan.container(make::mountFs{.type = "tmpfs", .target = "/dev", .options = {"mode=755"}});
  plan.container(make::makeNode{.path = "/dev/null", .type = S_IFCHR, .mode = 0666, .major = 1, .minor = 3});
  plan.container(make::pivotRoot{});
  plan.container(make::reaper{});
  plan.container(make::execve{
      .args = {"/bin/sh", "-c",
               "i=0; while [ $i -lt 1000 ]; do (true &); i=$((i+1)); done; sleep 0.2; "
               "echo me $$, zombies $(grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l); "
               "trap 'echo got usr1; exit 7' USR1; kill -USR1 1; while true; do sleep 0.05; done"},
      .env = {"PATH=/bin"}});
  plan.host(make::awaitExec{});
  Run run(plan);
  EXPECT_EQ(run.failure(), "");
  EXPECT_EQ(run.output, "me 2, zombies 0\ngot usr1\n");
  EXPECT_EQ(run.status, 7);
}

ROOT_TEST(reaperEndsAsItsProgramDoes) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = withProc(dir.path());
  plan.container(make::pivotRoot{});
  plan.container(make::reaper{});
  plan.container(make::execve{.args = {"/bin/sh", "-c", "kill -9 $$"}, .env = {}});
  plan.host(make::awaitExec{});
  EXPECT_EQ(Run(plan).status, 137);

  auto missing = withProc(dir.path());
  missing.container(make::pivotRoot{});
  missing.container(make::reaper{});
  missing.container(make::execve{.args = {"/bin/nosuch"}, .env = {}});
  missing.host(make::awaitExec{});
  EXPECT_EQ(Run(missing).failure(), "execve ENOENT /bin/nosuch");
}

// CVE-2019-5736: whoever gets at /proc/PID/exe of the helper opens it for writing, once it no longer runs, in vain.
ROOT_TEST(theHelperCannotBeWritten) {
  const int fd = tinyrun::sealedMemfd("#!", 2);
  EXPECT(fd >= 0);
  EXPECT(write(fd, "x", 1) == -1 && errno == EPERM);
  const int again = open(("/proc/self/fd/" + std::to_string(fd)).c_str(), O_RDWR | O_CLOEXEC);
  EXPECT(again == -1 || (pwrite(again, "x", 1, 0) == -1 && errno == EPERM));
  EXPECT(ftruncate(fd, 0) == -1 && errno == EPERM);
  EXPECT(ftruncate(fd, 4096) == -1 && errno == EPERM);
  EXPECT(mmap(nullptr, 2, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
  EXPECT(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == -1 && errno == EPERM);
  char bytes[3] = {};
  EXPECT_EQ(pread(fd, bytes, sizeof bytes, 0), 2);
  EXPECT_EQ(std::string(bytes), "#!");
  close(again);
  close(fd);
}

ROOT_TEST(execIntoARunningContainer) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = withProc(dir.path(), kNewUts);
  plan.container(make::setHostname{.name = "inside"});
  thenRun(plan, {"sleep", "60"});
  const std::string bytes = plan.bytes();
  tinyrun::Machine first;
  tinyrun::PlanFault fault;
  tinyrun::MachineOptions options;
  options.executable = executable();
  EXPECT(first.load(bytes.data(), bytes.size(), options, fault));
  const tinyrun::Outcome running = first.run();
  EXPECT(running.state == State::done);

  make::Plan exec;
  exec.host(make::pidfdOpen{.pid = static_cast<uint32_t>(running.pid), .slot = 4});
  exec.host(make::clone{.flags = 0, .pass = {4}});
  exec.host(make::signalConfigured{}).container(make::awaitConfigured{});
  exec.container(make::setns{.slot = 4, .flags = static_cast<uint32_t>(kNewUts | kNewPid | kNewMount)});
  exec.container(make::closeSlot{.slot = 4});
  exec.container(make::fork{});
  exec.container(make::chdir{.path = "/"});
  exec.container(make::ready{}).host(make::awaitReady{});
  exec.container(make::execve{
      .args = {"/bin/sh", "-c", "echo $(hostname) $(cat /proc/1/cmdline | tr '\\0' ' ')$(ls /); exit 5"},
      .env = {"PATH=/bin"}});
  exec.host(make::awaitExec{});
  Run run(exec);
  EXPECT_EQ(run.failure(), "");
  EXPECT_EQ(run.output, "inside sleep 60 bin dev etc proc sys tmp\n");
  EXPECT_EQ(run.status, 5);
  kill(running.pid, SIGKILL);
  waitpid(running.pid, nullptr, 0);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
}

// The first process of an exec has been made non-dumpable, and its memory belongs to the host's user namespace.
ROOT_TEST(execIntoAUserNamespace) {
  Directory dir;
  makeRoot(dir.path());
  make::Plan plan;
  plan.host(make::clone{.flags = kNewUser | kNewMount | kNewPid});
  plan.host(make::idMaps{.uidMap = "0 100000 65536\n", .gidMap = "0 100000 65536\n"});
  plan.host(make::signalConfigured{}).container(make::awaitConfigured{});
  plan.container(make::propagateRoot{.flags = 1 << 19 | 1 << 14});
  plan.container(make::rootfsBind{.path = dir.path(), .recursive = 1});
  plan.container(make::mountFs{.type = "proc", .source = "proc", .target = "/proc", .flags = 4});
  plan.container(make::pivotRoot{});
  plan.container(make::execve{.args = {"/bin/sleep", "60"}});
  plan.host(make::awaitExec{});
  plan.host(make::yield{});
  Run running(plan);
  EXPECT_EQ(running.failure(), "");

  make::Plan exec;
  exec.host(make::pidfdOpen{.pid = static_cast<uint32_t>(running.outcome.pid), .slot = 4});
  exec.host(make::clone{.flags = 0, .pass = {4}});
  exec.host(make::signalConfigured{}).container(make::awaitConfigured{});
  exec.container(make::setns{.slot = 4, .flags = static_cast<uint32_t>(kNewUser | kNewPid | kNewMount)});
  exec.container(make::fork{});
  exec.container(make::oomScoreAdj{.value = 77});
  exec.container(make::setUser{.uid = 3, .gid = 4, .umask = 022});
  exec.container(make::execve{.args = {"/bin/sh", "-c", "id -u; cat /proc/self/oom_score_adj"}, .env = {"PATH=/bin"}});
  exec.host(make::awaitExec{});
  Run run(exec);
  EXPECT_EQ(run.failure(), "");
  EXPECT_EQ(run.output, "3\n77\n");
}

// linux.rootfsPropagation = shared: pivot_root(2) refuses shared mounts, and nothing may reach the host.
ROOT_TEST(aSharedRoot) {
  Directory dir;
  makeRoot(dir.path());
  make::Plan plan;
  plan.host(make::clone{.flags = kNewMount | kNewPid});
  plan.host(make::signalConfigured{}).container(make::awaitConfigured{});
  plan.container(make::propagateRoot{.flags = 1 << 20 | 1 << 14});
  plan.container(make::rootfsBind{.path = dir.path(), .recursive = 1});
  plan.container(make::mountFs{.type = "proc", .source = "proc", .target = "/proc", .flags = 4});
  plan.container(make::pivotRoot{});
  plan.container(make::rootPropagation{.flags = 1 << 20});
  plan.container(make::execve{.args = {"/bin/grep", "-c", "shared:", "/proc/self/mountinfo"}});
  plan.host(make::awaitExec{});
  Run run(plan);
  EXPECT_EQ(run.failure(), "");
  EXPECT_EQ(run.output, "1\n");
  EXPECT(readFile("/proc/self/mountinfo").find(dir.path()) == std::string::npos);
}

ROOT_TEST(userNamespace) {
  Directory dir;
  makeRoot(dir.path());
  for (const auto& entry : fs::recursive_directory_iterator(dir.path()))
    lchown(entry.path().c_str(), 100000, 100000);
  lchown(dir.path().c_str(), 100000, 100000);
  chmod(dir.path().c_str(), 0755);
  make::Plan plan;
  plan.host(make::clone{.flags = kNewUser | kNewMount | kNewPid | kNewUts | kNewIpc | kNewNet});
  plan.host(make::idMaps{.uidMap = "0 100000 65536\n", .gidMap = "0 100000 65536\n"});
  plan.host(make::signalConfigured{}).container(make::awaitConfigured{});
  plan.container(make::propagateRoot{.flags = 1 << 19 | 1 << 14});
  plan.container(make::rootfsBind{.path = dir.path(), .recursive = 1});
  plan.container(make::mountFs{.type = "proc", .source = "proc", .target = "/proc", .flags = 4});
  plan.container(make::mountFs{.type = "tmpfs", .target = "/tmp"});
  plan.container(make::makeDir{.path = "/tmp/made", .mode = 0750, .uid = 5, .gid = 6});
  plan.container(make::oomScoreAdj{.value = 500});
  plan.container(make::sysctl{.key = "net.ipv4.ip_forward", .value = "1"});
  plan.container(make::pivotRoot{});
  plan.container(make::capBounding{.keep = 0});
  plan.container(make::setUser{.uid = 1000, .gid = 1001, .groups = {7, 8}, .umask = 027});
  plan.container(make::capSet{});
  plan.container(make::execve{
      .args = {"/bin/sh", "-c",
               "id; umask; stat -c '%a %u %g' /tmp/made; cat /proc/self/oom_score_adj /proc/sys/net/ipv4/ip_forward; "
               "grep Cap /proc/self/status; cat /proc/self/uid_map"},
      .env = {"PATH=/bin"}});
  plan.host(make::awaitExec{});
  Run run(plan);
  EXPECT_EQ(run.failure(), "");
  EXPECT(run.output.starts_with("uid=1000 gid=1001 groups=7,8\n0027\n750 5 6\n500\n1\n"));
  for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"})
    EXPECT_EQ(lineOf(run.output, set), std::string(set) + ":\t0000000000000000");
}
