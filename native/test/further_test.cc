// A further program of a container under a monitor of its own: what exec -t, exec -d have.
#include "harness.h"
#include "../init/kernel.h"
#include "monitored.h"

using namespace monitored;

namespace {

constexpr uint32_t kSlot = 4;

// A container, and a life whose plan joins its mount and pid namespaces.
struct Pair {
  Life container{"while :; do busybox sleep 1000; done"};
  Life further{"true"};
  uint32_t first = 0;

  explicit Pair(const std::vector<std::string>& args) {
    container.isDetached = true;
    container.start();
    message::started started;
    if (!message::read(container.next(), started)) std::abort();
    first = started.pid;
    make::Plan plan;
    plan.host(make::pidfdOpen{.pid = first, .startTime = started.startTime, .slot = kSlot});
    plan.host(make::clone{.flags = 0, .pass = {kSlot}});
    plan.host(make::signalConfigured{}).container(make::awaitConfigured{});
    plan.container(make::setns{.slot = kSlot, .flags = static_cast<uint32_t>(kNewMount | kNewPid)});
    plan.container(make::closeSlot{.slot = kSlot});
    plan.container(make::fork{});
    plan.container(make::dieWithParent{.signal = SIGKILL});
    plan.container(make::chdir{.path = "/"});
    plan.container(make::ready{}).host(make::awaitReady{});
    plan.container(make::findExecutable{.name = args[0], .path = "/bin"});
    plan.container(make::execve{.args = args, .env = {"PATH=/bin"}});
    plan.host(make::awaitExec{});
    further.plan = plan;
    further.container = kSlot;
    further.events = further.dir / "events", further.event = {"<", ":", ">"};
    further.actions = {"exec_start: it", "exec_die"};
  }
  ~Pair() {
    kill(static_cast<pid_t>(first), SIGKILL);
    container.ended();
  }
  std::string told() { return readFile(further.events); }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

ROOT_TEST(aFurtherProgramLeavesNothing) {
  Pair pair({"sh", "-c", "read line; echo \"$line\"; exit 7"});
  Life& life = pair.further;
  life.start();
  message::started started;
  EXPECT(message::read(life.next(), started));
  const std::string process = fs::read_symlink(life.dir / "run/process").string();
  EXPECT_EQ(process, std::to_string(started.pid) + ":" + std::to_string(started.startTime));
  EXPECT_EQ(write(life.input, "typed\n", 6), 6);
  EXPECT_EQ(life.rest(), "typed\n");
  EXPECT_EQ(endOf(life), "7 0 ended");
  EXPECT_EQ(life.ended(), 0);
  EXPECT(!exists(life.dir / "run"));
  EXPECT(fs::is_empty(fs::path(life.dir / "data")));
  EXPECT(has(pair.told(), "{\"status\":\"exec_start: it<exec_start: it:>,\"time\":"));
  EXPECT(has(pair.told(), "{\"status\":\"exec_die<exec_die:\"exitCode\":\"7\",>,\"time\":"));
}

ROOT_TEST(aFurtherProgramEndsWithItsContainer) {
  Pair pair({"sleep", "1000"});
  EXPECT(started(pair.further));
  kill(static_cast<pid_t>(pair.first), SIGKILL);
  EXPECT_EQ(endOf(pair.further), "137 9 signal");
  EXPECT_EQ(pair.further.ended(), 0);
}

// In no pid namespace of the container's nothing but its monitor ends it.
ROOT_TEST(aFurtherProgramOfTheHostsPidsEndsWithItsContainer) {
  Pair pair({"sleep", "1000"});
  uint64_t startTime = 0;
  EXPECT_EQ(tinyrun::startTimeOf(pair.first, startTime), 0);
  make::Plan plan;
  plan.host(make::pidfdOpen{.pid = pair.first, .startTime = startTime, .slot = kSlot});
  plan.host(make::clone{.flags = 0});
  plan.host(make::signalConfigured{}).container(make::awaitConfigured{});
  plan.container(make::dieWithParent{.signal = SIGKILL});
  plan.container(make::ready{}).host(make::awaitReady{});
  plan.container(make::findExecutable{.name = "sleep", .path = "/bin:/usr/bin"});
  plan.container(make::execve{.args = {"sleep", "1000"}, .env = {}});
  plan.host(make::awaitExec{});
  pair.further.plan = plan;
  EXPECT(started(pair.further));
  kill(static_cast<pid_t>(pair.first), SIGKILL);
  EXPECT_EQ(endOf(pair.further), "137 9 signal");
  EXPECT_EQ(pair.further.ended(), 0);
}

// Its pipe or terminal may be another's by then, who writes on and on.
ROOT_TEST(whoWritesAfterTheEndHoldsNobodyUp) {
  Pair pair({"sh", "-c", "(while :; do echo more; busybox sleep 0.05; done) & echo first; exit 3"});
  EXPECT(started(pair.further));
  EXPECT_EQ(endOf(pair.further), "3 0 ended");
  EXPECT_EQ(pair.further.ended(), 0);
  EXPECT(has(pair.further.rest(), "first\n"));
}
