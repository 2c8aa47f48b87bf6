// Races with a container that swaps what a path leads to: at the failpoint between resolving and use, where the swap
// always comes at the worst moment, and by a thread that exchanges two names as fast as it can.
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <map>
#include <thread>

#include "fixture.h"
#include "harness.h"

using namespace fixture;
using tinyrun::State;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t kNoFlags = 0;

// A root with a directory `volume/target`, and a canary tree outside that a symlink in the root leads to.
struct Trap {
  Directory dir;
  std::string root = dir / "root", canary = dir / "canary";
  Trap() {
    makeRoot(root);
    fs::create_directories(root + "/volume/target");
    fs::create_directories(canary);
    writeFile(canary + "/file", "untouched");
    fs::create_symlink("../../../../.." + canary, root + "/volume/link");
  }
  void swap() const {
    const std::string a = root + "/volume/target", b = root + "/volume/link";
    if (renameat2(AT_FDCWD, a.c_str(), AT_FDCWD, b.c_str(), RENAME_EXCHANGE) != 0) std::abort();
  }
  bool untouched() const {
    return std::distance(fs::directory_iterator(canary), fs::directory_iterator()) == 1 &&
           readFile(canary + "/file") == "untouched";
  }
};

// Runs the plan under pause; at the failpoint calls `swap`. True when the failpoint was met.
bool runWithSwap(const make::Plan& plan, const std::string& point, const std::function<void()>& swap,
                 std::string& failure, std::string& output) {
  Run run(plan, {.pause = true});
  bool met = false;
  while (run.outcome.state == State::paused) {
    if (run.outcome.failure.syscall == point) {
      met = true;
      swap();
    }
    run.outcome = run.machine.resume();
  }
  if (run.outcome.state == State::done) run.finish();
  failure = run.failure();
  output = run.output;
  return met;
}

make::Plan devices(const std::string& root, uint64_t flags = kNoFlags) {
  auto plan = containerIn(root, flags);
  plan.container(make::mountFs{.type = "proc", .source = "proc", .target = "/proc", .flags = 4});
  plan.container(make::mountFs{.type = "tmpfs", .target = "/dev", .flags = 4});
  plan.container(make::makeNode{.path = "/dev/null", .type = S_IFCHR, .mode = 0666, .major = 1, .minor = 3});
  return plan;
}

bool haveFailpoints() { return std::getenv("TINYRUN_FAILPOINTS") != nullptr; }
constexpr const char* kWithout = "TINYRUN_INIT is built without failpoints";

}  // namespace

// CVE-2021-30465
ROOT_TEST(aMountTargetSwappedAfterItWasResolved) {
  if (!haveFailpoints()) SKIP(kWithout);
  Trap trap;
  auto plan = containerIn(trap.root);
  plan.container(make::bind{.source = "/etc", .target = "/volume/target", .attrSet = 1, .flags = 1});
  thenRun(plan, {"ls", "/volume/link/passwd"});
  std::string failure, output;
  EXPECT(runWithSwap(plan, "attach", [&] { trap.swap(); }, failure, output));
  EXPECT_EQ(failure, "");
  EXPECT_EQ(output, "/volume/link/passwd\n");   // on the directory that was meant, whatever it is called now
  EXPECT(trap.untouched());
}

// CVE-2026-41579: /dev becomes a symlink while nodes are made.
ROOT_TEST(aDirectoryOfNodesSwapped) {
  if (!haveFailpoints()) SKIP(kWithout);
  Trap trap;
  auto plan = containerIn(trap.root);
  plan.container(make::makeNode{.path = "/volume/target/sda", .type = S_IFBLK, .mode = 0600, .major = 8});
  thenRun(plan, {"true"});
  std::string failure, output;
  EXPECT(runWithSwap(plan, "makeNode", [&] { trap.swap(); }, failure, output));
  EXPECT_EQ(failure, "");
  EXPECT(trap.untouched());
  EXPECT(exists(trap.root + "/volume/link/sda"));   // in the directory that was meant, whatever it is called now
}

ROOT_TEST(aMaskedPathSwapped) {
  if (!haveFailpoints()) SKIP(kWithout);
  Trap trap;
  writeFile(trap.root + "/volume/target/secret", "secret");
  auto plan = devices(trap.root);
  plan.container(make::mask{.path = "/volume/target"});
  thenRun(plan, {"sh", "-c", "cat /volume/link/secret; ls /volume/link"});
  std::string failure, output;
  EXPECT(runWithSwap(plan, "mask", [&] { trap.swap(); }, failure, output));
  EXPECT_EQ(failure, "");
  EXPECT_EQ(output, "cat: can't open '/volume/link/secret': No such file or directory\n");
  EXPECT(trap.untouched());
}

// CVE-2025-52565: what lies at /dev/pts/0 is swapped before it is bound onto /dev/console.
ROOT_TEST(aConsoleSwapped) {
  if (!haveFailpoints()) SKIP(kWithout);
  Trap trap;
  auto plan = devices(trap.root);
  plan.container(make::mountFs{.type = "devpts", .target = "/dev/pts", .options = {"newinstance", "ptmxmode=0666"}});
  plan.container(make::bind{.source = "/etc/passwd", .target = "/dev/pts/0", .flags = 2}, true);
  plan.container(make::setsid{});
  plan.container(make::console{.slot = 1});
  thenRun(plan, {"sh", "-c", "test -c /dev/console && tty > /etc/console"});
  std::string failure, output;
  EXPECT(runWithSwap(plan, "console", [] {}, failure, output));
  EXPECT_EQ(failure, "");
  EXPECT_EQ(readFile(trap.root + "/etc/console").substr(0, 5), "/dev/");
}

// 500 containers against a swapper: mkdir -p, bind and mount below a name that keeps changing (CVE-2024-45310).
ROOT_TEST(aSwapperNeverReachesTheHost) {
  Trap trap;
  std::atomic<bool> stop = false;
  std::thread swapper([&] {
    while (!stop) trap.swap();
  });
  const int rounds = std::getenv("TINYRUN_RACES") == nullptr ? 100 : std::atoi(std::getenv("TINYRUN_RACES"));
  std::map<std::string, int> answers;
  for (int i = 0; i < rounds; ++i) {
    auto plan = containerIn(trap.root);
    const std::string name = std::to_string(i);
    plan.container(make::makeDir{.path = "/volume/target/made" + name + "/deep", .mode = 0755}, true);
    plan.container(make::bind{.source = "/etc/passwd", .target = "/volume/target/bound" + name}, true);
    plan.container(make::mountFs{.type = "tmpfs", .target = "/volume/target/mounted" + name}, true);
    plan.container(make::makeNode{.path = "/volume/target/node" + name, .type = S_IFIFO, .mode = 0600}, true);
    plan.container(make::makeSymlink{.target = "x", .path = "/volume/target/symlink" + name}, true);
    thenRun(plan, {"true"});
    Run run(plan);
    ++answers[run.failure()];
  }
  stop = true;
  swapper.join();
  EXPECT_EQ(answers[""], rounds);
  EXPECT(trap.untouched());
  EXPECT(readFile("/proc/self/mountinfo").find(trap.dir.path()) == std::string::npos);
}
