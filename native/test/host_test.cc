// The host lane's own verbs, and machines without a container.
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "fixture.h"
#include "harness.h"

using namespace fixture;
using tinyrun::State;
namespace fs = std::filesystem;

namespace {

uint64_t startTime(int pid) {
  const std::string stat = readFile("/proc/" + std::to_string(pid) + "/stat");
  std::istringstream fields(stat.substr(stat.rfind(')') + 2));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return std::stoull(field);
}

}  // namespace

ROOT_TEST(filesAndTheirUndo) {
  Directory dir;
  make::Plan plan;
  plan.host(make::mkdir{.path = dir / "d", .mode = 0700});
  plan.host(make::mkfifo{.path = dir / "d/fifo", .mode = 0600});
  EXPECT_EQ(Run(plan).failure(), "");
  EXPECT(fs::is_fifo(dir / "d/fifo"));
  writeFile(dir / "f", "before");
  EXPECT_EQ(failureOf(make::writeFile{.path = dir / "f", .value = "AFTER!"}), "");
  EXPECT_EQ(readFile(dir / "f"), "AFTER!");
  EXPECT_EQ(failureOf(make::writeBytes{.path = dir / "f", .value = std::string("a\0b", 3)}), "");
  EXPECT_EQ(readFile(dir / "f"), std::string("a\0bER!", 6));
  EXPECT_EQ(failureOf(make::writeBytes{.path = dir / "none", .value = "x"}), "openat ENOENT " + dir / "none");
  EXPECT_EQ(failureOf(make::signalStart{.path = dir / "d/fifo"}), "openat ENXIO " + dir / "d/fifo");
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT_EQ(failureOf(make::unlink{.path = dir / "d/fifo"}), "");
    EXPECT_EQ(failureOf(make::rmdir{.path = dir / "d"}), "");
    EXPECT_EQ(failureOf(make::umount{.path = dir / "d"}), "");
  }
  EXPECT(!exists(dir / "d"));
}

ROOT_TEST(failureNamesItsStep) {
  make::Plan plan;
  plan.host(make::mkdir{.path = "/proc/1/no", .mode = 0}, true);
  plan.host(make::rmdir{.path = "/nonexistent"});
  plan.host(make::writeFile{.path = "/nonexistent/x", .value = ""});
  Run run(plan, {.trace = true});
  EXPECT_EQ(run.failure(), "openat ENOENT /nonexistent/x");
  EXPECT_EQ(run.outcome.step, 2u);
  EXPECT_EQ(run.trace.size(), 3u);
  EXPECT_EQ(run.trace[0].err, ENOENT);
  EXPECT(run.machine.resume().state == State::failed);
}

ROOT_TEST(removeTreeRemovesAll) {
  Directory dir;
  const std::string tree = dir / "tree";
  fs::create_directories(tree + "/a/b/c");
  fs::create_directories(dir / "keep");
  writeFile(dir / "keep/file", "x");
  fs::create_symlink(dir / "keep", tree + "/a/link");
  fs::create_symlink("/nonexistent", tree + "/dangling");
  for (int i = 0; i < 3000; ++i) writeFile(tree + "/a/b/file-with-a-rather-long-name-" + std::to_string(i), "");
  EXPECT_EQ(failureOf(make::removeTree{.path = tree}), "");
  EXPECT(!exists(tree));
  EXPECT_EQ(readFile(dir / "keep/file"), "x");
  EXPECT_EQ(failureOf(make::removeTree{.path = tree}), "");
}

ROOT_TEST(removeTreeOfAnyDepth) {
  Directory dir;
  const std::string tree = dir / "tree";
  mkdir(tree.c_str(), 0700);
  int at = open(tree.c_str(), O_RDONLY | O_DIRECTORY);
  for (int i = 0; i < 3000; ++i) {
    mkdirat(at, "deep", 0700);
    const int next = openat(at, "deep", O_RDONLY | O_DIRECTORY);
    close(at);
    at = next;
    close(openat(at, "file", O_CREAT | O_WRONLY, 0600));
  }
  close(at);
  EXPECT_EQ(failureOf(make::removeTree{.path = tree}), "");
  EXPECT(!exists(tree));
}

ROOT_TEST(removeTreeStopsAtMounts) {
  Directory dir;
  fs::create_directories(dir / "tree/mnt");
  if (mount("none", (dir / "tree/mnt").c_str(), "tmpfs", 0, nullptr) != 0) SKIP("mount(2) is not permitted");
  writeFile(dir / "tree/mnt/precious", "x");
  EXPECT_EQ(failureOf(make::removeTree{.path = dir / "tree"}), "unlinkat EBUSY " + dir / "tree");
  EXPECT_EQ(readFile(dir / "tree/mnt/precious"), "x");
  EXPECT_EQ(failureOf(make::umount{.path = dir / "tree/mnt"}), "");
}

ROOT_TEST(killTrustsTheStartTime) {
  const int pid = fork();
  if (pid == 0) {
    pause();
    _exit(0);
  }
  const auto number = static_cast<uint32_t>(pid);
  const uint64_t started = startTime(pid);
  EXPECT_EQ(failureOf(make::kill{.pid = number, .startTime = started + 1, .signal = SIGKILL}),
            "pidfd_open ESRCH pid " + std::to_string(pid));
  EXPECT_EQ(waitpid(pid, nullptr, WNOHANG), 0);
  EXPECT_EQ(failureOf(make::pidfdOpen{.pid = number, .startTime = started, .slot = 1}), "");
  EXPECT_EQ(failureOf(make::kill{.pid = number, .startTime = started, .signal = SIGKILL}), "");
  int status = 0;
  waitpid(pid, &status, 0);
  EXPECT_EQ(WTERMSIG(status), SIGKILL);
}

ROOT_TEST(publishTellsOfTheProcess) {
  Directory dir;
  make::Plan plan;
  plan.host(make::clone{});
  plan.host(make::publish{.path = dir / "state", .head = "{\"pid\":", .middle = ",\"at\":", .tail = "}"});
  plan.host(make::yield{.tag = 1});
  plan.container(make::awaitConfigured{});
  plan.host(make::signalConfigured{});
  writeFile(dir / "state", "what was there before, and is longer than what comes");
  Run run(plan);
  const int pid = run.outcome.pid;
  EXPECT(run.outcome.state == State::yield && pid > 0);
  EXPECT_EQ(readFile(dir / "state"), "{\"pid\":" + std::to_string(pid) + ",\"at\":" + std::to_string(startTime(pid)) + "}");
  struct stat st = {};
  EXPECT_EQ(stat((dir / "state").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0600u);
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);   // no temporary is left
  run.machine.resume();
}

ROOT_TEST(publishWithoutAPlaceLeavesNothing) {
  Directory dir;
  EXPECT_EQ(failureOf(make::publish{.path = dir / "state"}), "publish ESRCH " + dir / "state");
  fs::create_directory(dir / "state");
  const auto published = [&dir](const std::string& path, const std::string& tail) {
    make::Plan plan;
    plan.host(make::clone{});
    plan.host(make::publish{.path = path, .head = "", .middle = "", .tail = tail});
    plan.container(make::awaitConfigured{});
    return Run(plan).failure();
  };
  EXPECT_EQ(published(dir / "state", ""), "renameat2 EISDIR " + dir / "state");
  EXPECT_EQ(published(dir / "none/state", ""), "openat ENOENT " + dir / "none/state");
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), fs::directory_iterator()), 1);
  const std::string full = dir / "full";
  fs::create_directory(full);
  if (mount("none", full.c_str(), "tmpfs", 0, "size=4k") != 0) SKIP("mount(2) is not permitted");
  EXPECT_EQ(published(full + "/state", std::string(8192, 'x')), "writev ENOSPC " + full + "/state");
  EXPECT(fs::is_empty(full));
  EXPECT_EQ(failureOf(make::umount{.path = full}), "");
}

ROOT_TEST(slotsPassToTheCaller) {
  make::Plan plan;
  plan.host(make::open{.path = "/dev/null", .flags = O_RDONLY, .slot = 63});
  Run run(plan);
  const int fd = run.machine.takeFd(63);
  EXPECT(fd >= 3);
  EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
  EXPECT_EQ(run.machine.takeFd(63), -1);
  EXPECT_EQ(run.machine.takeFd(64), -1);
  close(fd);
}

ROOT_TEST(usernsToIdmapWith) {
  make::Plan plan;
  plan.host(make::makeUserns{.uidMap = "0 100000 65536\n", .gidMap = "0 200000 65536\n", .slot = 0});
  Run run(plan);
  EXPECT_EQ(run.failure(), "");
  const int fd = run.machine.takeFd(0);
  EXPECT(fd >= 0);
  EXPECT(fs::read_symlink("/proc/self/fd/" + std::to_string(fd)).string().starts_with("user:["));
  close(fd);
  EXPECT_EQ(failureOf(make::makeUserns{.uidMap = "0 0\n", .gidMap = "", .slot = 0}).substr(0, 12), "write EINVAL");
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);   // no child is left over
}

ROOT_TEST(writeEitherTakesWhichIsThere) {
  Directory dir;
  writeFile(dir / "one", "");
  writeFile(dir / "two", "");
  using make::writeEither;
  EXPECT_EQ(failureOf(writeEither{.path = dir / "one", .value = "1", .otherPath = dir / "two", .otherValue = "2"}), "");
  EXPECT_EQ(readFile(dir / "one") + readFile(dir / "two"), "12");
  EXPECT_EQ(failureOf(writeEither{.path = dir / "no", .value = "1", .otherPath = dir / "two", .otherValue = "3"}), "");
  EXPECT_EQ(failureOf(writeEither{.path = dir / "one", .value = "4", .otherPath = dir / "no", .otherValue = "2"}), "");
  EXPECT_EQ(readFile(dir / "one") + readFile(dir / "two"), "43");
  EXPECT_EQ(failureOf(writeEither{.path = dir / "no", .otherPath = dir / "not"}).substr(0, 13), "openat ENOENT");
  // What the file that is there says comes before the lack of the other.
  EXPECT_EQ(failureOf(writeEither{.path = dir / "no", .otherPath = "/proc/self/ns"}).substr(0, 13), "openat EISDIR");
}

ROOT_TEST(yieldReturnsAndGoesOn) {
  Directory dir;
  make::Plan plan;
  plan.host(make::mkdir{.path = dir / "one", .mode = 0700});
  plan.host(make::yield{.tag = 41});
  plan.host(make::mkdir{.path = dir / "two", .mode = 0700});
  plan.host(make::yield{.tag = 42});
  Run run(plan);
  EXPECT(run.outcome.state == State::yield);
  EXPECT_EQ(run.outcome.tag, 41u);
  EXPECT(exists(dir / "one") && !exists(dir / "two"));
  EXPECT_EQ(run.machine.resume().tag, 42u);
  EXPECT(exists(dir / "two"));
  EXPECT(run.machine.resume().state == State::done);
}

ROOT_TEST(aSealedMemfdCannotBeWritten) {
  const int fd = executable();
  EXPECT_EQ(write(fd, "x", 1), -1);
  EXPECT_EQ(ftruncate(fd, 0), -1);
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const int again = open(path.c_str(), O_RDWR);
  EXPECT(again < 0 || write(again, "x", 1) == -1);
  if (again >= 0) close(again);
}

TEST(replaceFileHasItsModeWhateverTheUmask) {
  const Directory dir;
  const mode_t before = umask(0077);
  EXPECT_EQ(failureOf(make::replaceFile{.path = dir / "names", .mode = 0640, .value = "10.0.0.1 web\n"}), "");
  umask(before);
  struct stat st = {};
  EXPECT_EQ(stat((dir / "names").c_str(), &st), 0);
  EXPECT_EQ(st.st_mode & 07777, 0640u);
  EXPECT_EQ(failureOf(make::replaceFile{.path = dir / "names", .mode = 0600, .value = ""}), "");
  EXPECT_EQ(readFile(dir / "names"), "");
  EXPECT_EQ(failureOf(make::replaceFile{.path = dir / "none/x"}), "openat ENOENT " + dir / "none/x");
}

// What `reserve` holds is free again, and only that.
ROOT_TEST(reservedPortsAreReleased) {
  const auto addressOf = [](uint16_t port) {
    std::string bytes(16, '\0');
    bytes[0] = 2, bytes[2] = static_cast<char>(port >> 8), bytes[3] = static_cast<char>(port);
    bytes[4] = 127, bytes[7] = 1;
    return bytes;
  };
  const auto ends = [](const make::Plan& plan) {
    tinyrun::Machine machine;
    tinyrun::PlanFault fault;
    const std::string bytes = plan.bytes();
    if (!machine.load(bytes.data(), bytes.size(), {}, fault)) return -1;
    const tinyrun::Outcome outcome = machine.run();
    machine.holdReserved();
    machine.close();
    return outcome.failure.err;
  };
  const auto reserve = [&](uint16_t port, uint32_t protocol) {
    make::Plan plan;
    plan.host(make::reserve{.protocol = protocol, .address = addressOf(port), .slot = 3});
    return ends(plan);
  };
  EXPECT_EQ(reserve(48731, 6), 0);
  EXPECT_EQ(reserve(48731, 17), 0);
  EXPECT_EQ(reserve(48731, 6), EADDRINUSE);
  make::Plan plan;
  plan.host(make::release{.protocol = 6, .address = addressOf(48731)});
  EXPECT_EQ(ends(plan), 0);
  EXPECT_EQ(reserve(48731, 17), EADDRINUSE);
  EXPECT_EQ(reserve(48731, 6), 0);
  EXPECT_EQ(ends(plan), 0);
  EXPECT_EQ(ends(plan), 0);   // none is success
  make::Plan other;
  other.host(make::release{.protocol = 17, .address = addressOf(48731)});
  EXPECT_EQ(ends(other), 0);
}
