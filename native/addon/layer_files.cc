// Threads beside the one that reads a layer's archive: one hashes it, two make its plain files. A layer is mostly files of
// a directory that follow each other; a call from JavaScript for each of their system calls would cost as much as the calls.
// Creating a file takes its directory's lock, and most of the time of all: so two directories are filled at once.
//
//   reader            push(chunk) ─ copy ─→ slot ──────────────→ hash thread: SHA-256 of all slots in turn
//                     take(…): headers of the slot ────────────→ two threads: openat, write, fchown, fchmod, futimens, close
//                     settle(path), drain(), digest() ←── what is waited for is done, or the first failure
//
//   … │ header │ data … pad │ header │ data … pad │ header │ da     a slot: what a chunk of the archive is copied to,
//     └ from                                      └ end: not whole  since whoever lends a chunk wants it back
//
// What is not plain (tar_header.h), is being made already or is not whole ends the run, and the reader (src/image/tar/reader.ts)
// goes on with it, which knows everything. Of the order of the archive only this can be seen: two entries of one name, or one
// whose path leads through the other. The reader waits until no file along an entry's path is still to come (settle), and a
// file whose name is there already is a failure, EEXIST: then the layer is unpacked anew without threads.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "bind.h"
#include "crew.h"
#include "line.h"
#include "open.h"
#include "tar_header.h"

// The hash is OpenSSL's, by the symbols that node exports to addons (nodejs.org, "C++ addons", linking to libraries
// included with Node.js). A node without them hashes in JavaScript.
extern "C" {
struct evp_md_ctx_st;
struct evp_md_st;
__attribute__((weak)) evp_md_ctx_st* EVP_MD_CTX_new();
__attribute__((weak)) void EVP_MD_CTX_free(evp_md_ctx_st*);
__attribute__((weak)) const evp_md_st* EVP_sha256();
__attribute__((weak)) int EVP_DigestInit_ex(evp_md_ctx_st*, const evp_md_st*, void*);
__attribute__((weak)) int EVP_DigestUpdate(evp_md_ctx_st*, const void*, size_t);
__attribute__((weak)) int EVP_DigestFinal_ex(evp_md_ctx_st*, unsigned char*, unsigned int*);
}

namespace tinyrun {
namespace {

struct Owner {
  bool chown;   // at all: without root owners stay
  bool always;  // even to root, below a directory with setgid
  uint32_t umask;
};

struct Slot {
  std::vector<uint8_t> bytes;
  int users = 0;
};

// A file to be made.
struct File {
  PlainHeader header;
  std::string name;
  std::string path;  // in the layer
  size_t at;         // its data in the slot
  uint64_t end;      // of the entry, from the beginning of its run
};

// Files of a directory that follow each other.
struct Run {
  UniqueFd dir;
  Slot* slot;
  Owner owner;
  std::vector<File> files;
};

// As FileWriter (src/image/unpack/file.ts) does: attributes after the data, since a write clears setuid and moves the time.
void make(const Run& run, const File& file) {
  const auto& [header, name, path, at, end] = file;
  const Owner& owner = run.owner;
  constexpr int kFlags = O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC;
  const UniqueFd fd(
      check(::openat(run.dir.get(), name.c_str(), kFlags, header.mode & 0777), "openat", name, "O_CREAT,O_EXCL"));
  const uint8_t* data = run.slot->bytes.data() + at;
  for (uint64_t done = 0; done < header.size;)
    done += static_cast<uint64_t>(
        check(retry([&] { return ::write(fd.get(), data + done, header.size - done); }), "write", name));
  if (owner.chown && (owner.always || header.uid != 0 || header.gid != 0))
    check(fchown(fd.get(), header.uid, header.gid), "fchown", name);
  if ((header.mode & 07000) != 0 || (header.mode & owner.umask) != 0)
    check(fchmod(fd.get(), header.mode), "fchmod", name);
  const timespec times[2] = {{0, UTIME_OMIT}, {header.mtime, 0}};
  check(futimens(fd.get(), times), "utimensat", name);
}

class Layer {
 public:
  Layer() {
    if (EVP_MD_CTX_new == nullptr || EVP_sha256 == nullptr) return;
    context_.reset(EVP_MD_CTX_new());
    if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
    hashing_.emplace(mutex_, changed_, [this](Slot*& slot) {
      hashed_ = hashed_ && EVP_DigestUpdate(context_.get(), slot->bytes.data(), slot->bytes.size()) == 1;
      release(slot);
    });
  }

  void push(const Bytes& chunk) {
    if (current_ != nullptr) release(current_);
    std::unique_lock lock(mutex_);
    current_ = nullptr;
    changed_.wait(lock, [this] { return (current_ = freeSlot()) != nullptr; });
    current_->users = hashing_ ? 2 : 1;
    lock.unlock();
    current_->bytes.assign(chunk.data, chunk.data + chunk.size);
    if (!hashing_) return;
    lock.lock();
    hashing_->add(current_);
    changed_.notify_all();
  }

  struct Taken {
    uint64_t end;
    uint64_t entries;
    uint64_t bytes;
  };

  // The plain files in the last `left` bytes of the current slot, up to the first that is none. `parent` is the way to
  // `dir` in the layer, through no link.
  Taken take(uint64_t left, Fd dir, const std::string& parent, const std::string& prefix, const Owner& owner, uint64_t most,
             uint64_t room) {
    Taken taken{0, 0, 0};
    if (current_ == nullptr || left > current_->bytes.size()) return taken;
    while (taken.entries < most) {
      const uint64_t entries = std::min<uint64_t>(most - taken.entries, kRun);
      auto files = plainFiles(left, taken.end, parent, prefix, entries, room - taken.bytes);
      const size_t found = files.size();
      const size_t queued = found == 0 ? 0 : queue(files, dir, owner, taken);
      if (queued < kRun) break;
    }
    return taken;
  }

  // Waits until no file is still to be made at `path` or on the way there.
  void settle(const std::string& path) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return failure_ || !isComing(path); });
    throwFailure();
  }

  void drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return making_.pending() == 0; });
    throwFailure();
  }

  bool hashes() const { return hashing_.has_value(); }

  // Of all that was pushed, in hexadecimal; once.
  std::string digest() {
    if (!hashing_) throw std::logic_error("node exports no hash");
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return hashing_->pending() == 0; });
    }
    std::array<unsigned char, 32> sum{};
    if (!std::exchange(hashed_, false) || EVP_DigestFinal_ex(context_.get(), sum.data(), nullptr) != 1)
      throw std::runtime_error("the archive could not be hashed");
    std::string text;
    for (const unsigned char byte : sum) {
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
    return text;
  }

 private:
  static constexpr size_t kRun = 128;
  static constexpr size_t kMakers = 2;

  // At most `most`, from the byte `from` of the last `left` on.
  std::vector<File> plainFiles(uint64_t left, uint64_t from, const std::string& parent, const std::string& prefix,
                               uint64_t most, uint64_t room) const {
    std::vector<File> files;
    PlainHeader header{};
    const uint64_t begin = current_->bytes.size() - left;
    for (uint64_t end = from; files.size() < most && left - end >= kBlock;) {
      const uint64_t at = begin + end;
      if (!readPlain(current_->bytes.data() + at, prefix, header)) break;
      const uint64_t padded = (header.size + kBlock - 1) / kBlock * kBlock;
      if (padded > left - end - kBlock || header.size > room) break;
      end += kBlock + padded;
      room -= header.size;
      std::string name(header.name);
      std::string path = parent.empty() ? name : parent + '/' + name;
      files.push_back({header, std::move(name), std::move(path), at + kBlock, end});
    }
    return files;
  }

  // Up to the first that is being made already; answers how many those are.
  size_t queue(std::vector<File>& files, Fd dir, const Owner& owner, Taken& taken) {
    Run run{UniqueFd(check(fcntl(dir, F_DUPFD_CLOEXEC, 3), "fcntl", "the directory", "F_DUPFD_CLOEXEC")), current_, owner, {}};
    const std::lock_guard lock(mutex_);
    throwFailure();
    for (auto& file : files) {
      if (!coming_.insert(file.path).second) break;
      taken.end = file.end;
      taken.bytes += file.header.size;
      ++taken.entries;
      run.files.push_back(std::move(file));
    }
    const size_t count = run.files.size();
    if (count == 0) return 0;
    run.slot->users++;
    making_.add(std::move(run));
    return count;
  }

  bool isComing(const std::string& path) const {
    if (coming_.empty()) return false;
    for (size_t end = path.find('/'); end != path.npos; end = path.find('/', end + 1))
      if (coming_.contains(path.substr(0, end))) return true;
    return coming_.contains(path);
  }

  void throwFailure() const {
    if (failure_) throw *failure_;
  }

  void makeAll(Run& run) {
    try {
      for (const File& file : run.files) {
        if (failed_) break;
        make(run, file);
      }
    } catch (const SyscallFailure& failure) {
      const std::lock_guard lock(mutex_);
      failed_ = true;
      if (!failure_) failure_ = failure;
    }
    release(run.slot);
    const std::lock_guard lock(mutex_);
    for (const File& file : run.files) coming_.erase(file.path);
  }

  void release(Slot* slot) {
    const std::lock_guard lock(mutex_);
    if (--slot->users == 0) changed_.notify_all();
  }

  Slot* freeSlot() {
    for (auto& slot : slots_)
      if (slot.users == 0) return &slot;
    return nullptr;
  }

  struct Free {
    void operator()(evp_md_ctx_st* context) const { EVP_MD_CTX_free(context); }
  };
  std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Slot, 4> slots_;
  Slot* current_ = nullptr;
  std::unordered_set<std::string> coming_;  // files still to be made
  std::atomic<bool> failed_ = false;
  bool hashed_ = true;   // the hash thread's, until all is hashed; false once the digest was told
  std::optional<SyscallFailure> failure_;
  std::unique_ptr<evp_md_ctx_st, Free> context_;
  // last, so that they end before what they work on does
  std::optional<Line<Slot*>> hashing_;
  Crew<Run> making_{kMakers, mutex_, changed_, [this](Run& run) { makeAll(run); }};
};

class LayerFiles : public Napi::ObjectWrap<LayerFiles> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "LayerFiles",
                       {InstanceMethod<&LayerFiles::push>("push"), InstanceMethod<&LayerFiles::take>("take"),
                        InstanceMethod<&LayerFiles::settle>("settle"), InstanceMethod<&LayerFiles::drain>("drain"), InstanceMethod<&LayerFiles::digest>("digest"),
                        InstanceAccessor<&LayerFiles::hashes>("hashes"), InstanceMethod<&LayerFiles::close>("close")});
  }
  explicit LayerFiles(const Napi::CallbackInfo& info) : ObjectWrap(info), layer_(std::make_unique<Layer>()) {}

 private:
  template <class Body>
  Napi::Value with(const Napi::CallbackInfo& info, const char* name, Body body) {
    return Napi::Value(info.Env(), guarded(info.Env(), name, [&]() -> napi_value {
      if (layer_ == nullptr) throw std::logic_error("the layer is closed");
      return body(*layer_);
    }));
  }

  Napi::Value push(const Napi::CallbackInfo& info) {
    return with(info, "push", [&](Layer& layer) -> napi_value {
      layer.push(readArg<Bytes>(info[0], 1));
      return info.Env().Undefined();
    });
  }

  Napi::Value take(const Napi::CallbackInfo& info) {
    return with(info, "take", [&](Layer& layer) -> napi_value {
      const auto how = readArg<Options>(info[4], 5);
      const Owner owner{how.get<bool>("chown"), how.get<bool>("always"), how.get<uint32_t>("umask")};
      const auto [end, entries, bytes] =
          layer.take(readArg<uint64_t>(info[0], 1), readArg<Fd>(info[1], 2), readArg<Path>(info[2], 3), readArg<Path>(info[3], 4),
                     owner, how.get<uint64_t>("entries"), how.get<uint64_t>("bytes"));
      return Record(info.Env())
          .set("end", static_cast<double>(end))
          .set("entries", static_cast<double>(entries))
          .set("bytes", static_cast<double>(bytes))
          .object();
    });
  }

  Napi::Value settle(const Napi::CallbackInfo& info) {
    return with(info, "settle", [&](Layer& layer) -> napi_value {
      layer.settle(readArg<Path>(info[0], 1));
      return info.Env().Undefined();
    });
  }

  Napi::Value drain(const Napi::CallbackInfo& info) {
    return with(info, "drain", [&](Layer& layer) -> napi_value {
      layer.drain();
      return info.Env().Undefined();
    });
  }

  Napi::Value digest(const Napi::CallbackInfo& info) {
    return with(info, "digest", [&](Layer& layer) -> napi_value { return toJs(info.Env(), layer.digest()); });
  }

  Napi::Value hashes(const Napi::CallbackInfo& info) {
    return with(info, "hashes", [&](Layer& layer) -> napi_value { return toJs(info.Env(), layer.hashes()); });
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    layer_.reset();
    return info.Env().Undefined();
  }

  std::unique_ptr<Layer> layer_;
};

// The class is defined anew for each: there is one a layer.
Napi::Value layerFiles(Napi::Env env) { return LayerFiles::define(env).New({}); }

}  // namespace

void exportLayerFiles(Exports& out) { out.push_back(bind<&layerFiles>("layerFiles")); }

}  // namespace tinyrun
