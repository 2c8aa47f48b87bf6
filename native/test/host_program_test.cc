// Programs of the host that a plan runs, and file systems that it mounts there.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "fixture.h"
#include "harness.h"

using namespace fixture;
namespace fs = std::filesystem;

namespace {

std::string sh(const std::string& script, const std::string& input = "", uint32_t timeoutMs = 0) {
  return failureOf(make::exec{.path = "/bin/sh", .args = {"sh", "-c", script}, .env = {"PATH=/usr/bin:/bin", "WHO=we"},
                              .input = input, .pidArg = ~0u, .timeoutMs = timeoutMs});
}
const std::string kFailed = "wait4 ECANCELED /bin/sh failed with exit status 1, stdout: ";

}  // namespace

ROOT_TEST(aProgramIsRun) {
  EXPECT_EQ(sh("read line; [ \"$line\" = 'table inet x' ] && [ $WHO = we ] && [ $PWD = / ]", "table inet x\n"), "");
  EXPECT_EQ(sh("head -c 300000 | wc -c | grep -qx 262144", std::string(262144, 'x')), "");
  EXPECT_EQ(sh("echo out; echo why >&2; exit 1"), kFailed + "out, stderr: why");
  EXPECT_EQ(sh("kill -9 $$"), "wait4 ECANCELED /bin/sh was ended by signal 9, stdout: , stderr: ");
  EXPECT_EQ(sh("exec sleep 100", "", 20), "ppoll ETIMEDOUT /bin/sh");
  EXPECT_EQ(sh("sleep 100 >/dev/null 2>&1 & :", "", 60000), "");   // what it leaves behind is not waited for
  EXPECT_EQ(failureOf(make::exec{.path = "/nonexistent", .args = {"x"}, .pidArg = ~0u}), "execve ENOENT /nonexistent");
  EXPECT_EQ(failureOf(make::exec{.path = "/etc/passwd", .args = {"x"}, .pidArg = ~0u}), "execve EACCES /etc/passwd");
}

ROOT_TEST(aProgramGetsNothingOfOurs) {
  const int leak = open("/", O_DIRECTORY);
  EXPECT(leak > 2);
  EXPECT_EQ(sh("ls /proc/self/fd | tr '\\n' ' '; exit 1"), kFailed + "0 1 2 3 , stderr: ");   // 3 is the list itself
  close(leak);
  const auto before = signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, old;
  sigfillset(&blocked);
  sigprocmask(SIG_SETMASK, &blocked, &old);
  EXPECT_EQ(sh("grep -E 'Sig(Blk|Ign)' /proc/self/status | grep -vq '0000000000000000$' || exit 0; exit 1"), "");
  sigprocmask(SIG_SETMASK, &old, nullptr);
  signal(SIGPIPE, before);
}

ROOT_TEST(aProgramIsToldThePid) {
  make::exec step{.path = "/bin/sh", .args = {"sh", "-c", "[ \"$(cat /proc/$1/comm)\" = tinyrun-init ] || [ $1 -gt 1 ]", "sh", "?"},
                  .env = {"PATH=/usr/bin:/bin"}, .pidArg = 4};
  EXPECT_EQ(failureOf(step), "execve ESRCH /bin/sh");
  make::Plan plan;
  plan.host(make::clone{});
  plan.host(step);
  plan.host(make::yield{});
  plan.container(make::awaitConfigured{});
  Run run(plan);
  EXPECT_EQ(run.failure(), "");
  run.outcome = run.machine.abandon();
  step.pidArg = 5;
  EXPECT_EQ(failureOf(step), "execve EINVAL /bin/sh");
}

ROOT_TEST(fileSystemsAreMountedOnTheHost) {
  Directory dir;
  fs::create_directories(dir / "volume");
  fs::create_symlink("volume", dir / "link");
  const auto target = dir / "volume";
  const make::mountHost step{.type = "tmpfs", .source = "mine", .target = target, .attr = 2 | 8, .options = {"size=64k", "mode=0711"}};
  const std::string failure = failureOf(step);
  if (failure == "fsopen EPERM tmpfs") SKIP("mounting is not permitted");
  EXPECT_EQ(failure, "");
  const std::string line = lineOf(readFile("/proc/self/mounts"), "mine " + target);
  EXPECT(line.find("tmpfs rw,nosuid,noexec,") != std::string::npos && line.find("size=64k,mode=711") != std::string::npos);
  for (int twice = 0; twice < 2; ++twice) EXPECT_EQ(failureOf(make::umount{.path = target}), "");
  EXPECT_EQ(lineOf(readFile("/proc/self/mounts"), target), "");

  EXPECT_EQ(failureOf(make::mountHost{.type = "nonesuch", .target = target}), "fsopen ENODEV nonesuch");
  EXPECT_EQ(failureOf(make::mountHost{.type = "tmpfs", .target = target, .options = {"size=x"}}).substr(0, 31),
            "fsconfig EINVAL tmpfs size=x (t");
  EXPECT_EQ(failureOf(make::mountHost{.type = "tmpfs", .target = dir / "link"}), "openat ENOTDIR " + dir / "link");
  EXPECT_EQ(failureOf(make::mountHost{.type = "tmpfs", .target = dir / "none"}), "openat ENOENT " + dir / "none");
  EXPECT_EQ(lineOf(readFile("/proc/self/mounts"), dir.path()), "");
}
