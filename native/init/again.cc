// What a monitor becomes where its container is to run again: the program of its order, which starts it anew. The lock goes
// along, so that nobody takes the container for abandoned. What may happen again is not decided here: a file of the
// container's directory says it, `restart` (src/engine/again.ts), which `update` changes.
#include "monitor_parts.h"

namespace tinyrun {

namespace {

constexpr const char* kPolicy = "restart";   // its first byte: a(lways), f(ailed)
constexpr const char* kLook = "look";        // somebody wants that it does not wait any longer
constexpr uint32_t kCreated = 0x100, kMovedTo = 0x80;   // inotify(7)
constexpr uint64_t kLongRun = 10'000'000'000ull;
constexpr uint32_t kFirstBackoff = 100;

bool isThere(int dir, const char* name) { return sys::faccessat2(dir, name, 0, 0) == 0; }

// Until somebody looks, or the time is over. What cannot be watched is looked at when it is.
void backOff(const Monitor& monitor, uint64_t nanoseconds) {
  const sys::Fd watch(sys::call(__NR_inotify_init1, O_CLOEXEC | O_NONBLOCK));
  if (!watch.bad()) sys::call(__NR_inotify_add_watch, watch.get(), monitor.order.data.data, kCreated | kMovedTo);
  const uint64_t end = sys::nanoseconds() + nanoseconds;
  for (uint64_t now; !isThere(monitor.dataDir, kLook) && (now = sys::nanoseconds()) < end;) {
    struct __kernel_timespec left = {static_cast<long long>((end - now) / 1000000000ull),
                                     static_cast<long long>((end - now) % 1000000000ull)};
    struct pollfd news = {watch.get(), POLLIN, 0};
    sys::ppoll(&news, watch.bad() ? 0 : 1, &left);
    char events[4096];
    if (!watch.bad()) sys::read(watch.get(), events, sizeof events);
  }
}

// A list of texts as execve wants it; false: there are more than anybody asks for.
template <size_t N>
bool listOf(const Strs& texts, const char* (&list)[N]) {
  if (texts.count >= N) return false;
  size_t n = 0;
  for (const Str text : texts) list[n++] = text.data;
  list[n] = nullptr;
  return true;
}

void giveBackOomScore(const Monitor& monitor) {
  if (monitor.oomScore.size() == 0) return;
  const sys::Fd file(sys::openat(AT_FDCWD, "/proc/self/oom_score_adj", O_WRONLY));
  if (!file.bad()) sys::write(file.get(), monitor.oomScore.c_str(), monitor.oomScore.size());
}

}  // namespace

bool isAgain(const Monitor& monitor) {
  if (monitor.order.afterwards.count == 0) return false;
  const sys::Fd file(sys::openat(monitor.dataDir, kPolicy, O_RDONLY | O_NOFOLLOW));
  char says = 0;
  if (file.bad() || sys::read(file.get(), &says, 1) != 1) return false;
  return says == 'a' || (says == 'f' && monitor.ending.code != 0);
}

void becomeAgain(Monitor& monitor) {
  const message::order& order = monitor.order;
  const char* arguments[16];
  const char* environment[64];
  if (!listOf(order.afterwards, arguments) || !listOf(order.environment, environment)) return;
  const bool ranLong = monitor.since != 0 && monitor.lasted >= kLongRun;
  backOff(monitor, uint64_t{ranLong ? kFirstBackoff : order.backoff} * 1000000ull);
  giveBackOomScore(monitor);
  if (sys::fcntl(order.lock, F_SETFD, 0) < 0) return;
  const uint64_t none = 0;
  sys::sigprocmask(SIG_SETMASK, &none, nullptr);
  sys::execveat(AT_FDCWD, arguments[0], arguments, environment, 0);
}

}  // namespace tinyrun
