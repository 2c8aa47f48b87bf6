// tinyrun-init: the container lane, the monitor and the resolver. A static program without libc, started by the host lane from a sealed memfd as
//
//   tinyrun-init plan FD      FD: the encoded plan (wire.h); its header says where the control socket is
//   tinyrun-init monitor FD   the parent of a container: monitor.cc
//   tinyrun-init resolver CONF   the names of all containers: resolver.cc
//
// It maps the plan, runs the steps of its lane in one pass and becomes the container's program by execve. It allocates
// nothing: its state is in .bss and on the stack, its strings are those of the plan.
//
// Built by scripts/build-init.sh; binding.gyp and CMakeLists.txt use the same flags and native/init/sources.txt.
#include <linux/mman.h>

#include <new>

#include "container.h"
#include "execute.h"
#include "monitor.h"
#include "resolver.h"

namespace tinyrun {

namespace {

alignas(16) unsigned char storage[sizeof(Container)];

[[noreturn]] void refuse(const char* why) {
  // Started by a container, as its program: that is not a set-up that ends (handshake_host.cc).
  sys::prctl(PR_SET_NAME, reinterpret_cast<unsigned long>("tinyrun-init"));
  Text<256> line;
  line.add("tinyrun-init: ").add(why).add("\n");
  sys::write(2, line.c_str(), line.size());
  sys::exit(125);
}

int numberOf(const char* text) {
  int value = 0;
  if (*text == 0) return -1;
  for (; *text != 0; ++text) {
    if (*text < '0' || *text > '9' || value > 1 << 20) return -1;
    value = value * 10 + (*text - '0');
  }
  return value;
}

void mapPlan(int fd, Plan& plan) {
  struct stat st;
  if (fd < 3 || sys::fstat(fd, &st) < 0) refuse("no plan: tinyrun starts this program, people do not");
  const auto size = static_cast<size_t>(st.st_size);
  const long at = sys::mmap(size, PROT_READ, MAP_PRIVATE, fd);
  if (at < 0 && at > -4096) refuse("the plan cannot be mapped");
  PlanFault fault;
  if (!plan.check(reinterpret_cast<const void*>(at), size, fault)) refuse(fault.text);
}

// Node ignores SIGPIPE, a shell may ignore more. Every signal is blocked since before clone, and is still.
void resetSignals() {
  struct {
    unsigned long handler, flags, restorer;
    uint64_t mask;
  } action = {};
  for (int signal = 1; signal <= 64; ++signal)
    if (signal != SIGKILL && signal != SIGSTOP)
      sys::call(__NR_rt_sigaction, signal, &action, nullptr, sizeof action.mask);
}

// The lane's own fds must not reach the program; the preserved ones and stdio have been chosen by the host lane.
void takeFds(Container& lane, const wire::Header& header) {
  sys::closeRange(3 + header.preserved, kNoSlot, CLOSE_RANGE_CLOEXEC);
  lane.control = header.control;
  lane.preserved = header.preserved;
  for (uint32_t i = 0; i < kSlots; ++i) lane.slots[i] = header.fds[i];
  // The host's procfs serves until the container has its own.
  lane.proc = static_cast<int>(sys::openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY));
}

[[noreturn]] void runPlan(int fd) {
  sys::prctl(PR_SET_NAME, reinterpret_cast<unsigned long>(control::kSettingUp));
  resetSignals();
  const uint64_t none = 0;
  sys::sigprocmask(SIG_SETMASK, &none, nullptr);
  Plan plan;
  mapPlan(fd, plan);
  sys::close(fd);
  Container& lane = *new (storage) Container;
  const wire::Header& header = plan.header();
  takeFds(lane, header);
  lane.trace = (header.flags & wire::kTrace) != 0;
  lane.pause = (header.flags & wire::kPause) != 0;
  lane.umask = static_cast<uint32_t>(sys::umask(0));   // modes in the plan are meant as they stand
  Cursor cursor(plan);
  const Result result = execute(lane, cursor);
  if (!result) giveUp(lane, result);
  sys::exit(0);   // a lane without execve: a plan of a lesson or a test
}

// Nothing but SIGKILL ends it: the others stay blocked. Its container lets them through again, as above.
[[noreturn]] void becomeMonitor(int fd) {
  sys::prctl(PR_SET_NAME, reinterpret_cast<unsigned long>("tinyrun-monitor"));
  resetSignals();
  sys::sigprocmask(SIG_SETMASK, &sys::kAllSignals, nullptr);   // who starts it may not have
  runMonitor(fd);
  refuse("no order: tinyrun starts this program, people do not");
}

[[noreturn]] void becomeResolver(const char* conf) {
  sys::prctl(PR_SET_NAME, reinterpret_cast<unsigned long>("tinyrun-names"));
  sys::prctl(PR_SET_DUMPABLE, 0);
  runResolver(conf);
  refuse("no names, or no socket: tinyrun starts this program, people do not");
}

}  // namespace

}  // namespace tinyrun

extern "C" [[noreturn]] void tinyrunStart(const long* stack) {
  const long argc = stack[0];
  const auto argv = reinterpret_cast<const char* const*>(stack + 1);
  if (argc == 3 && tinyrun::equal(argv[1], "plan")) tinyrun::runPlan(tinyrun::numberOf(argv[2]));
  if (argc == 3 && tinyrun::equal(argv[1], "monitor")) tinyrun::becomeMonitor(tinyrun::numberOf(argv[2]));
  if (argc == 3 && tinyrun::equal(argv[1], "resolver")) tinyrun::becomeResolver(argv[2]);
  tinyrun::refuse("usage: tinyrun-init plan FD | monitor FD | resolver CONF");
}
