// A monitor by itself: what it is told, tells, writes and leaves.
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "../init/message.h"
#include "../init/spawn.h"
#include "fixture.h"
#include "harness.h"

using namespace fixture;
namespace fs = std::filesystem;
namespace message = tinyrun::message;

namespace {

// A container's directories, its root, and whoever starts its monitor.
struct Life {
  Directory dir;
  make::Plan plan;
  make::Plan undo;
  std::string remove, cgroup;
  int socket = -1, input = -1, output = -1, pidfd = -1, pid = 0;
  std::string frame;   // what was read last: messages point into it

  explicit Life(const std::string& script) : Life(std::vector<std::string>{"sh", "-c", script}) {}
  explicit Life(const std::vector<std::string>& args) {
    makeRoot(dir / "root");
    for (const char* name : {"run", "data", "undone"}) fs::create_directory(dir / name);
    writeFile(dir / "run/state.json", "{}");
    plan = containerIn(dir / "root");
    plan.container(make::dieWithParent{.signal = SIGKILL});
    thenRun(plan, args);
  }
  ~Life() {
    for (const int fd : {socket, input, output, pidfd}) close(fd);
  }

  void start() {
    writeFile(dir / "run/journal.01-start", undo.bytes());
    const int lock = open((dir / "run/lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int sockets[2], in[2], out[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0) std::abort();
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) std::abort();
    const std::string order = orderOf({lock, sockets[1], executable(), in[0], out[1]});
    const int pass[] = {lock, sockets[1], executable(), in[0], out[1]};
    tinyrun::MonitorSpawn spawn;
    spawn.order = order.data(), spawn.size = order.size();
    spawn.executable = executable();
    spawn.pass = pass, spawn.passed = std::size(pass);
    const char* syscall = "";
    pid = tinyrun::spawnMonitor(spawn, pidfd, syscall);
    if (pid < 0) std::fprintf(stderr, "%s: %s\n", syscall, strerrorname_np(-pid));
    socket = sockets[0], input = in[1], output = out[0];
    for (const int fd : {lock, sockets[1], in[0], out[1]}) close(fd);
  }

  // The next message; of kind `stdin` for none.
  message::Frame next() {
    frame.resize(message::kLongest);
    const ssize_t n = recv(socket, frame.data(), frame.size(), 0);
    frame.resize(n < 0 ? 0 : static_cast<size_t>(n));
    message::Frame read;
    message::readFrame(reinterpret_cast<const uint8_t*>(frame.data()), frame.size(), read);
    return read;
  }

  template <class M>
  void tell(const M& m) {
    message::Writer out;
    write(out, m);
    if (send(socket, out.data(), out.size(), MSG_NOSIGNAL) < 0) std::abort();
  }

  std::string rest() {
    std::string text;
    char buffer[4096];
    for (ssize_t n; (n = read(output, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
    return text;
  }

  // Exit status of the monitor itself.
  int ended() {
    int status = 0;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  struct Fds {
    int lock, caller, executable, input, output;
  };
  std::string orderOf(const Fds& fds) {
    make::Writer w;
    w.blob(plan.bytes());
    w.blob(remove);
    for (const std::string& text : {dir / "run", dir / "data", cgroup}) w.text(text);
    for (const int fd : {fds.lock, fds.caller, fds.executable, fds.input, fds.output, fds.output})
      w.word(static_cast<uint32_t>(fd));
    w.word(~0u);
    w.word(tinyrun::kNoSlot);
    const auto size = static_cast<uint32_t>(w.bytes.size());
    std::string head = {16, 0, 0, 0};
    for (int shift = 24; shift >= 0; shift -= 8) head += static_cast<char>(size >> shift);
    return head + w.bytes;
  }
};

bool started(Life& life) {
  life.start();
  message::started m;
  return message::read(life.next(), m) && m.pid > 0 && m.startTime > 0;
}

std::string endOf(Life& life) {
  message::exit m;
  if (!message::read(life.next(), m)) return "no message";
  return std::to_string(m.code) + " " + std::to_string(m.signal) + " " + m.why.data;
}

}  // namespace

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
  Life life("while :; do echo 0123456789012345678901234567890123456789; done & sleep 0.2; kill $!; exit 3");
  EXPECT(started(life));
  life.tell(message::attach{0, 0});   // and never reads
  EXPECT_EQ(endOf(life), "3 0 ended");
  EXPECT_EQ(life.ended(), 0);
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
