// A container under a monitor, and whoever starts that.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "../init/message.h"
#include "../init/spawn.h"
#include "fixture.h"

namespace monitored {

using namespace fixture;
namespace fs = std::filesystem;
namespace message = tinyrun::message;

// A container's directories, its root, and whoever starts its monitor.
struct Life {
  Directory dir;
  make::Plan plan;
  make::Plan undo;
  std::string remove, cgroup, events;
  std::vector<std::string> event, eventsAfter, afterwards, environment;
  uint32_t backoff = 0;
  uint32_t stays = 0, logBytes = 0, logFiles = 0;
  bool isPlanless = false;
  std::string health;
  uint32_t healthSlot = 0, healthEvery = 0, healthTimeout = 0, healthStart = 0, healthStartEvery = 0, healthRetries = 0;
  uint32_t container = tinyrun::kNoSlot;
  std::vector<std::string> actions;
  bool isDetached = false;   // nobody of the caller's types or reads
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
    const Fds fds = {lock, sockets[1], executable(), isDetached ? -1 : in[0], isDetached ? -1 : out[1]};
    const std::string order = orderOf(fds);
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
    w.blob(isPlanless ? std::string() : plan.bytes());
    w.blob(remove);
    for (const std::string& text : {dir / "run", dir / "data", cgroup}) w.text(text);
    for (const int fd : {fds.lock, fds.caller, fds.executable, fds.input, fds.output, fds.output})
      w.word(static_cast<uint32_t>(fd));
    w.word(~0u);
    w.word(tinyrun::kNoSlot);
    w.word(stays);
    w.word(logBytes), w.word(0), w.word(logFiles);
    w.text(events);
    for (const auto* list : {&event, &eventsAfter, &afterwards, &environment}) {
      w.word(static_cast<uint32_t>(list->size()));
      for (const std::string& text : *list) w.text(text);
    }
    w.word(backoff);
    w.blob(health);
    w.word(healthSlot);
    for (const uint32_t time : {healthEvery, healthTimeout, healthStart, healthStartEvery}) w.word(time), w.word(0);
    w.word(healthRetries);
    w.word(container);
    w.word(static_cast<uint32_t>(actions.size()));
    for (const std::string& text : actions) w.text(text);
    const auto size = static_cast<uint32_t>(w.bytes.size());
    std::string head = {16, 0, 0, 0};
    for (int shift = 24; shift >= 0; shift -= 8) head += static_cast<char>(size >> shift);
    return head + w.bytes;
  }
};

inline bool started(Life& life) {
  life.start();
  message::started m;
  return message::read(life.next(), m) && m.pid > 0 && m.startTime > 0;
}

inline std::string endOf(Life& life) {
  message::exit m;
  if (!message::read(life.next(), m)) return "no message";
  return std::to_string(m.code) + " " + std::to_string(m.signal) + " " + m.why.data;
}

}  // namespace monitored
