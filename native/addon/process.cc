// Processes, by pidfd. clone() is in clone.cc: it is a plan, too.
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cstdio>
#include <optional>

#include "bind.h"
#include "open.h"
#include "terminal.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

namespace tinyrun {
namespace {

std::string namespaceNames(uint64_t flags) {
  return flagNames(flags, {{CLONE_NEWUSER, "CLONE_NEWUSER"},
                           {CLONE_NEWPID, "CLONE_NEWPID"},
                           {CLONE_NEWNS, "CLONE_NEWNS"},
                           {CLONE_NEWNET, "CLONE_NEWNET"},
                           {CLONE_NEWUTS, "CLONE_NEWUTS"},
                           {CLONE_NEWIPC, "CLONE_NEWIPC"},
                           {CLONE_NEWCGROUP, "CLONE_NEWCGROUP"},
                           {CLONE_NEWTIME, "CLONE_NEWTIME"}});
}

void unshare(Flags flags) { check(::unshare(flags.i32()), "unshare", "", namespaceNames(flags)); }

void setns(Fd fd, Flags flags) { check(::setns(fd, flags.i32()), "setns", std::to_string(fd), namespaceNames(flags)); }

Fd pidfdOpen(int pid, std::optional<Flags> flags) {
  return static_cast<Fd>(check(syscall(SYS_pidfd_open, pid, flags ? flags->u32() : 0), "pidfd_open", std::to_string(pid)));
}

void pidfdSendSignal(Fd pidfd, int signal) {
  check(syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0), "pidfd_send_signal", std::to_string(pidfd),
        sigabbrev_np(signal) != nullptr ? std::string("SIG") + sigabbrev_np(signal) : std::to_string(signal));
}

int prctl(int option, std::optional<Flags> a2, std::optional<Flags> a3, std::optional<Flags> a4, std::optional<Flags> a5) {
  auto word = [](const std::optional<Flags>& flags) { return flags ? static_cast<unsigned long>(flags->bits) : 0; };
  return check(::prctl(option, word(a2), word(a3), word(a4), word(a5)), "prctl", std::to_string(option));
}

// Of this thread, where Node's handlers run: `node --disable-sigusr1` keeps that one blocked for good.
void unblockSignal(int signal) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  if (const int error = pthread_sigmask(SIG_UNBLOCK, &set, nullptr)) throw SyscallFailure{"rt_sigprocmask", error, std::to_string(signal), ""};
}

int getpid() { return ::getpid(); }

// _exit(2): the kernel frees all that V8 would take milliseconds to tear down. Terminals are put back first, since
// atexit(3) handlers do not run.
void exitNow(int code) {
  restoreTerminals();
  std::fflush(nullptr);
  ::_exit(code);
}

// One watched pidfd: libuv polls it, and its promise keeps the event loop alive until the process has ended, unless that
// is forgotten.
// It polls a duplicate: libuv refuses to watch one fd twice, and the caller may close its own.
class PidfdWatch {
 public:
  static Napi::Value start(Napi::Env env, Fd pidfd, bool reap, bool isPidfd = true) {
    auto* watch = open(env, pidfd, reap, isPidfd);
    watch->deferred_.emplace(env);
    return watch->deferred_->Promise();
  }

  // A child is reaped when it ends, which nobody waits for: nor does the event loop, and no JavaScript is called, since that
  // may be when there is none any more, at the end of this process.
  static void forget(Napi::Env env, Fd pidfd) {
    auto* watch = open(env, pidfd, true, true);
    uv_unref(reinterpret_cast<uv_handle_t*>(&watch->poll_));
  }

 private:
  static PidfdWatch* open(Napi::Env env, Fd pidfd, bool reap, bool isPidfd) {
    uv_loop_t* loop = nullptr;
    if (napi_get_uv_event_loop(env, &loop) != napi_ok) throw Napi::Error::New(env);
    UniqueFd copy(check(fcntl(pidfd, F_DUPFD_CLOEXEC, 3), "fcntl", std::to_string(pidfd), "F_DUPFD_CLOEXEC"));
    if (isPidfd) requirePidfd(copy.get());
    auto* watch = new PidfdWatch(env, std::move(copy), reap);
    const int error = uv_poll_init(loop, &watch->poll_, watch->fd_.get());
    if (error != 0) {
      delete watch;
      throw SyscallFailure{"epoll_ctl", -error, std::to_string(pidfd), ""};
    }
    watch->poll_.data = watch;
    uv_poll_start(&watch->poll_, UV_READABLE, onReady);
    napi_add_async_cleanup_hook(env, onTeardown, watch, &watch->hook_);
    return watch;
  }

  PidfdWatch(Napi::Env env, UniqueFd fd, bool reap) : env_(env), fd_(std::move(fd)), reap_(reap) {}

  // Signal 0 is checked for permission and sent nowhere; EBADF tells a fd that is no pidfd. One whose process has
  // been reaped says ESRCH and still polls as ended.
  static void requirePidfd(Fd fd) {
    if (syscall(SYS_pidfd_send_signal, fd, 0, nullptr, 0) == -1 && errno == EBADF)
      throw SyscallFailure{"pidfd_send_signal", EBADF, std::to_string(fd), "not a pidfd"};
  }

  static void onReady(uv_poll_t* poll, int status, int) {
    auto* watch = static_cast<PidfdWatch*>(poll->data);
    uv_poll_stop(poll);
    if (!watch->deferred_) {
      siginfo_t info{};
      // another may have
      static_cast<void>(watch->reap(info));
    } else {
      Napi::HandleScope scope(watch->env_);
      // Resolving from a libuv callback: the callback scope runs the microtasks that wait for it.
      Napi::AsyncContext context(watch->env_, "tinyrun.pidfd");
      Napi::CallbackScope callback(watch->env_, context);
      watch->settle(status);
    }
    uv_close(reinterpret_cast<uv_handle_t*>(poll), onClosed);
  }

  void settle(int status) {
    if (status < 0) return reject({"epoll_wait", -status, "", ""});
    if (!reap_) return deferred_->Resolve(env_.Undefined());
    siginfo_t info{};
    if (reap(info) == -1)
      return reject({"waitid", errno, std::to_string(fd_.get()), "P_PIDFD"});
    const bool exited = info.si_code == CLD_EXITED;
    deferred_->Resolve(Record(env_)
                          .set("kind", exited ? "exited" : "signaled")
                          .set("code", exited ? info.si_status : 128 + info.si_status)
                          .set("status", static_cast<int>(info.si_status))
                          .object());
  }

  long reap(siginfo_t& info) {
    return retry([&] { return syscall(SYS_waitid, P_PIDFD, fd_.get(), &info, WEXITED, nullptr); });
  }

  void reject(const SyscallFailure& failure) { deferred_->Reject(syscallError(env_, failure).Value()); }

  // A worker thread that ends with a wait still pending: its loop must not be left with our handle.
  static void onTeardown(napi_async_cleanup_hook_handle, void* data) {
    auto* watch = static_cast<PidfdWatch*>(data);
    auto* handle = reinterpret_cast<uv_handle_t*>(&watch->poll_);
    if (!uv_is_closing(handle)) uv_close(handle, onClosed);
  }

  static void onClosed(uv_handle_t* handle) {
    auto* watch = static_cast<PidfdWatch*>(handle->data);
    napi_remove_async_cleanup_hook(watch->hook_);
    delete watch;
  }

  Napi::Env env_;
  // Where somebody waits.
  std::optional<Napi::Promise::Deferred> deferred_;
  UniqueFd fd_;
  bool reap_;
  uv_poll_t poll_{};
  napi_async_cleanup_hook_handle hook_ = nullptr;
};

Napi::Value waitPidfd(Napi::Env env, Fd pidfd) { return PidfdWatch::start(env, pidfd, true); }
void forgetPidfd(Napi::Env env, Fd pidfd) { PidfdWatch::forget(env, pidfd); }
Napi::Value pollPidfd(Napi::Env env, Fd pidfd) { return PidfdWatch::start(env, pidfd, false); }
// A socket that has something to be read, or whose other end has gone.
Napi::Value pollSocket(Napi::Env env, Fd socket) { return PidfdWatch::start(env, socket, false, false); }

}  // namespace

void exportProcess(Exports& out) {
  out.insert(out.end(), {bind<&unshare>("unshare"), bind<&setns>("setns"), bind<&pidfdOpen>("pidfdOpen"),
                         bind<&pidfdSendSignal>("pidfdSendSignal"), bind<&unblockSignal>("unblockSignal"), bind<&waitPidfd>("waitPidfd"),
                         bind<&forgetPidfd>("forgetPidfd"),
                         bind<&pollPidfd>("pollPidfd"), bind<&pollSocket>("pollSocket"), bind<&prctl>("prctl"), bind<&getpid>("getpid"),
                         bind<&exitNow>("exitNow")});
}

}  // namespace tinyrun
