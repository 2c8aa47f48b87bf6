// What a binding may take: its C++ parameter types say what JavaScript must pass, and readArg() checks that it did.
#pragma once

#include <napi.h>

#include <cmath>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "errors.h"
#include "names.h"

namespace tinyrun {

// ---- parameter types ----------------------------------------------------------------------------------

// An integer file descriptor, or AT_FDCWD.
using Fd = int;

// A file name as names.h has it, or its bytes; never with a NUL inside.
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
  napi_typedarray_type type{};
  size_t size = 0;
  void* data = nullptr;
  const auto status =
      napi_get_typedarray_info(value.Env(), value, &type, &size, &data, nullptr, nullptr);  // fails for all else
  if (status != napi_ok || type != napi_uint8_array) wrongType(index, "a Uint8Array");
  static const uint8_t nothing = 0;  // an empty array may have no address, and Data tells the two apart by it
  return {data != nullptr ? static_cast<const uint8_t*>(data) : &nothing, size};
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
    if (value.IsString()) path.assign(readName(value.As<Napi::String>()));
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

}  // namespace tinyrun
