// What a monitor writes, takes back and leaves when its container has ended or never was.
#include "harness.h"
#include "monitored.h"

using namespace monitored;

ROOT_TEST(aMonitorTellsWhatFailed) {
  Life life(std::vector<std::string>{"nothere"});
  life.undo.host(make::rmdir{.path = life.dir / "undone"}, true);
  life.start();
  message::failed m;
  EXPECT(message::read(life.next(), m));
  EXPECT_EQ(std::string(m.syscall) + " " + strerrorname_np(static_cast<int>(m.error)) + " " + m.path.data, "execve ENOENT nothere");
  EXPECT_EQ(life.ended(), 1);
  EXPECT(exists(life.dir / "run/journal.01-start"));   // the caller's to take back
  EXPECT(exists(life.dir / "undone"));
  EXPECT(!exists(life.dir / "data/exit.json"));
}

ROOT_TEST(aMonitorReadsWhyAndRemoves) {
  Life life("kill -s TERM 1; exec sleep 10");
  fs::create_directory(life.dir / "cgroup");
  writeFile(life.dir / "cgroup/memory.events", "low 0\noom 3\noom_kill 2\n");
  life.cgroup = life.dir / "cgroup";
  make::Plan remove;
  remove.host(make::removeTree{.path = life.dir / "data"});
  life.remove = remove.bytes();
  EXPECT(started(life));
  message::started m;
  EXPECT(message::read(message::Frame{message::Kind::started, reinterpret_cast<const uint8_t*>(life.frame.data()) + 8, 12}, m));
  kill(static_cast<int>(m.pid), SIGKILL);
  EXPECT_EQ(endOf(life), "137 9 memory");
  EXPECT_EQ(life.ended(), 0);
  EXPECT(!exists(life.dir / "data"));
  EXPECT(!exists(life.dir / "run"));
}

// Last first, each entry for itself; what is no undo is not tried, what is no entry is left to a person.
ROOT_TEST(aMonitorRunsEachEntryOfTheJournal) {
  for (const char* odd : {"", "journal.04-odd", "journal-x"}) {
    Life life("exit 0");
    fs::create_directory(life.dir / "undone/inner");
    life.undo.host(make::rmdir{.path = life.dir / "undone"}, true);   // once 02 and 10 have emptied it
    writeFile(life.dir / "undone/file", "");
    make::Plan second, tenth, none;
    second.host(make::rmdir{.path = life.dir / "undone/inner"}, true);
    tenth.host(make::unlink{.path = life.dir / "undone/file"}, true).host(make::rmdir{.path = life.dir / "gone"}, true);
    writeFile(life.dir / "run/journal.02-second", second.bytes());
    writeFile(life.dir / "run/journal.10-tenth", tenth.bytes());
    none.host(make::mkdir{.path = life.dir / "made", .mode = 0700});
    if (*odd != 0) writeFile(life.dir / "run/" + odd, none.bytes());
    EXPECT(started(life));
    EXPECT_EQ(endOf(life), "0 0 ended");
    life.ended();
    EXPECT(!exists(life.dir / "undone"));
    EXPECT(!exists(life.dir / "made"));
    EXPECT_EQ(exists(life.dir / "run"), *odd != 0);
    EXPECT_EQ(exists(life.dir / "run/journal.01-start"), false);
  }
}

// An undo that fails keeps its entry and the directory: the next sweep finds them, and how the container ended.
ROOT_TEST(aMonitorLeavesWhatItCannotUndo) {
  Life life("exit 0");
  writeFile(life.dir / "undone/full", "");
  life.undo.host(make::rmdir{.path = life.dir / "undone"}, true);
  EXPECT(started(life));
  EXPECT_EQ(endOf(life), "0 0 ended");
  life.ended();
  EXPECT(exists(life.dir / "run/journal.01-start"));
  EXPECT(exists(life.dir / "run/lock"));
  EXPECT(exists(life.dir / "run/exit.json"));
}

ROOT_TEST(noPlaceBesideTheRecord) {
  Life life("exit 6");
  fs::create_directory(life.dir / "data/exit.json");
  EXPECT(started(life));
  EXPECT_EQ(endOf(life), "6 0 ended");
  life.ended();
  EXPECT(readFile(life.dir / "run/exit.json").rfind("{\"code\":6,", 0) == 0);   // for the sweep
}

namespace {

// Without what differs each time.
std::string eventsIn(const std::string& file) {
  std::string all = readFile(file), out;
  for (size_t at = 0, end; (end = all.find('\n', at)) != std::string::npos; at = end + 1) {
    const std::string line = all.substr(at, end - at);
    const size_t time = line.find(",\"time\":1"), nano = line.find(",\"timeNano\":1");
    EXPECT(time != std::string::npos && nano != std::string::npos && line.back() == '}');
    EXPECT_EQ(line.substr(time + 8, 10), line.substr(nano + 12, 10));
    EXPECT_EQ(line.size() - nano, std::string(",\"timeNano\":}").size() + 19);
    out += line.substr(0, time) + "\n";
  }
  return out;
}

}  // namespace

ROOT_TEST(aMonitorTellsWhatHappens) {
  for (const bool renamed : {false, true}) {
    Life life("exit 3");
    life.events = life.dir / "events.log";
    writeFile(life.events, "");
    life.event = {"<1>", "<2>", "<3>"};
    life.eventsAfter = {"unmounted", "gone"};
    make::Plan remove;
    remove.host(make::removeTree{.path = life.dir / "data"});
    life.remove = remove.bytes();
    life.undo.host(make::rmdir{.path = life.dir / "undone"}, true);
    if (renamed) writeFile(life.dir / "data/event", "<4>");
    EXPECT(started(life));
    EXPECT_EQ(endOf(life), "3 0 ended");
    life.ended();
    const std::string last = renamed ? "<4>" : "<3>";
    EXPECT_EQ(eventsIn(life.events),
              "{\"status\":\"start<1>start<2>" + last + "\n{\"status\":\"die<1>die<2>\"execDuration\":\"0\",\"exitCode\":\"3\"," + last +
                  "\nunmounted\ngone\n{\"status\":\"destroy<1>destroy<2>" + last + "\n");
  }
}

ROOT_TEST(aMonitorThatCannotTellGoesOn) {
  Life life("exit 4");
  life.events = "/proc/self/none/events.log";
  life.event = {"", "", ""};
  EXPECT(started(life));
  EXPECT_EQ(endOf(life), "4 0 ended");
  EXPECT_EQ(life.ended(), 0);
}

ROOT_TEST(thePeakIsWrittenDown) {
  for (const std::string peak : {"33554432\n", ""}) {
    Life life("exit 1");
    fs::create_directory(life.dir / "cgroup");
    if (!peak.empty()) writeFile(life.dir / "cgroup/memory.peak", peak);
    life.cgroup = life.dir / "cgroup";
    EXPECT(started(life));
    EXPECT_EQ(endOf(life), "1 0 ended");
    life.ended();
    const std::string text = readFile(life.dir / "data/exit.json");
    EXPECT_EQ(text.find("\"why\":\"ended\",\"peak\":33554432}\n") != std::string::npos, !peak.empty());
    EXPECT_EQ(text.find("\"why\":\"ended\"}\n") != std::string::npos, peak.empty());
  }
}

// Killed for memory: that is told first.
ROOT_TEST(aMonitorTellsOfMemory) {
  Life life("exit 1");
  fs::create_directory(life.dir / "cgroup");
  writeFile(life.dir / "cgroup/memory.events", "oom_kill 1\n");
  life.cgroup = life.dir / "cgroup";
  life.events = life.dir / "events.log";
  life.event = {"", "\"", ""};
  EXPECT(started(life));
  EXPECT_EQ(endOf(life), "1 0 memory");
  life.ended();
  const std::string told = eventsIn(life.events);
  EXPECT(told.find("oomoom") < told.find("diedie"));
}

namespace {

// Who goes on in its place says so, with what it was given.
struct Again : Life {
  explicit Again(const std::string& script, const char* policy, uint32_t milliseconds) : Life(script) {
    if (*policy != 0) writeFile(dir / "data/restart", policy);
    afterwards = {"/bin/busybox", "sh", "-c",
                  "echo $0 $A $(readlink /proc/$$/fd/3) $(grep SigBlk /proc/$$/status) >" + (dir / "again") +
                      ".new; mv " + (dir / "again") + ".new " + (dir / "again"),
                  "name"};
    environment = {"A=b", "PATH=/bin:/usr/bin"};
    backoff = milliseconds;
  }
  bool became() {
    const int status = ended();
    return status == 0 && exists(dir / "again") && exists(dir / "run/lock");
  }
};

}  // namespace

ROOT_TEST(aMonitorBecomesWhoStartsItAgain) {
  Again life("exit 3", "a", 1);
  EXPECT(started(life));
  EXPECT_EQ(endOf(life), "3 0 ended");
  EXPECT(life.became());
  const std::string said = readFile(life.dir / "again");
  EXPECT(said.rfind("name b ", 0) == 0);
  EXPECT(said.find("SigBlk: 0000000000000000") != std::string::npos);
  EXPECT(!exists(life.dir / "run/socket"));
  EXPECT(exists(life.dir / "data/exit.json"));
}

// Only what failed; nothing without a word of it, nor of one that is removed.
ROOT_TEST(aMonitorDoesAsThePolicySays) {
  for (const auto& [script, policy, again] :
       {std::tuple("exit 0", "f", false), std::tuple("exit 1", "f", true), std::tuple("exit 1", "", false), std::tuple("exit 0", "a", true)}) {
    Again life(script, policy, 1);
    EXPECT(started(life));
    endOf(life);
    life.ended();
    EXPECT_EQ(exists(life.dir / "again"), again);
    EXPECT_EQ(exists(life.dir / "run"), again);
  }
}

// It would wait for an hour.
ROOT_TEST(aMonitorThatWaitsIsWoken) {
  for (const bool before : {true, false}) {
    Again life("exit 1", "a", 3600000);
    if (before) writeFile(life.dir / "data/look", "");
    EXPECT(started(life));
    EXPECT_EQ(endOf(life), "1 0 ended");
    if (!before) writeFile(life.dir / "data/look", "");
    EXPECT(life.became());
  }
}

// What is there already is waited with, where a monitor was killed.
ROOT_TEST(aMonitorWithoutAPlanOnlyWaits) {
  Again life("exit 1", "a", 1);
  life.plan = make::Plan();
  life.isPlanless = true;
  life.start();
  EXPECT(life.became());
}

ROOT_TEST(whoeverCannotStartItAgainLeavesItToASweep) {
  Again life("exit 1", "a", 1);
  life.afterwards[0] = "/nothere";
  EXPECT(started(life));
  EXPECT_EQ(endOf(life), "1 0 ended");
  EXPECT_EQ(life.ended(), 0);
  EXPECT(exists(life.dir / "run/lock"));
}
