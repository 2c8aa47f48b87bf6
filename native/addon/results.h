// What a binding may answer: C++ values as JavaScript has them, structures field by field.
#pragma once

#include <napi.h>

#include <optional>
#include <string>
#include <vector>

namespace tinyrun {

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

}  // namespace tinyrun
