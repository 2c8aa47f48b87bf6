// A container's standard streams are its own: it never holds a file, a terminal or a pipe of its caller's, which it could
// open anew by /proc/self/fd/N with rights the caller did not give. It gets pipes; threads copy between them and the
// caller's fds, one for each direction so that none waits for another:
//
//   caller's 0 ──→ thread ──→ pipe ──→ 0 of the container      without input: a pipe that has ended
//   caller's 1 ←── thread ←── pipe ←── 1
//   caller's 2 ←── thread ←── pipe ←── 2                       one pipe for 1 and 2 where they go to the same place, so
//                                                              that what is written to both keeps its order
//
// A thread waits in poll(2), then has splice(2) move what is there; where a file knows no splice (EINVAL: a terminal, a
// file opened with O_APPEND) it reads and writes. Nothing else is kept: who reads slowly makes the program wait, as a
// pipe of the caller's own would. Ends:
//
//   the input ends, the program's end closes     the thread closes the pipe: end of file, EPIPE
//   nobody reads what the caller prints (EPIPE)  the same: the program gets SIGPIPE, as without us
//   any other failure of the caller's file       the same, and finish() tells it
//   finish(): the container has ended            outputs move what lies in their pipe, and no more: a process elsewhere
//                                                that was given the pipe holds nobody up; the input stops
//
// The threads have their own copies of the fds and are detached: one that is stuck in a write to a stopped terminal
// neither keeps the process from ending nor touches what is closed.
#include <fcntl.h>
#include <linux/kcmp.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "bind.h"
#include "open.h"

namespace tinyrun {
namespace {

constexpr size_t kPiece = 65536;
constexpr int kManyPieces = 16 * kPiece;
// A short program's output has been copied long before: worth no thread of libuv's.
constexpr std::chrono::milliseconds kSoon{50};

// What the threads of one container share with finish().
struct Shared {
  UniqueFd ended;   // an eventfd: readable from finish() on
  std::mutex mutex;
  std::condition_variable left;
  int outputs = 0;  // threads that still copy output
  int failed = 0;   // the first errno, but for EPIPE, and which of the caller's fds it was
  int stream = 0;

  bool wait(std::optional<std::chrono::milliseconds> limit) {
    std::unique_lock lock(mutex);
    const auto none = [this] { return outputs == 0; };
    if (limit) return left.wait_for(lock, *limit, none);
    left.wait(lock, none);
    return true;
  }
};

// From one fd to another. 0: the end of the input; negative: an errno, EAGAIN to look again; otherwise bytes.
class Copy {
 public:
  Copy(UniqueFd from, UniqueFd to, std::shared_ptr<Shared> shared)
      : from_(std::move(from)), to_(std::move(to)), shared_(std::move(shared)) {}

  // As far as the container writes, or finish() lets it.
  int output() {
    for (;;) {
      pollfd fds[] = {{from_.get(), POLLIN, 0}, {shared_->ended.get(), POLLIN, 0}};
      if (wait(fds, 2) && fds[1].revents != 0) return drain();
      const ssize_t n = move(kManyPieces);
      if (n <= 0 && n != -EAGAIN) return static_cast<int>(n);
      if (n >= static_cast<ssize_t>(kPiece)) grow();
    }
  }

  // As long as there is input and somebody may read it.
  int input() {
    isInput_ = true;
    const bool terminal = isatty(from_.get()) == 1;
    for (;;) {
      // Asks for nothing and is given that, but a job in the background stops here (SIGTTIN) like all that read a terminal.
      if (terminal && ::read(from_.get(), buffer_, 0) == -1) return -errno;
      pollfd fds[] = {{from_.get(), POLLIN, 0}, {to_.get(), 0, 0}, {shared_->ended.get(), POLLIN, 0}};
      if (!wait(fds, 3)) continue;
      if (fds[1].revents != 0 || fds[2].revents != 0) return 0;
      if (const ssize_t n = move(kPiece); n <= 0 && n != -EAGAIN) return static_cast<int>(n);
    }
  }

 private:
  static bool wait(pollfd* fds, nfds_t count) { return poll(fds, count, -1) > 0; }

  int drain() {
    for (int left = lying(); left > 0;) {
      const ssize_t n = move(static_cast<size_t>(left));
      if (n > 0) left -= static_cast<int>(n);
      else if (n != -EAGAIN) return static_cast<int>(n);
      else left = std::min(left, lying());   // others may read the pipe, too
    }
    return 0;
  }

  // Who writes much is not made to wait for us at each piece. May be refused: the size of all pipes has a limit.
  void grow() {
    if (!std::exchange(grown_, true)) fcntl(from_.get(), F_SETPIPE_SZ, kManyPieces);
  }

  int lying() const {
    int size = 0;
    return ioctl(from_.get(), FIONREAD, &size) == -1 ? 0 : size;
  }

  ssize_t move(size_t most) {
    while (!plain_) {
      const ssize_t n = splice(from_.get(), nullptr, to_.get(), nullptr, most, SPLICE_F_NONBLOCK);
      if (n >= 0) return n;
      if (errno == EINVAL) plain_ = true;
      else if (errno == EAGAIN) return room() ? -EAGAIN : 0;
      else if (errno != EINTR) return -errno;
    }
    const ssize_t n = ::read(from_.get(), buffer_, std::min(most, kPiece));
    if (n > 0) return write(static_cast<size_t>(n));
    return n == 0 ? 0 : errno == EINTR ? -EAGAIN : -errno;
  }

  ssize_t write(size_t size) {
    for (size_t done = 0; done < size;) {
      const ssize_t n = ::write(to_.get(), buffer_ + done, size - done);
      if (n >= 0) done += static_cast<size_t>(n);
      else if (errno == EAGAIN) { if (!room()) return 0; }
      else if (errno != EINTR) return -errno;
    }
    return static_cast<ssize_t>(size);
  }

  // Waits until there may be room again; false where that has no sense any more: input of a container that has ended.
  bool room() {
    pollfd fds[] = {{to_.get(), POLLOUT, 0}, {shared_->ended.get(), POLLIN, 0}};
    wait(fds, isInput_ ? 2 : 1);
    return !isInput_ || fds[1].revents == 0;
  }

  UniqueFd from_;
  UniqueFd to_;
  std::shared_ptr<Shared> shared_;
  bool plain_ = false;
  bool isInput_ = false;
  bool grown_ = false;
  char buffer_[kPiece];
};

struct Pipe {
  UniqueFd read{};
  UniqueFd write{};
};

Pipe makePipe() {
  int fds[2];
  check(pipe2(fds, O_CLOEXEC), "pipe2");
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

UniqueFd copyOf(Fd fd) { return UniqueFd(check(fcntl(fd, F_DUPFD_CLOEXEC, 3), "fcntl", std::to_string(fd), "F_DUPFD_CLOEXEC")); }

// One terminal, pipe or socket, or one opening of one file: two openings have each a place of their own to write at.
bool sameSink(Fd a, Fd b) {
  struct stat x, y;
  if (fstat(a, &x) == -1 || fstat(b, &y) == -1 || x.st_dev != y.st_dev || x.st_ino != y.st_ino) return false;
  if ((fcntl(a, F_GETFL) & O_ACCMODE) != (fcntl(b, F_GETFL) & O_ACCMODE)) return false;
  if (!S_ISREG(x.st_mode)) return true;
  const auto self = getpid();
  return syscall(SYS_kcmp, self, self, KCMP_FILE, a, b) == 0;
}

// A thread that takes no signals but those that stop who uses a terminal from the background.
template <class Body>
void startThread(Body body) {
  sigset_t blocked, before;
  sigfillset(&blocked);
  for (const int stops : {SIGTTIN, SIGTTOU}) sigdelset(&blocked, stops);
  pthread_sigmask(SIG_SETMASK, &blocked, &before);
  std::thread(std::move(body)).detach();
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

class Streams {
 public:
  Streams(std::optional<Fd> input, Fd output, Fd errors, std::optional<uint32_t> owner)
      : shared_(std::make_shared<Shared>()), sinks_{output, errors} {
    shared_->ended = UniqueFd(check(eventfd(0, EFD_CLOEXEC), "eventfd"));
    in_ = makePipe();
    if (input) {
      source_ = copyOf(*input);
      // of this end alone: input that finds no room waits where finish() can call it off
      check(fcntl(in_.write.get(), F_SETFL, O_NONBLOCK), "fcntl", "", "F_SETFL");
    } else {
      in_.write = UniqueFd();
    }
    for (int i = sameSink(output, errors) ? 1 : 0; i < 2; ++i) {
      outs_.push_back(makePipe());
      // of our end alone: the program, or whom it gives the pipe to, may read it before us
      check(fcntl(outs_.back().read.get(), F_SETFL, O_NONBLOCK), "fcntl", "", "F_SETFL");
    }
    if (owner) give(*owner);
  }

  std::vector<Fd> stdio() const { return {in_.read.get(), outs_.front().write.get(), outs_.back().write.get()}; }

  // The container has the ends that are its own.
  void start() {
    in_.read = UniqueFd();
    if (source_.get() >= 0) {
      auto copy = std::make_unique<Copy>(std::move(source_), std::move(in_.write), shared_);
      startThread([copy = std::move(copy)] { copy->input(); });
    }
    for (size_t i = 0; i < outs_.size(); ++i) {
      outs_[i].write = UniqueFd();
      ++shared_->outputs;
      auto copy = std::make_unique<Copy>(std::move(outs_[i].read), copyOf(sinks_[i]), shared_);
      startThread([copy = std::move(copy), shared = shared_, stream = static_cast<int>(i) + 1]() mutable {
        const int result = copy->output();
        copy.reset();   // before anybody is told: the pipe and the caller's file are closed
        const std::lock_guard lock(shared->mutex);
        if (result < 0 && result != -EPIPE && shared->failed == 0) shared->failed = -result, shared->stream = stream;
        --shared->outputs;
        shared->left.notify_all();
      });
    }
  }

  Napi::Value finish(Napi::Env env);

  // Without a container: what start() has not given to a thread is closed.
  void drop() {
    in_ = Pipe{};
    outs_.clear();
    source_ = UniqueFd();
  }

 private:
  void give(uint32_t owner) {
    check(fchown(in_.read.get(), owner, static_cast<gid_t>(-1)), "fchown", "pipe");
    for (const Pipe& out : outs_) check(fchown(out.write.get(), owner, static_cast<gid_t>(-1)), "fchown", "pipe");
  }

  std::shared_ptr<Shared> shared_;
  Pipe in_;
  std::vector<Pipe> outs_;
  UniqueFd source_;
  Fd sinks_[2];
};

// Waits on a thread of the pool for readers that are in no hurry.
class FinishWorker : public Napi::AsyncWorker {
 public:
  FinishWorker(Napi::Env env, std::shared_ptr<Shared> shared)
      : Napi::AsyncWorker(env, "tinyrun.streams"), deferred_(env), shared_(std::move(shared)) {}
  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override { shared_->wait(std::nullopt); }
  void OnOK() override { settle(Env(), deferred_, *shared_); }

 public:
  static void settle(Napi::Env env, const Napi::Promise::Deferred& deferred, const Shared& shared) {
    if (shared.failed == 0) return deferred.Resolve(env.Undefined());
    const char* name = shared.stream == 1 ? "standard output" : "standard error";
    deferred.Reject(syscallError(env, {"write", shared.failed, name, ""}).Value());
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::shared_ptr<Shared> shared_;
};

Napi::Value Streams::finish(Napi::Env env) {
  const uint64_t one = 1;
  check(::write(shared_->ended.get(), &one, sizeof one), "write", "eventfd");
  if (shared_->wait(kSoon)) {
    const Napi::Promise::Deferred deferred(env);
    FinishWorker::settle(env, deferred, *shared_);
    return deferred.Promise();
  }
  auto* worker = new FinishWorker(env, shared_);
  const auto promise = worker->promise();
  worker->Queue();
  return promise;
}

// {stdio, start, finish, drop}, as types.ts has them.
Napi::Value streams(Napi::Env env, Options options) {
  auto made = std::make_shared<Streams>(options.get<std::optional<Fd>>("input"), options.get<Fd>("output"), options.get<Fd>("errors"),
                                        options.get<std::optional<uint32_t>>("owner"));
  auto method = [&](const char* name, auto body) {
    return Napi::Value(Napi::Function::New(env, [made, name, body](const Napi::CallbackInfo& info) -> Napi::Value {
      return Napi::Value(info.Env(), guarded(info.Env(), name, [&]() -> napi_value { return body(*made, info.Env()); }));
    }));
  };
  return Record(env)
      .set("stdio", made->stdio())
      .set("start", method("start", [](Streams& s, Napi::Env e) { s.start(); return e.Undefined(); }))
      .set("finish", method("finish", [](Streams& s, Napi::Env e) { return s.finish(e); }))
      .set("drop", method("drop", [](Streams& s, Napi::Env e) { s.drop(); return e.Undefined(); }));
}

// The reading end of a pipe that has ended: input that is none, and no file of the host's.
Fd endedPipe() { return makePipe().read.release(); }

}  // namespace

void exportStreams(Exports& out) { out.insert(out.end(), {bind<&streams>("streams"), bind<&endedPipe>("endedPipe")}); }

}  // namespace tinyrun
