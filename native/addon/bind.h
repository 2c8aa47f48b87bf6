// Makes a JavaScript function of a plain C++ one: bind<&openat2>("openat2"). The C++ function's parameter types say
// what the caller must pass (args.h) and its result type what comes back (results.h), so a binding is the system call
// and nothing else.
#pragma once

#include <napi.h>

#include <array>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "args.h"
#include "errors.h"
#include "results.h"

namespace tinyrun {

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
void exportMonitor(Exports&);
void exportMount(Exports&);
void exportCgroup(Exports&);
void exportTty(Exports&);
void exportSocket(Exports&);
void exportStreams(Exports&);
void exportSeccomp(Exports&);
void exportBpf(Exports&);
void exportFacts(Exports&);
void exportNetlink(Exports&);
void exportMachine(Exports&);
void exportClone(Exports&);
void exportZstd(Exports&);
void exportLayerFiles(Exports&);
void exportLogText(Exports&);

}  // namespace tinyrun
