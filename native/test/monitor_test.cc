// A monitor by itself: what it is told, tells and passes on.
#include <netinet/in.h>
#include <poll.h>
#include <sys/syscall.h>

#include "harness.h"
#include "monitored.h"

using namespace monitored;

ROOT_TEST(aMonitorsContainerFromPlanToUndo) {
  Life life("cat; echo done >&2; exit 5");
  life.undo.host(make::rmdir{.path = life.dir / "undone"}, true);
  EXPECT(started(life));
  EXPECT_EQ(write(life.input, "typed\n", 6), 6);
  close(life.input);
  life.input = -1;
  EXPECT_EQ(life.rest(), "typed\ndone\n");
  EXPECT_EQ(endOf(life), "5 0 ended");
  EXPECT_EQ(life.ended(), 0);
  EXPECT(!exists(life.dir / "run"));
  EXPECT(!exists(life.dir / "undone"));
  const std::string json = readFile(life.dir / "data/exit.json");
  EXPECT(json.rfind("{\"code\":5,\"started\":\"20", 0) == 0);
  EXPECT(json.find("Z\",\"why\":\"ended\"}\n") != std::string::npos);
  EXPECT_EQ(std::distance(fs::directory_iterator(life.dir / "data"), fs::directory_iterator()), 1);
}

ROOT_TEST(aMonitorWithoutItsCaller) {
  Life life("i=0; while [ $i -lt 3000 ]; do echo 0123456789012345678901234567890123456789; i=$((i+1)); done; exit 9");
  EXPECT(started(life));
  for (int* fd : {&life.socket, &life.input, &life.output}) close(*fd), *fd = -1;
  EXPECT_EQ(life.ended(), 0);   // the program was not stopped by a pipe that nobody reads, nor ended by SIGPIPE
  EXPECT(readFile(life.dir / "data/exit.json").rfind("{\"code\":9,", 0) == 0);
  EXPECT(!exists(life.dir / "run"));
}

ROOT_TEST(aMonitorDrainsBeforeItTells) {
  Life life("i=0; while [ $i -lt 1000 ]; do echo 0123456789; i=$((i+1)); done");
  EXPECT(started(life));
  siginfo_t info;
  EXPECT(waitid(static_cast<idtype_t>(P_PID), static_cast<id_t>(life.pid), &info, WEXITED | WNOWAIT | WNOHANG) == 0);
  EXPECT_EQ(life.rest().size(), 11000u);
  EXPECT_EQ(endOf(life), "0 0 ended");
  EXPECT_EQ(life.ended(), 0);
}

ROOT_TEST(whoWantsNoOutputHoldsNobodyUp) {
  for (const uint32_t files : {0u, 3u}) {   // spliced, or written down first
    Life life("while :; do echo 0123456789012345678901234567890123456789; done & sleep 0.2; kill $!; exit 3");
    life.logBytes = 100'000, life.logFiles = files;
    EXPECT(started(life));
    life.tell(message::attach{0, 0});   // and never reads
    EXPECT_EQ(endOf(life), "3 0 ended");
    EXPECT_EQ(life.ended(), 0);
    EXPECT_EQ(exists(life.dir / "data/json.log"), files != 0);
  }
}

ROOT_TEST(inputIsClosedOnDemand) {
  Life life("cat; echo end");
  EXPECT(started(life));
  life.tell(message::closeStdin{});
  EXPECT_EQ(life.rest(), "end\n");
  EXPECT_EQ(endOf(life), "0 0 ended");
  life.ended();
}

ROOT_TEST(whoSendsWhatIsNoMessageIsHeardNoMore) {
  for (const std::string& bytes : {std::string("x"), std::string(4000, '\0'), std::string("\x20\0\0\0\0\0\0\0", 8)}) {
    Life life("sleep 0.1; exit 4");
    EXPECT(started(life));
    EXPECT(send(life.socket, bytes.data(), bytes.size(), 0) > 0);
    EXPECT_EQ(life.ended(), 0);
    EXPECT(readFile(life.dir / "data/exit.json").rfind("{\"code\":4,", 0) == 0);
  }
}

ROOT_TEST(whoKillsTheMonitorKillsTheContainer) {
  Life life("echo up; exec sleep 100");
  EXPECT(started(life));
  message::started m;
  EXPECT(message::read(message::Frame{message::Kind::started, reinterpret_cast<const uint8_t*>(life.frame.data()) + 8, 12}, m));
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, m.pid, 0));
  EXPECT_EQ(kill(life.pid, SIGTERM), 0);   // minded by nobody
  kill(life.pid, SIGKILL);
  EXPECT_EQ(life.ended(), 137);
  struct pollfd end = {pidfd, POLLIN, 0};
  EXPECT_EQ(poll(&end, 1, 10000), 1);
  close(pidfd);
  EXPECT(exists(life.dir / "run/journal.01-start"));
}

ROOT_TEST(aMonitorHasNothingOfItsCallersOpen) {
  const int leaky = open("/usr", O_RDONLY);   // not close-on-exec: another library's, say
  Life life("read line");
  EXPECT(started(life));
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(life.pid) + "/fd")) {
    std::error_code gone;
    EXPECT(fs::read_symlink(entry.path(), gone) != "/usr");
  }
  close(leaky);
  life.tell(message::closeStdin{});
  EXPECT_EQ(endOf(life), "1 0 ended");
  life.ended();
}

ROOT_TEST(anOrderThatIsNone) {
  int pidfd = -1;
  const char* syscall = "";
  tinyrun::MonitorSpawn spawn;
  spawn.executable = executable();
  spawn.order = "x", spawn.size = 1;
  const int pid = tinyrun::spawnMonitor(spawn, pidfd, syscall);
  int status = 0;
  EXPECT(pid > 0 && waitpid(pid, &status, 0) == pid);
  EXPECT_EQ(WEXITSTATUS(status), 125);
  close(pidfd);
  const int low = 2;
  spawn.pass = &low, spawn.passed = 1;
  EXPECT_EQ(tinyrun::spawnMonitor(spawn, pidfd, syscall), -EBADF);
  const int closed = 900;
  spawn.pass = &closed;
  EXPECT_EQ(tinyrun::spawnMonitor(spawn, pidfd, syscall), -EBADF);
  EXPECT_EQ(std::string(syscall), "fcntl");
}

// Published ports are bound from before there is a container until its monitor has taken all of it back, and by it alone.
ROOT_TEST(aMonitorHoldsPorts) {
  sockaddr_in any{};
  any.sin_family = AF_INET;
  const int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  socklen_t size = sizeof any;
  EXPECT(bind(probe, reinterpret_cast<sockaddr*>(&any), size) == 0);
  EXPECT(getsockname(probe, reinterpret_cast<sockaddr*>(&any), &size) == 0);
  close(probe);
  const make::reserve step{.protocol = IPPROTO_TCP, .address = {reinterpret_cast<const char*>(&any), sizeof any}, .slot = 9};
  Life life("ls -l /proc/self/fd; read line");
  make::Plan plan;
  plan.host(step);
  plan.append(life.plan);
  life.plan = plan;
  EXPECT(started(life));
  EXPECT_EQ(failureOf(step), "bind EADDRINUSE ");
  EXPECT_EQ(write(life.input, "\n", 1), 1);
  EXPECT(life.rest().find("socket:") == std::string::npos);
  EXPECT_EQ(endOf(life), "0 0 ended");
  EXPECT_EQ(life.ended(), 0);
  EXPECT_EQ(failureOf(step), "");
}
