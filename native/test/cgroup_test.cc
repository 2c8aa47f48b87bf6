// Cgroups of the host, and those that somebody else removes while they are worked on: systemd takes its own away as soon
// as they are empty.
#include <fcntl.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <thread>

#include "fixture.h"
#include "harness.h"

using namespace fixture;
namespace fs = std::filesystem;

namespace {

std::string unifiedRoot() {
  for (const char* path : {"/sys/fs/cgroup/cgroup.controllers", "/sys/fs/cgroup/unified/cgroup.controllers"})
    if (exists(path)) return fs::path(path).parent_path();
  return "";
}

// Looks like a cgroup and is removed at the worst moment: when `file` has been opened, before the write to it is done.
class Vanishing {
 public:
  explicit Vanishing(const char* file) {
    fs::create_directories(path());
    for (const char* name : {"cgroup.procs", "cgroup.events"}) writeFile(path() + "/" + name, "populated 1\nfrozen 0\n");
    const std::string full = path() + "/" + file;
    // a full pipe: who writes to it waits
    if (mkfifo(full.c_str(), 0600) != 0) std::abort();
    pipe_ = open(full.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
    const char page[4096] = {};
    while (write(pipe_, page, sizeof page) > 0) continue;
    watch_ = inotify_init1(IN_CLOEXEC);
    if (inotify_add_watch(watch_, full.c_str(), IN_OPEN) < 0) std::abort();
    remover_ = std::thread([this] {
      char bytes[4096];
      if (read(watch_, bytes, sizeof bytes) < 0) std::abort();
      fs::remove_all(path());
      while (read(pipe_, bytes, sizeof bytes) > 0) continue;
    });
  }
  ~Vanishing() {
    remover_.join();
    close(watch_);
    close(pipe_);
  }
  Vanishing(const Vanishing&) = delete;
  Vanishing& operator=(const Vanishing&) = delete;
  std::string path() const { return dir_ / "cgroup"; }

 private:
  Directory dir_;
  int pipe_ = -1, watch_ = -1;
  std::thread remover_;
};

}  // namespace

ROOT_TEST(cgroupFromBirthToRemoval) {
  const std::string root = unifiedRoot();
  if (root.empty()) SKIP("no cgroup v2 hierarchy");
  const std::string name = "tinyrun-test-" + std::to_string(getpid());
  const std::string path = root + "/" + name + "/inner";
  make::Plan made;
  made.host(make::cgroupCreate{.root = root, .path = name + "/inner", .controllers = {"hugetlb", "nosuch"}, .slot = 2});
  Run run(made);
  EXPECT_EQ(run.failure(), "");
  EXPECT(exists(path + "/cgroup.procs"));
  const int pid = fork();
  if (pid == 0) {
    for (;;) pause();
  }
  writeFile(path + "/cgroup.procs", std::to_string(pid));
  EXPECT_EQ(failureOf(make::cgroupFreeze{.path = path, .frozen = 1}), "");
  EXPECT(readFile(path + "/cgroup.events").find("frozen 1") != std::string::npos);
  EXPECT_EQ(failureOf(make::cgroupFreeze{.path = path, .frozen = 0}), "");
  EXPECT_EQ(failureOf(make::cgroupKill{.path = path}), "");
  waitpid(pid, nullptr, 0);
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT_EQ(failureOf(make::cgroupKill{.path = root + "/" + name}), "");
    EXPECT_EQ(failureOf(make::cgroupRemove{.path = root + "/" + name}), "");
  }
  EXPECT(!exists(root + "/" + name));
}

TEST(aCgroupThatIsRemovedOnceItIsEmptyIsKilled) {
  const Vanishing cgroup("cgroup.kill");
  EXPECT_EQ(failureOf(make::cgroupKill{.path = cgroup.path()}), "");
}

TEST(aCgroupThatIsRemovedIsKilledWithoutCgroupKillToo) {
  const Vanishing cgroup("cgroup.freeze");
  EXPECT_EQ(failureOf(make::cgroupKill{.path = cgroup.path()}), "");
}

TEST(aCgroupThatIsRemovedIsNotFrozen) {
  const Vanishing cgroup("cgroup.freeze");
  EXPECT_EQ(failureOf(make::cgroupFreeze{.path = cgroup.path(), .frozen = 1}), "ppoll ENOENT " + cgroup.path());
}

TEST(aCgroupThatCannotBeKilledIsTold) {
  Directory dir;
  writeFile(dir / "cgroup.procs", "");
  EXPECT_EQ(failureOf(make::cgroupKill{.path = dir.path()}), "write ENOENT " + dir.path());
}

// Two at a time, as systemd's and our own undo may be: whoever comes second finds it, or what is in it, gone.
ROOT_TEST(aCgroupIsRemovedByTwo) {
  const std::string root = unifiedRoot();
  if (root.empty()) SKIP("no cgroup v2 hierarchy");
  const std::string path = root + "/tinyrun-two-" + std::to_string(getpid());
  for (int round = 0; round < 50; ++round) {
    for (const char* below : {"/a/b/c", "/d/e", "/f"}) fs::create_directories(path + below);
    std::string theirs;
    std::thread other([&] { theirs = failureOf(make::cgroupRemove{.path = path}); });
    const std::string ours = failureOf(make::cgroupRemove{.path = path});
    other.join();
    EXPECT_EQ(ours + theirs, "");
    EXPECT(!exists(path));
  }
}
