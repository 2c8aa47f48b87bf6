// libzstd's streaming decoder as a JavaScript object. It copies what it needs of its input for later, so that nothing
// of the caller's is kept between two calls.
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <memory>

#include "bind.h"

namespace tinyrun {
namespace {

// A frame and a skippable frame, whose first byte's low half is free (RFC 8878, 3.1).
constexpr uint8_t kFrame[] = {0x28, 0xb5, 0x2f, 0xfd};
constexpr uint8_t kSkippable[] = {0x50, 0x2a, 0x4d, 0x18};
constexpr size_t kMagic = sizeof kFrame;

void checkZstd(size_t result) {
  if (ZSTD_isError(result)) throw std::runtime_error(ZSTD_getErrorName(result));
}

class ZstdDecoder : public Napi::ObjectWrap<ZstdDecoder> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "ZstdDecoder",
                       {InstanceMethod<&ZstdDecoder::push>("push"), InstanceMethod<&ZstdDecoder::close>("close")});
  }

  explicit ZstdDecoder(const Napi::CallbackInfo& info) : ObjectWrap(info) {
    guarded(info.Env(), "zstdDecoder", [&]() -> napi_value {
      const auto windowLog = readArg<uint32_t>(info[0], 1);
      context_.reset(ZSTD_createDCtx());
      if (context_ == nullptr) throw std::bad_alloc();
      checkZstd(ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, static_cast<int>(windowLog)));
      return nullptr;
    });
  }

 private:
  Napi::Value push(const Napi::CallbackInfo& info) {
    return Napi::Value(info.Env(), guarded(info.Env(), "push", [&]() -> napi_value {
      if (context_ == nullptr) throw std::logic_error("the decoder is closed");
      const auto in = readArg<Bytes>(info[0], 1);
      const auto out = readArg<Bytes>(info[1], 2);
      if (!beginsFrame(in)) return fault(info.Env(), "no zstd frame", false);
      ZSTD_inBuffer input{in.data, in.size, 0};
      ZSTD_outBuffer output{const_cast<uint8_t*>(out.data), out.size, 0};
      const size_t result = ZSTD_decompressStream(context_.get(), &output, &input);
      if (ZSTD_isError(result)) {
        const bool window = ZSTD_getErrorCode(result) == ZSTD_error_frameParameter_windowTooLarge;
        return fault(info.Env(), ZSTD_getErrorName(result), window);
      }
      seen_ = result == 0 ? 0 : std::min(kMagic, seen_ + input.pos);
      return Record(info.Env())
          .set("read", static_cast<double>(input.pos))
          .set("written", static_cast<double>(output.pos))
          .set("frameEnded", result == 0)
          .object();
    }));
  }

  Napi::Value close(const Napi::CallbackInfo& info) {
    context_.reset();
    return info.Env().Undefined();
  }

  // libzstd also reads the formats from before the RFC, by decoders that nobody looks after: they are not reached.
  bool beginsFrame(const Bytes& in) {
    for (size_t i = 0; i < in.size && seen_ + i < kMagic; ++i) {
      const size_t at = seen_ + i;
      if (at == 0) skippable_ = (in.data[0] & 0xf0) == kSkippable[0];
      const uint8_t byte = at == 0 && skippable_ ? in.data[0] & 0xf0 : in.data[i];
      if (byte != (skippable_ ? kSkippable : kFrame)[at]) return false;
    }
    return true;
  }

  static napi_value fault(Napi::Env env, const char* text, bool window) {
    return Record(env).set("fault", text).set("windowTooLarge", window).object();
  }

  struct Free {
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
  };
  std::unique_ptr<ZSTD_DCtx, Free> context_;
  // Bytes of the frame's magic number that were read already.
  size_t seen_ = 0;
  bool skippable_ = false;
};

// The class is defined anew for each: a process makes one or two.
Napi::Value zstdDecoder(Napi::Env env, Napi::Value windowLog) { return ZstdDecoder::define(env).New({windowLog}); }

}  // namespace

void exportZstd(Exports& out) { out.push_back(bind<&zstdDecoder>("zstdDecoder")); }

}  // namespace tinyrun
