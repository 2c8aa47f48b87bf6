// Pseudo-terminals, window sizes and raw mode. What makeRaw() changed is put back at any exit(3), at exitNow() and by
// the signals that end a process; only SIGKILL leaves a terminal raw, which no process can prevent for itself.
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>

#include "bind.h"
#include "open.h"
#include "terminal.h"

namespace tinyrun {
namespace {

struct RawTerminal {
  std::atomic<bool> active{false};
  int fd = -1;
  termios saved{};
};

// Fixed storage: a signal handler walks it.
std::array<RawTerminal, 8> raw;

constexpr std::array kEnding{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2, SIGPIPE};
constexpr std::array kCrashing{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS};
std::array<struct sigaction, 65> previous;

// Whether the process will not survive: nobody handles the signal, or a handler for one last time (as Node's own for
// SIGINT and SIGTERM, which exits). A handler of the program's own keeps the terminal as it is.
bool ends(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) == 0 ? action.sa_handler == SIG_DFL || (action.sa_flags & SA_RESETHAND) != 0
                                             : (action.sa_flags & SA_RESETHAND) != 0;
}

void passOn(const struct sigaction& action, int signal, siginfo_t* info, void* context) {
  if ((action.sa_flags & SA_SIGINFO) != 0) return action.sa_sigaction(signal, info, context);
  if (action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL) action.sa_handler(signal);
}

void onEnding(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  const struct sigaction& before = previous[static_cast<size_t>(signal)];
  if (ends(before)) {
    restoreTerminals();
    sigaction(signal, &before, nullptr);
    raise(signal);  // delivered when this handler returns: the signal is blocked meanwhile
  } else {
    passOn(before, signal, info, context);
  }
  errno = error;
}

// A fault comes again on return and meets the handler from before, with its own siginfo.
void onCrashing(int signal, siginfo_t* info, void*) {
  restoreTerminals();
  sigaction(signal, &previous[static_cast<size_t>(signal)], nullptr);
  if (info->si_code <= 0) raise(signal);  // sent by kill(2) or abort(3): it does not come again by itself
}

template <size_t N>
void install(const std::array<int, N>& signals, void (*handler)(int, siginfo_t*, void*)) {
  for (const int signal : signals) {
    struct sigaction& before = previous[static_cast<size_t>(signal)];
    sigaction(signal, nullptr, &before);
    if ((before.sa_flags & SA_SIGINFO) == 0 && before.sa_handler == SIG_IGN) continue;
    struct sigaction action{};
    action.sa_sigaction = handler;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    sigfillset(&action.sa_mask);
    sigaction(signal, &action, nullptr);
  }
}

void guardOnce() {
  static const bool installed = [] {
    atexit(restoreTerminals);
    install(kEnding, onEnding);
    install(kCrashing, onCrashing);
    return true;
  }();
  static_cast<void>(installed);
}

// In the background, changing a terminal stops the process by SIGTTOU; blocked, the change is simply made.
int setTermios(int fd, const termios& settings) {
  sigset_t block, before;
  sigemptyset(&block);
  sigaddset(&block, SIGTTOU);
  pthread_sigmask(SIG_BLOCK, &block, &before);
  const int result = tcsetattr(fd, TCSADRAIN, &settings);
  const int error = errno;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return result;
}

void remember(Fd fd, const termios& saved) {
  for (auto& terminal : raw)
    if (terminal.active && terminal.fd == fd) return;  // raw already: the first settings are the ones to restore
  for (auto& terminal : raw) {
    if (terminal.active) continue;
    terminal.fd = fd;
    terminal.saved = saved;
    terminal.active = true;
    return;
  }
  throw SyscallFailure{"tcsetattr", EMFILE, std::to_string(fd), ""};
}

void forget(Fd fd) {
  for (auto& terminal : raw)
    if (terminal.fd == fd) terminal.active = false;
}

Napi::Value openpty(Napi::Env env, std::optional<Options> size) {
  UniqueFd master(check(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC), "open", "/dev/ptmx"));
  check(unlockpt(master.get()), "ioctl", "/dev/ptmx", "TIOCSPTLCK");
  // TIOCGPTPEER opens the other end without its name, which in another mount namespace may mean another file.
  UniqueFd slave(check(ioctl(master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC), "ioctl", "/dev/ptmx", "TIOCGPTPEER"));
  if (size) {
    winsize window{};
    window.ws_row = static_cast<uint16_t>(size->get<uint32_t>("rows"));
    window.ws_col = static_cast<uint16_t>(size->get<uint32_t>("columns"));
    check(ioctl(master.get(), TIOCSWINSZ, &window), "ioctl", "/dev/ptmx", "TIOCSWINSZ");
  }
  char name[64];
  if (const int error = ptsname_r(master.get(), name, sizeof name)) throw SyscallFailure{"ioctl", error, "/dev/ptmx", "TIOCGPTN"};
  return Record(env).set("master", master.release()).set("slave", slave.release()).set("name", name);
}

Napi::Value getWinsize(Napi::Env env, Fd fd) {
  winsize window{};
  if (ioctl(fd, TIOCGWINSZ, &window) == -1) {
    if (errno == ENOTTY) return env.Undefined();
    throw SyscallFailure{"ioctl", errno, std::to_string(fd), "TIOCGWINSZ"};
  }
  return Record(env)
      .set("rows", static_cast<int>(window.ws_row))
      .set("columns", static_cast<int>(window.ws_col));
}

void setWinsize(Fd fd, uint32_t rows, uint32_t columns) {
  winsize window{};
  window.ws_row = static_cast<uint16_t>(rows);
  window.ws_col = static_cast<uint16_t>(columns);
  check(ioctl(fd, TIOCSWINSZ, &window), "ioctl", std::to_string(fd), "TIOCSWINSZ");
}

termios settingsOf(Fd fd) {
  termios settings;
  check(tcgetattr(fd, &settings), "tcgetattr", std::to_string(fd));
  return settings;
}

std::vector<uint8_t> toBytes(const termios& settings) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(&settings);
  return {bytes, bytes + sizeof settings};
}

std::vector<uint8_t> getTermios(Fd fd) { return toBytes(settingsOf(fd)); }

// `output`: what is printed is processed as before, \n made \r\n.
std::vector<uint8_t> makeRaw(Fd fd, std::optional<bool> output) {
  const termios saved = settingsOf(fd);
  guardOnce();
  remember(fd, saved);
  termios changed = saved;
  cfmakeraw(&changed);
  if (output.value_or(false)) changed.c_oflag = saved.c_oflag;
  if (setTermios(fd, changed) == -1) {
    const int error = errno;
    forget(fd);
    throw SyscallFailure{"tcsetattr", error, std::to_string(fd), ""};
  }
  return toBytes(saved);
}

void restoreTermios(Fd fd, Bytes saved) {
  termios settings;
  if (saved.size != sizeof settings) throw ArgumentError{ArgumentError::kRange, 2, "must come from makeRaw"};
  std::memcpy(&settings, saved.data, sizeof settings);
  check(setTermios(fd, settings), "tcsetattr", std::to_string(fd));
  forget(fd);
}

bool isatty(Fd fd) { return ::isatty(fd) == 1; }

}  // namespace

void restoreTerminals() {
  for (auto& terminal : raw)
    if (terminal.active.exchange(false)) setTermios(terminal.fd, terminal.saved);
}

void exportTty(Exports& out) {
  out.insert(out.end(), {bind<&openpty>("openpty"), bind<&getWinsize>("getWinsize"), bind<&setWinsize>("setWinsize"),
                         bind<&getTermios>("getTermios"), bind<&makeRaw>("makeRaw"), bind<&restoreTermios>("restoreTermios"), bind<&isatty>("isatty")});
}

}  // namespace tinyrun
