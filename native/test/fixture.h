// What the tests that run real containers share: a busybox root in a temporary directory, a machine with its outcome.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../init/machine.h"
#include "encode.h"

namespace fixture {

// Removed, with everything in it, at the end of the block.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// A root file system: bin/busybox and its links sh, echo, …, and the empty directories proc, dev, sys, etc, tmp.
void makeRoot(const std::string& path);
void writeFile(const std::string& path, const std::string& text);
std::string readFile(const std::string& path);
bool exists(const std::string& path);

struct Traced {
  uint32_t step;
  int err;
  uint64_t ns;
  std::string syscall, path;
};

// One run of a plan, with the container's standard output and error caught.
struct Run {
  tinyrun::Machine machine;
  tinyrun::Outcome outcome;
  std::vector<Traced> trace;
  std::string output;
  int status = -1;   // exit status of the container's process, 128+n for a signal; -1 when there was none

  // Runs the plan; when the outcome is done, waits for the container and reads what it printed.
  explicit Run(const make::Plan& plan, tinyrun::MachineOptions options = {});
  ~Run();
  void finish();
  std::string failure() const;   // "openat2 ENOENT /x" or ""

 private:
  int pipe_ = -1;
};

// What one step of the host lane by itself fails with, "" where it does not.
template <class S>
std::string failureOf(const S& step) {
  make::Plan plan;
  plan.host(step);
  return Run(plan).failure();
}

// fd of the tinyrun-init under test (TINYRUN_INIT, else build/Release/tinyrun-init).
int executable();

// The steps most containers begin with: clone with these namespaces up to the root being `root`; and those they end
// with: pivot, ready, execve of `args`.
make::Plan containerIn(const std::string& root, uint64_t flags = 0);
void thenRun(make::Plan& plan, const std::vector<std::string>& args);
make::Plan withProc(const std::string& root, uint64_t flags = 0);   // containerIn, and a procfs
make::Plan withDev(make::Plan plan);                                // a procfs, a tmpfs on /dev, /dev/null
// What a script in a container made by the plan prints, or the plan's failure.
std::string shell(make::Plan plan, const std::string& script);
// The line of a text that begins with key, "" where there is none.
std::string lineOf(const std::string& text, const std::string& key);
inline constexpr uint64_t kNewMount = 0x00020000, kNewPid = 0x20000000, kNewUts = 0x04000000, kNewIpc = 0x08000000,
                          kNewNet = 0x40000000, kNewUser = 0x10000000, kNewCgroup = 0x02000000;

}  // namespace fixture
