#include "fixture.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace fixture {

namespace fs = std::filesystem;

Directory::Directory() {
  const char* parent = std::getenv("TMPDIR");
  path_ = std::string(parent == nullptr ? "/tmp" : parent) + "/tinyrun-native-XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) std::abort();
}
Directory::~Directory() { tinyrun::removeTreeAt(AT_FDCWD, path_.c_str()); }

void makeRoot(const std::string& path) {
  fs::create_directories(path);
  fs::permissions(path, fs::perms(0755));   // users other than root live in it
  for (const char* dir : {"bin", "proc", "dev", "sys", "etc", "tmp"}) fs::create_directories(path + "/" + dir);
  fs::copy_file("/bin/busybox", path + "/bin/busybox");
  for (const char* name : {"sh", "echo", "cat", "true", "ls", "sleep", "id", "test", "kill", "tty", "stat", "grep"})
    fs::create_symlink("busybox", path + "/bin/" + name);
}

void writeFile(const std::string& path, const std::string& text) { std::ofstream(path) << text; }
std::string readFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}
bool exists(const std::string& path) {
  struct stat st;
  return lstat(path.c_str(), &st) == 0;
}

int executable() {
  static const int fd = [] {
    const char* path = std::getenv("TINYRUN_INIT");
    const std::string bytes = readFile(path == nullptr ? "build/Release/tinyrun-init" : path);
    if (bytes.empty()) {
      std::fprintf(stderr, "no tinyrun-init: run scripts/build-init.sh\n");
      std::exit(2);
    }
    return tinyrun::sealedMemfd(bytes.data(), bytes.size());
  }();
  return fd;
}

Run::Run(const make::Plan& plan, tinyrun::MachineOptions options) {
  const std::string bytes = plan.bytes();
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) std::abort();
  pipe_ = ends[0];
  options.stdio[1] = options.stdio[2] = ends[1];
  options.executable = executable();
  options.context = this;
  options.sink = [](void* context, const tinyrun::StepResult& r) {
    static_cast<Run*>(context)->trace.push_back({r.step, r.err, r.ns, r.syscall, r.path});
  };
  tinyrun::PlanFault fault;
  if (!machine.load(bytes.data(), bytes.size(), options, fault)) {
    std::fprintf(stderr, "plan refused: step %u: %s\n", fault.step, fault.text);
    std::abort();
  }
  outcome = machine.run();
  close(ends[1]);
  if (outcome.state == tinyrun::State::done) finish();
}

void Run::finish() {
  char buffer[4096];
  for (ssize_t n; outcome.pid != 0 && (n = read(pipe_, buffer, sizeof buffer)) > 0;)
    output.append(buffer, static_cast<size_t>(n));
  int raw = 0;
  if (outcome.pid == 0 || waitpid(outcome.pid, &raw, 0) != outcome.pid) return;
  status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
}

Run::~Run() {
  if (outcome.state != tinyrun::State::failed && status < 0 && outcome.pid != 0) {
    kill(outcome.pid, SIGKILL);
    waitpid(outcome.pid, nullptr, 0);
  }
  close(pipe_);
}

std::string Run::failure() const {
  if (outcome.state != tinyrun::State::failed) return "";
  return std::string(outcome.failure.syscall) + " " + strerrorname_np(outcome.failure.err) + " " + outcome.failure.path;
}

make::Plan containerIn(const std::string& root, uint64_t flags) {
  constexpr uint32_t kSlaveAll = 1 << 19 | 1 << 14;   // MS_SLAVE | MS_REC
  make::Plan plan;
  plan.host(make::clone{.flags = flags | kNewMount | kNewPid});
  plan.host(make::signalConfigured{});
  plan.container(make::awaitConfigured{});
  plan.container(make::propagateRoot{.flags = kSlaveAll});
  plan.container(make::rootfsBind{.path = root, .recursive = 1});
  return plan;
}

void thenRun(make::Plan& plan, const std::vector<std::string>& args) {
  plan.container(make::pivotRoot{});
  plan.container(make::ready{}).host(make::awaitReady{});
  plan.container(make::findExecutable{.name = args[0], .path = "/bin"});
  plan.container(make::execve{.args = args, .env = {"PATH=/bin"}});
  plan.host(make::awaitExec{});
}

make::Plan withProc(const std::string& root, uint64_t flags) {
  auto plan = containerIn(root, flags);
  plan.container(make::mountFs{.type = "proc", .source = "proc", .target = "/proc", .flags = 4});
  return plan;
}

make::Plan withDev(make::Plan plan) {
  plan.container(make::mountFs{.type = "proc", .source = "proc", .target = "/proc", .flags = 4});
  plan.container(make::mountFs{.type = "tmpfs", .target = "/dev", .options = {"mode=755"}, .flags = 4});
  plan.container(make::makeNode{.path = "/dev/null", .type = S_IFCHR, .mode = 0666, .major = 1, .minor = 3});
  return plan;
}

std::string shell(make::Plan plan, const std::string& script) {
  thenRun(plan, {"sh", "-c", script});
  Run run(plan);
  return run.failure().empty() ? run.output : run.failure();
}

std::string lineOf(const std::string& text, const std::string& key) {
  const size_t at = text.find(key);
  return at == std::string::npos ? "" : text.substr(at, text.find('\n', at) - at);
}

}  // namespace fixture
