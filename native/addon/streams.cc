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
// file opened with O_APPEND) or would wait with the pipe locked (a socket) it reads and writes. Nothing else is kept: who
// reads slowly makes the program wait, as a pipe of the caller's own would. Ends:
//
//   the input ends, the program's end closes     the thread closes the pipe: end of file, EPIPE
//   nobody reads what the caller prints          the same: the program gets SIGPIPE, as without us
//   any other failure of the caller's file       the same, and finish() tells it
//   finish(): the container has ended            outputs move what lies in their pipe, and no more: a process elsewhere
//                                                that was given the pipe holds nobody up; the input stops
//
// The threads have their own copies of the fds and are detached: one that is stuck in a write to a stopped terminal
// neither keeps the process from ending nor touches what is closed.
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <thread>

#include "bind.h"
#include "copy.h"

namespace tinyrun {
namespace {

// A short program's output has been copied long before: worth no thread of libuv's.
constexpr std::chrono::milliseconds kSoon{50};

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

// Who reads has gone: of a pipe, or of a socket with something left in it.
bool isUnread(int result) { return result == -EPIPE || result == -ECONNRESET; }

// A thread that takes no signals but those that stop who uses a terminal from the background.
template <class Body>
void startThread(Body body) {
  // put back also where there is no room for a thread
  struct Mask {
    sigset_t before;
    ~Mask() { pthread_sigmask(SIG_SETMASK, &before, nullptr); }
  } mask;
  sigset_t blocked;
  sigfillset(&blocked);
  for (const int stops : {SIGTTIN, SIGTTOU}) sigdelset(&blocked, stops);
  pthread_sigmask(SIG_SETMASK, &blocked, &mask.before);
  std::thread(std::move(body)).detach();
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

  // Who is told when nobody takes an output any more, by which words: a monitor, to whom the end of the pipe would say the
  // same as the end of this process. The words come first.
  void tellBroken(Fd socket, Bytes first, Bytes second) {
    shared_->told = copyOf(socket);
    const auto text = [](Bytes words) { return std::string(reinterpret_cast<const char*>(words.data), words.size); };
    words_ = {text(first), text(second)};
  }

  // The container has the ends that are its own.
  void start() {
    if (!shared_) return;
    in_.read = UniqueFd();
    if (source_.get() >= 0) {
      auto copy = std::make_unique<Copy>(std::move(source_), std::move(in_.write), shared_);
      startThread([copy = std::move(copy)] { copy->input(); });
    }
    for (size_t i = 0; i < outs_.size(); ++i) {
      outs_[i].write = UniqueFd();
      ++shared_->outputs;
      auto copy = std::make_unique<Copy>(std::move(outs_[i].read), copyOf(sinks_[i]), shared_);
      startThread([copy = std::move(copy), shared = shared_, stream = static_cast<int>(i) + 1, words = words_[i]]() mutable {
        const int result = copy->output();
        if (result < 0 && shared->told.get() >= 0) send(shared->told.get(), words.data(), words.size(), MSG_NOSIGNAL);
        copy.reset();   // before anybody is told: the pipe and the caller's file are closed
        const std::lock_guard lock(shared->mutex);
        if (result < 0 && !isUnread(result) && shared->failed == 0) shared->failed = -result, shared->stream = stream;
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
    shared_.reset();
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
  std::array<std::string, 2> words_;
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

// Once: what it holds goes with its threads, not when JavaScript's collector comes round.
Napi::Value Streams::finish(Napi::Env env) {
  const auto shared = std::exchange(shared_, nullptr);
  const uint64_t one = 1;
  if (shared) check(::write(shared->ended.get(), &one, sizeof one), "write", "eventfd");
  if (!shared || shared->wait(kSoon)) {
    const Napi::Promise::Deferred deferred(env);
    Shared nothing;
    FinishWorker::settle(env, deferred, shared ? *shared : nothing);
    return deferred.Promise();
  }
  auto* worker = new FinishWorker(env, shared);
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
      return Napi::Value(info.Env(), guarded(info.Env(), name, [&]() -> napi_value { return body(*made, info); }));
    }));
  };
  return Record(env)
      .set("stdio", made->stdio())
      .set("tellBroken", method("tellBroken", [](Streams& s, const Napi::CallbackInfo& info) {
             s.tellBroken(readArg<Fd>(info[0], 1), readArg<Bytes>(info[1], 2), readArg<Bytes>(info[2], 3));
             return info.Env().Undefined();
           }))
      .set("start", method("start", [](Streams& s, const Napi::CallbackInfo& info) { s.start(); return info.Env().Undefined(); }))
      .set("finish", method("finish", [](Streams& s, const Napi::CallbackInfo& info) { return s.finish(info.Env()); }))
      .set("drop", method("drop", [](Streams& s, const Napi::CallbackInfo& info) { s.drop(); return info.Env().Undefined(); }));
}

// The reading end of a pipe that has ended: input that is none, and no file of the host's.
Fd endedPipe() { return makePipe().read.release(); }

}  // namespace

void exportStreams(Exports& out) { out.insert(out.end(), {bind<&streams>("streams"), bind<&endedPipe>("endedPipe")}); }

}  // namespace tinyrun
