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
// What is not plain (tar_header.h), is there already or is not whole ends the run, and the reader (src/image/tar/reader.ts)
// goes on with it, which knows everything. Files are created in the order of the archive, by the reader's thread: whoever
// looks for a name finds what a writer without threads would have made.
#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "bind.h"
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

// A file that is there, without its data.
struct File {
  UniqueFd fd;
  PlainHeader header;
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

  // The plain files in the last `left` bytes of the current slot, up to the first that is none.
  Taken take(uint64_t left, Fd dir, const std::string& prefix, const Owner& owner, uint64_t most, uint64_t room) {
    Taken taken{0, 0, 0};
    std::vector<File> files;
    PlainHeader header{};
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
  bool hashed_ = true;   // the hash thread's, until all is hashed; false once the digest was told
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
