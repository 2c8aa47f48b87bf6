// Two threads beside the one that reads a layer's archive: one hashes it, one fills its plain files. A layer is mostly
// files of a directory that follow each other; a call from JavaScript for each of their system calls would cost as much
// as the calls, and half of the calls need not be waited for.
//
//   reader            push(chunk) ─ copy ─→ slot ──────────────→ hash thread: SHA-256 of all slots in turn
//                     take(…): headers of the slot, openat() ──→ file thread: write, fchown, fchmod, futimens, close
//                     drain(), digest() ←── all done, or the first failure
//
//   … │ header │ data … pad │ header │ data … pad │ header │ da     a slot: what a chunk of the archive is copied to,
//     └ from                                      └ end: not whole  since whoever lends a chunk wants it back
//
// Plain is what every reader of tar takes for the same: a regular file whose name is the directory's and a last
// component, numbers in octal digits, no extended header. What is not plain, is there already or is not whole ends the
// run, and the reader (src/image/tar/reader.ts) goes on with it, which knows everything. Files are created in the order
// of the archive, by the reader's thread: whoever looks for a name finds what a writer without threads would have made.
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <array>
#include <condition_variable>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "bind.h"
#include "open.h"

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

constexpr size_t kBlock = 512;

struct Header {
  std::string_view name;
  uint32_t mode;
  uint32_t uid;
  uint32_t gid;
  uint64_t size;
  int64_t mtime;
};

// Octal digits and nothing but NULs or spaces behind them; -1 for all else.
int64_t octal(const uint8_t* field, size_t length) {
  size_t at = 0;
  int64_t value = 0;
  for (; at < length && field[at] >= '0' && field[at] <= '7'; ++at) value = value * 8 + (field[at] - '0');
  if (at == 0) return -1;
  for (; at < length; ++at)
    if (field[at] != 0 && field[at] != ' ') return -1;
  return value;
}

// The sum of the bytes, those of the sum itself taken for spaces.
bool isSummedUp(const uint8_t* block) {
  int64_t sum = 8 * ' ';
  for (size_t i = 0; i < kBlock; ++i)
    if (i < 148 || i >= 156) sum += block[i];
  return sum == octal(block + 148, 8);
}

bool hasMagic(const uint8_t* block) {
  if (memcmp(block + 257, "ustar  ", 8) == 0) return true;              // GNU
  return memcmp(block + 257, "ustar", 6) == 0 && block[345] == 0;       // POSIX, the name in one field
}

// The last component of `name` where the rest of it is `prefix`; empty for what layers give a meaning to.
std::string_view baseBelow(std::string_view name, const std::string& prefix) {
  if (name.substr(0, prefix.size()) != prefix) return {};
  const auto base = name.substr(prefix.size());
  const bool special = base == "." || base == ".." || base.substr(0, 4) == ".wh.";
  return special || base.find('/') != base.npos ? std::string_view{} : base;
}

// Whether a block is the header of a plain file; its name is cut to the last component.
bool readPlain(const uint8_t* block, const std::string& prefix, Header& header) {
  if (block[156] != '0' || !hasMagic(block) || !isSummedUp(block)) return false;
  const auto* name = reinterpret_cast<const char*>(block);
  header.name = baseBelow({name, strnlen(name, 100)}, prefix);
  const int64_t mode = octal(block + 100, 8);
  const int64_t uid = octal(block + 108, 8);
  const int64_t gid = octal(block + 116, 8);
  const int64_t size = octal(block + 124, 12);
  header.mtime = octal(block + 136, 12);
  if (header.name.empty() || mode < 0 || uid < 0 || gid < 0 || size < 0 || header.mtime < 0) return false;
  header.mode = static_cast<uint32_t>(mode) & 07777;
  header.uid = static_cast<uint32_t>(uid);
  header.gid = static_cast<uint32_t>(gid);
  header.size = static_cast<uint64_t>(size);
  return true;
}

struct Owner {
  bool chown;   // at all: without root owners stay
  bool always;  // even to root, below a directory with setgid
  uint32_t umask;
};

struct Slot {
  std::vector<uint8_t> bytes;
  int users = 0;
};

// A file that is there, without its data.
struct File {
  UniqueFd fd;
  Header header;
  std::string name;
  Slot* slot;
  size_t at;
  Owner owner;
};

// As FileWriter (src/image/unpack/file.ts) does: attributes after the data, since a write clears setuid and moves the time.
void fill(const File& file) {
  const auto& [fd, header, name, slot, at, owner] = file;
  const uint8_t* data = slot->bytes.data() + at;
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

// A thread with work that is done in order. What is asked of it and what it answers is guarded by the owner's lock.
template <class Work>
class Line {
 public:
  Line(std::mutex& mutex, std::condition_variable& changed, std::function<void(Work&)> work)
      : mutex_(mutex), changed_(changed), work_(std::move(work)) {
    // signals are for the threads that wait for them
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    thread_ = std::thread([this] { run(); });
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }
  ~Line() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  // These two with the lock held.
  void add(Work work) { waiting_.push_back(std::move(work)); }
  size_t pending() const { return waiting_.size() + under_way_; }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
      if (waiting_.empty()) return;
      std::vector<Work> mine = std::exchange(waiting_, {});
      under_way_ = mine.size();
      lock.unlock();
      for (auto& work : mine) work_(work);
      mine.clear();
      lock.lock();
      under_way_ = 0;
      changed_.notify_all();
    }
  }

  std::mutex& mutex_;
  std::condition_variable& changed_;
  std::function<void(Work&)> work_;
  std::vector<Work> waiting_;
  size_t under_way_ = 0;
  bool closed_ = false;
  std::thread thread_;
};

class Layer {
 public:
  Layer() {
    if (EVP_MD_CTX_new == nullptr || EVP_sha256 == nullptr) return;
    context_.reset(EVP_MD_CTX_new());
    if (context_ == nullptr || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) throw std::bad_alloc();
    hashing_.emplace(mutex_, changed_, [this](Slot*& slot) {
      EVP_DigestUpdate(context_.get(), slot->bytes.data(), slot->bytes.size());
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

  // The plain files in the last `left` bytes of the current slot, up to the first that is none.
  Taken take(uint64_t left, Fd dir, const std::string& prefix, const Owner& owner, uint64_t most, uint64_t room) {
    Taken taken{0, 0, 0};
    std::vector<File> files;
    Header header{};
    if (current_ == nullptr || left > current_->bytes.size()) return taken;
    const uint64_t begin = current_->bytes.size() - left;
    while (taken.entries < most && left - taken.end >= kBlock) {
      const uint64_t at = begin + taken.end;
      if (!readPlain(current_->bytes.data() + at, prefix, header)) break;
      const uint64_t padded = (header.size + kBlock - 1) / kBlock * kBlock;
      if (padded > left - taken.end - kBlock || header.size > room - taken.bytes) break;
      std::string name(header.name);
      const int fd = ::openat(dir, name.c_str(), O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, header.mode & 0777);
      // also what fails: the reader meets it again, and says of which entry it is
      if (fd < 0) break;
      files.push_back({UniqueFd(fd), header, std::move(name), current_, at + kBlock, owner});
      taken.end += kBlock + padded;
      taken.bytes += header.size;
      ++taken.entries;
      if (files.size() == kBatch) queue(files);
    }
    queue(files);
    return taken;
  }

  void drain() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return filling_.pending() == 0; });
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
    EVP_DigestFinal_ex(context_.get(), sum.data(), nullptr);
    std::string text;
    for (const unsigned char byte : sum) {
      text += "0123456789abcdef"[byte >> 4];
      text += "0123456789abcdef"[byte & 15];
    }
    return text;
  }

 private:
  // Files that are open at a time are at most twice as many; a process may have a thousand.
  static constexpr size_t kBatch = 32;

  void queue(std::vector<File>& files) {
    if (files.empty()) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return filling_.pending() <= kBatch; });
    throwFailure();
    for (auto& file : files) {
      file.slot->users++;
      filling_.add(std::move(file));
    }
    files.clear();
    changed_.notify_all();
  }

  void throwFailure() const {
    if (failure_) throw *failure_;
  }

  void fillOne(File& file) {
    try {
      if (!failed_) fill(file);
    } catch (const SyscallFailure& failure) {
      const std::lock_guard lock(mutex_);
      failed_ = true;
      failure_ = failure;
    }
    file.fd = UniqueFd();
    release(file.slot);
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
  bool failed_ = false;  // the file thread's own
  std::optional<SyscallFailure> failure_;
  std::unique_ptr<evp_md_ctx_st, Free> context_;
  // last, so that they end before what they work on does
  std::optional<Line<Slot*>> hashing_;
  Line<File> filling_{mutex_, changed_, [this](File& file) { fillOne(file); }};
};

class LayerFiles : public Napi::ObjectWrap<LayerFiles> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "LayerFiles",
                       {InstanceMethod<&LayerFiles::push>("push"), InstanceMethod<&LayerFiles::take>("take"),
                        InstanceMethod<&LayerFiles::drain>("drain"), InstanceMethod<&LayerFiles::digest>("digest"),
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
      const auto how = readArg<Options>(info[3], 4);
      const Owner owner{how.get<bool>("chown"), how.get<bool>("always"), how.get<uint32_t>("umask")};
      const auto [end, entries, bytes] =
          layer.take(readArg<uint64_t>(info[0], 1), readArg<Fd>(info[1], 2), readArg<Path>(info[2], 3), owner,
                     how.get<uint64_t>("entries"), how.get<uint64_t>("bytes"));
      return Record(info.Env())
          .set("end", static_cast<double>(end))
          .set("entries", static_cast<double>(entries))
          .set("bytes", static_cast<double>(bytes))
          .object();
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
