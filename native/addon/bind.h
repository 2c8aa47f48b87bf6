// Makes a JavaScript function of a plain C++ one: bind<&openat2>("openat2"). The C++ function's parameter types say
// what the caller must pass and its result type what comes back, so a binding is the system call and nothing else.
#pragma once

#include <napi.h>

#include <array>
#include <cmath>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "errors.h"

namespace tinyrun {

// ---- parameter types ----------------------------------------------------------------------------------

// An integer file descriptor, or AT_FDCWD.
using Fd = int;

// A string, or bytes for names that are not UTF-8; never with a NUL inside.
struct Path : std::string {
  using std::string::string;
};

// A string without NUL that names no file.
struct Text : std::string {
  using std::string::string;
};

// Flag bits: a number (a negative one is what JavaScript's 32-bit operators make of bit 31) or a bigint.
struct Flags {
  uint64_t bits = 0;
  operator uint64_t() const { return bits; }
  unsigned int u32() const { return static_cast<unsigned int>(bits); }
  int i32() const { return static_cast<int>(bits); }
};

// Bytes of a Uint8Array, borrowed: valid until JavaScript runs again.
struct Bytes {
  const uint8_t* data = nullptr;
  size_t size = 0;
};

// A string as UTF-8, or the bytes of a Uint8Array.
struct Data {
  std::string owned;
  Bytes borrowed;
  const void* data() const { return borrowed.data != nullptr ? static_cast<const void*>(borrowed.data) : owned.data(); }
  size_t size() const { return borrowed.data != nullptr ? borrowed.size : owned.size(); }
};

template <class T>
T readArg(Napi::Value value, int index);

// An options object, whose fields are read by name.
struct Options {
  Napi::Object object;
  template <class T>
  T get(const char* name) const;
};

// ---- reading ------------------------------------------------------------------------------------------

[[noreturn]] inline void wrongType(int index, const char* wanted) {
  throw ArgumentError{ArgumentError::kType, index, std::string("must be ") + wanted};
}

inline double readInteger(Napi::Value value, int index, double low, double high) {
  if (!value.IsNumber()) wrongType(index, "an integer");
  const double number = value.As<Napi::Number>().DoubleValue();
  if (!(number >= low && number <= high) || std::trunc(number) != number) {
    char text[96];
    snprintf(text, sizeof text, "must be an integer from %.0f to %.0f", low, high);
    throw ArgumentError{ArgumentError::kRange, index, text};
  }
  return number;
}

inline constexpr double kSafeInteger = 9007199254740991.0;

inline uint64_t readUint64(Napi::Value value, int index) {
  if (!value.IsBigInt()) return static_cast<uint64_t>(readInteger(value, index, 0, kSafeInteger));
  bool lossless = false;
  const uint64_t number = value.As<Napi::BigInt>().Uint64Value(&lossless);
  if (!lossless) throw ArgumentError{ArgumentError::kRange, index, "must fit 64 bits"};
  return number;
}

inline int64_t readInt64(Napi::Value value, int index) {
  if (!value.IsBigInt()) return static_cast<int64_t>(readInteger(value, index, -kSafeInteger, kSafeInteger));
  bool lossless = false;
  const int64_t number = value.As<Napi::BigInt>().Int64Value(&lossless);
  if (!lossless) throw ArgumentError{ArgumentError::kRange, index, "must fit 64 bits"};
  return number;
}

inline Bytes readBytes(Napi::Value value, int index) {
  if (!value.IsTypedArray() || value.As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array)
    wrongType(index, "a Uint8Array");
  auto array = value.As<Napi::Uint8Array>();
  static const uint8_t nothing = 0;  // an empty array may have no address, and Data tells the two apart by it
  return {array.Data() != nullptr ? array.Data() : &nothing, array.ByteLength()};
}

inline std::string readString(Napi::Value value, int index) {
  if (!value.IsString()) wrongType(index, "a string");
  return value.As<Napi::String>().Utf8Value();
}

template <class T>
T withoutNul(T text, int index) {
  if (text.find('\0') != std::string::npos) throw ArgumentError{ArgumentError::kType, index, "must not contain NUL"};
  return text;
}

template <class T>
struct IsOptional : std::false_type {};
template <class T>
struct IsOptional<std::optional<T>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
T readVector(Napi::Value value, int index) {
  if (!value.IsArray()) wrongType(index, "an array");
  auto array = value.As<Napi::Array>();
  T items;
  for (uint32_t i = 0, n = array.Length(); i < n; ++i)
    items.push_back(readArg<typename T::value_type>(array.Get(i), index));
  return items;
}

template <class T>
T readArg(Napi::Value value, int index) {
  if constexpr (IsOptional<T>::value) {
    if (value.IsUndefined()) return std::nullopt;
    return readArg<typename T::value_type>(value, index);
  } else if constexpr (IsVector<T>::value) {
    return readVector<T>(value, index);
  } else if constexpr (std::is_same_v<T, int>) {
    return static_cast<int>(readInteger(value, index, -2147483648.0, 2147483647.0));
  } else if constexpr (std::is_same_v<T, uint32_t>) {
    return static_cast<uint32_t>(readInteger(value, index, 0, 4294967295.0));
  } else if constexpr (std::is_same_v<T, uint64_t>) {
    return readUint64(value, index);
  } else if constexpr (std::is_same_v<T, int64_t>) {
    return readInt64(value, index);
  } else if constexpr (std::is_same_v<T, bool>) {
    if (!value.IsBoolean()) wrongType(index, "a boolean");
    return value.As<Napi::Boolean>().Value();
  } else if constexpr (std::is_same_v<T, Flags>) {
    return {value.IsNumber() && value.As<Napi::Number>().DoubleValue() < 0
                ? static_cast<uint32_t>(readInteger(value, index, -2147483648.0, 0) + 4294967296.0)
                : readUint64(value, index)};
  } else if constexpr (std::is_same_v<T, Path>) {
    Path path;
    if (value.IsString()) path.assign(readString(value, index));
    else if (value.IsTypedArray()) {
      const Bytes bytes = readBytes(value, index);
      path.assign(reinterpret_cast<const char*>(bytes.data), bytes.size);
    } else wrongType(index, "a string");
    return withoutNul(std::move(path), index);
  } else if constexpr (std::is_same_v<T, Text>) {
    Text text;
    text.assign(readString(value, index));
    return withoutNul(std::move(text), index);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return readString(value, index);
  } else if constexpr (std::is_same_v<T, Bytes>) {
    return readBytes(value, index);
  } else if constexpr (std::is_same_v<T, Data>) {
    if (value.IsString()) return {readString(value, index), {}};
    if (!value.IsTypedArray()) wrongType(index, "a string or a Uint8Array");
    return {{}, readBytes(value, index)};
  } else if constexpr (std::is_same_v<T, Options>) {
    if (!value.IsObject() || value.IsArray()) wrongType(index, "an object");
    return {value.As<Napi::Object>()};
  } else {
    static_assert(std::is_same_v<T, Napi::Value>, "no reader for this parameter type");
    return value;
  }
}

template <class T>
T Options::get(const char* name) const {
  try {
    return readArg<T>(object.Get(name), 0);
  } catch (ArgumentError& error) {
    if (error.index == 0) error.message = std::string(name) + " " + error.message, error.index = -1;
    throw;
  }
}

// ---- results ------------------------------------------------------------------------------------------

inline Napi::Value toJs(Napi::Env, Napi::Value value) { return value; }
inline Napi::Value toJs(Napi::Env env, bool value) { return Napi::Boolean::New(env, value); }
inline Napi::Value toJs(Napi::Env env, int value) { return Napi::Number::New(env, value); }
inline Napi::Value toJs(Napi::Env env, uint32_t value) { return Napi::Number::New(env, value); }
inline Napi::Value toJs(Napi::Env env, double value) { return Napi::Number::New(env, value); }
inline Napi::Value toJs(Napi::Env env, uint64_t value) { return Napi::BigInt::New(env, value); }
inline Napi::Value toJs(Napi::Env env, int64_t value) { return Napi::BigInt::New(env, value); }
inline Napi::Value toJs(Napi::Env env, const std::string& value) { return Napi::String::New(env, value); }
inline Napi::Value toJs(Napi::Env env, const char* value) { return Napi::String::New(env, value); }
inline Napi::Value toJs(Napi::Env env, const std::vector<uint8_t>& value) {
  return Napi::Buffer<uint8_t>::Copy(env, value.data(), value.size());
}
template <class T>
Napi::Value toJs(Napi::Env env, const std::optional<T>& value) {
  return value ? toJs(env, *value) : env.Undefined();
}
template <class T>
Napi::Value toJs(Napi::Env env, const std::vector<T>& values) {
  auto array = Napi::Array::New(env, values.size());
  for (uint32_t i = 0; i < values.size(); ++i) array.Set(i, toJs(env, values[i]));
  return array;
}

// A plain object, field by field; a field without a value is left out.
class Record {
 public:
  explicit Record(Napi::Env env) : env_(env), object_(Napi::Object::New(env)) {}
  template <class T>
  Record& set(const char* name, const T& value) {
    object_.Set(name, toJs(env_, value));
    return *this;
  }
  template <class T>
  Record& set(const char* name, const std::optional<T>& value) {
    if (value) object_.Set(name, toJs(env_, *value));
    return *this;
  }
  operator Napi::Value() const { return object_; }
  Napi::Object object() const { return object_; }

 private:
  Napi::Env env_;
  Napi::Object object_;
};

// ---- the call -----------------------------------------------------------------------------------------

// An instance of the class given to useSyscallError(); of Error when none was.
Napi::Error syscallError(Napi::Env env, const SyscallFailure& failure);
void throwArgumentError(Napi::Env env, const char* function, const ArgumentError& error);

// Runs `body` and turns what it throws into a pending JavaScript exception.
template <class Body>
napi_value guarded(Napi::Env env, const char* function, Body body) {
  try {
    return body();
  } catch (const SyscallFailure& failure) {
    syscallError(env, failure).ThrowAsJavaScriptException();
  } catch (const ArgumentError& error) {
    throwArgumentError(env, function, error);
  } catch (const Napi::Error& error) {
    error.ThrowAsJavaScriptException();
  } catch (const std::exception& error) {
    napi_throw_error(env, nullptr, error.what());
  }
  return nullptr;
}

template <auto function, class Result, class... Args>
struct Binding {
  // A function that makes promises takes the environment first; that is no argument of the caller's.
  static constexpr int kSkip = [] {
    if constexpr (sizeof...(Args) == 0) return 0;
    else return std::is_same_v<std::tuple_element_t<0, std::tuple<Args...>>, Napi::Env> ? 1 : 0;
  }();

  template <size_t I, class T>
  static T read(Napi::Env env, [[maybe_unused]] const napi_value* argv) {
    if constexpr (std::is_same_v<T, Napi::Env>) return env;
    else return readArg<T>(Napi::Value(env, argv[I - kSkip]), static_cast<int>(I - kSkip) + 1);
  }

  template <size_t... I>
  static napi_value apply(Napi::Env env, [[maybe_unused]] const napi_value* argv, std::index_sequence<I...>) {
    std::tuple<Args...> args{read<I, Args>(env, argv)...};
    if constexpr (std::is_void_v<Result>) {
      std::apply(function, std::move(args));
      return env.Undefined();
    } else {
      return toJs(env, std::apply(function, std::move(args)));
    }
  }

  static napi_value call(napi_env raw, napi_callback_info info) {
    std::array<napi_value, sizeof...(Args) + 1> argv;
    size_t argc = argv.size();
    void* name = nullptr;
    napi_get_cb_info(raw, info, &argc, argv.data(), nullptr, &name);
    const Napi::Env env(raw);
    return guarded(env, static_cast<const char*>(name),
                   [&] { return apply(env, argv.data(), std::index_sequence_for<Args...>{}); });
  }
};

template <auto function, class Result, class... Args>
constexpr napi_callback callbackOf(Result (*)(Args...)) {
  return Binding<function, Result, std::remove_cvref_t<Args>...>::call;
}

// A property descriptor, for one napi_define_properties call over all of a file's functions.
template <auto function>
napi_property_descriptor bind(const char* name) {
  // Replaceable, as functions of JavaScript modules are: tests put their own in place.
  constexpr auto kAttributes = static_cast<napi_property_attributes>(napi_writable | napi_enumerable | napi_configurable);
  return {name, nullptr, callbackOf<function>(function), nullptr, nullptr, nullptr, kAttributes,
          const_cast<char*>(name)};
}

// This environment's class Machine, empty until the first is made.
Napi::FunctionReference& machineConstructor(Napi::Env env);

using Exports = std::vector<napi_property_descriptor>;

// What each file of the addon adds.
void exportFs(Exports&);
void exportXattr(Exports&);
void exportProcess(Exports&);
void exportMount(Exports&);
void exportCgroup(Exports&);
void exportTty(Exports&);
void exportSocket(Exports&);
void exportSeccomp(Exports&);
void exportBpf(Exports&);
void exportFacts(Exports&);
void exportNetlink(Exports&);
void exportMachine(Exports&);

}  // namespace tinyrun
