// Whole containers through the interpreter: the handshake, failures, what the program gets.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "fixture.h"
#include "harness.h"

using namespace fixture;
using tinyrun::State;
namespace fs = std::filesystem;

namespace {

std::string outputOf(const make::Plan& plan, tinyrun::MachineOptions options = {}) {
  Run run(plan, options);
  return run.failure().empty() ? run.output : run.failure();
}

}  // namespace

ROOT_TEST(helloFromAContainer) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = withProc(dir.path(), kNewUts | kNewIpc | kNewNet);
  plan.container(make::setHostname{.name = "box"});
  plan.container(make::linkUp{.name = "lo"});
  thenRun(plan, {"sh", "-c", "echo hello from $(hostname) as $$ with $(ls /)"});
  Run run(plan);
  EXPECT_EQ(run.failure(), "");
  EXPECT_EQ(run.output, "hello from box as 1 with bin dev etc proc sys tmp\n");
  EXPECT_EQ(run.status, 0);
}

ROOT_TEST(onlyStandardStreamsReachTheProgram) {
  Directory dir;
  makeRoot(dir.path());
  const int leaky = open("/", O_RDONLY);   // not close-on-exec: another library's, say
  auto plan = withProc(dir.path());
  plan.host(make::open{.path = "/", .flags = O_RDONLY | O_DIRECTORY, .slot = 5});
  thenRun(plan, {"ls", "/proc/self/fd"});
  EXPECT_EQ(outputOf(plan), "0\n1\n2\n3\n");   // 3 is the listed directory
  close(leaky);
}

ROOT_TEST(standardStreamsInAnyOrder) {
  Directory dir;
  makeRoot(dir.path());
  writeFile(dir / "input", "typed\n");
  const int input = open((dir / "input").c_str(), O_RDONLY | O_CLOEXEC);
  auto plan = containerIn(dir.path());
  thenRun(plan, {"cat"});
  tinyrun::MachineOptions options;
  options.stdio[0] = input;
  EXPECT_EQ(outputOf(plan, options), "typed\n");
  close(input);
}

ROOT_TEST(preservedFds) {
  Directory dir;
  makeRoot(dir.path());
  writeFile(dir / "data", "preserved\n");
  const int data = open((dir / "data").c_str(), O_RDONLY);
  const int saved = fcntl(3, F_DUPFD_CLOEXEC, 10);
  dup3(data, 3, O_CLOEXEC);
  auto plan = withProc(dir.path());
  thenRun(plan, {"sh", "-c", "cat <&3; ls /proc/self/fd"});
  tinyrun::MachineOptions options;
  options.preserveFds = 1;
  EXPECT_EQ(outputOf(plan, options), "preserved\n0\n1\n2\n3\n4\n");
  close(3);
  options.preserveFds = 1000;
  EXPECT(outputOf(plan, options).starts_with("fcntl EBADF preserved fd "));
  if (saved >= 0) dup3(saved, 3, O_CLOEXEC), close(saved);
  close(data);
}

ROOT_TEST(signalsAreReset) {
  Directory dir;
  makeRoot(dir.path());
  signal(SIGPIPE, SIG_IGN);
  signal(SIGUSR1, SIG_IGN);
  const std::string status = shell(withProc(dir.path()), "exec cat /proc/self/status");
  signal(SIGPIPE, SIG_DFL);
  signal(SIGUSR1, SIG_DFL);
  EXPECT_EQ(lineOf(status, "SigIgn"), "SigIgn:\t0000000000000000");
  EXPECT_EQ(lineOf(status, "SigBlk"), "SigBlk:\t0000000000000000");
}

ROOT_TEST(containerFailureNamesItsStep) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = containerIn(dir.path());
  plan.container(make::mountFs{.type = "tmpfs", .target = "/tmp", .options = {"size=plenty"}});
  thenRun(plan, {"true"});
  Run run(plan);
  EXPECT(run.failure().starts_with("fsconfig EINVAL tmpfs size=plenty ("));
  EXPECT_EQ(run.outcome.step, 5u);
  EXPECT_EQ(run.outcome.pid, 0);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);   // reaped
}

ROOT_TEST(failuresThatMayBe) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = containerIn(dir.path());
  plan.container(make::mountFs{.type = "nosuchfs", .target = "/tmp", .flags = 8});
  plan.container(make::setHostname{.name = std::string(100, 'x')}, true);
  thenRun(plan, {"echo", "on"});
  Run run(plan, {.trace = true});
  EXPECT_EQ(run.output, "on\n");
  EXPECT_EQ(run.trace[5].err + run.trace[6].err, ENODEV + EINVAL);
}

ROOT_TEST(traceTellsEveryStepOnce) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = containerIn(dir.path());
  thenRun(plan, {"true"});
  Run run(plan, {.trace = true});
  std::vector<int> times(11);
  for (const Traced& t : run.trace) ++times.at(t.step);
  for (const int n : times) EXPECT_EQ(n, 1);
}

ROOT_TEST(programsThatCannotBeRun) {
  Directory dir;
  makeRoot(dir.path());
  writeFile(dir / "bin/plain", "#!/bin/sh\n");
  writeFile(dir / "bin/garbage", "garbage");
  writeFile(dir / "bin/orphan", "#!/no/such/interpreter\n");
  chmod((dir / "bin/garbage").c_str(), 0755);
  chmod((dir / "bin/orphan").c_str(), 0755);
  const auto failureOf = [&](const std::string& name) {
    auto plan = containerIn(dir.path());
    thenRun(plan, {name});
    return Run(plan).failure();
  };
  EXPECT_EQ(failureOf("nosuch"), "execve ENOENT nosuch");
  EXPECT_EQ(failureOf("/bin/nosuch"), "execve ENOENT /bin/nosuch");
  EXPECT_EQ(failureOf("/bin/busybox/x"), "execve ENOTDIR /bin/busybox/x");
  EXPECT_EQ(failureOf("plain"), "execve ENOENT plain");
  EXPECT_EQ(failureOf("/bin/plain"), "execve EACCES /bin/plain");
  EXPECT_EQ(failureOf("/bin"), "execve EACCES /bin");
  EXPECT_EQ(failureOf("garbage"), "execve ENOEXEC /bin/garbage");
  EXPECT_EQ(failureOf("orphan"), "execve ENOENT /bin/orphan");
  EXPECT_EQ(failureOf(""), "execve ENOENT ");
}

ROOT_TEST(pauseBeforeEachStep) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = containerIn(dir.path());
  thenRun(plan, {"echo", "slowly"});
  Run run(plan, {.pause = true});
  int pauses = 0;
  while (run.outcome.state == State::paused) {
    ++pauses;
    EXPECT(run.outcome.pid != 0);
    run.outcome = run.machine.resume();
  }
  EXPECT_EQ(run.failure(), "");
  EXPECT_EQ(pauses, 7);
  EXPECT(run.outcome.state == State::done);
  run.finish();
}

ROOT_TEST(syncMeetsBothLanes) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = containerIn(dir.path());
  plan.container(make::sync{.stage = 3});
  plan.host(make::awaitSync{.stage = 3});
  plan.host(make::yield{.tag = 9});
  plan.host(make::signalSync{.stage = 3});
  thenRun(plan, {"cat", "/etc/late"});
  Run run(plan);
  EXPECT(run.outcome.state == State::yield);
  writeFile(dir / "etc/late", "written between\n");
  run.outcome = run.machine.resume();
  run.outcome.state == State::done ? run.finish() : (void)0;
}
