// The module: one napi_define_properties call over what every file offers, so that loading stays well under a
// millisecond, and the JavaScript class that failed system calls are thrown as.
#include "bind.h"

namespace tinyrun {
namespace {

// Per environment: a worker thread loads the addon anew.
struct Instance {
  Napi::FunctionReference syscallError;
  Napi::FunctionReference machine;
};

void useSyscallError(Napi::Env env, Napi::Value constructor) {
  if (!constructor.IsFunction()) wrongType(1, "a class");
  env.GetInstanceData<Instance>()->syscallError = Napi::Persistent(constructor.As<Napi::Function>());
}

void define(Napi::Env env, Napi::Object target, std::initializer_list<void (*)(Exports&)> files) {
  Exports table;
  table.reserve(128);
  for (auto* add : files) add(table);
  if (napi_define_properties(env, target, table.size(), table.data()) != napi_ok) throw Napi::Error::New(env);
}

void exportAddon(Exports& out) { out.push_back(bind<&useSyscallError>("useSyscallError")); }

Napi::Object init(Napi::Env env, Napi::Object exports) {
  env.SetInstanceData(new Instance);
  define(env, exports, {exportAddon, exportFs, exportXattr, exportProcess, exportMount, exportCgroup, exportTty,
                        exportSocket, exportStreams, exportSeccomp, exportBpf, exportFacts, exportMachine, exportMonitor,
                        exportClone, exportZstd, exportLayerFiles, exportLogText});
  const auto netlink = Napi::Object::New(env);
  define(env, netlink, {exportNetlink});
  exports.Set("netlink", netlink);
  return exports;
}

}  // namespace

Napi::FunctionReference& machineConstructor(Napi::Env env) { return env.GetInstanceData<Instance>()->machine; }

Napi::Error syscallError(Napi::Env env, const SyscallFailure& failure) {
  auto string = [&](const std::string& text) { return Napi::String::New(env, text); };
  auto& constructor = env.GetInstanceData<Instance>()->syscallError;
  if (constructor.IsEmpty())
    return Napi::Error::New(env, std::string(failure.syscall) + " " + failure.path + ": " + errorCode(failure.error));
  auto object = constructor.New({string(failure.syscall), Napi::Number::New(env, failure.error),
                                 string(errorCode(failure.error)), string(errorText(failure.error)),
                                 string(failure.path), string(failure.flags)});
  return Napi::Error(env, object);
}

void throwArgumentError(Napi::Env env, const char* function, const ArgumentError& error) {
  std::string text = std::string(function) + ": ";
  if (error.index > 0) text += "argument " + std::to_string(error.index) + " ";
  text += error.message;
  if (error.kind == ArgumentError::kRange) napi_throw_range_error(env, "ERR_OUT_OF_RANGE", text.c_str());
  else napi_throw_type_error(env, "ERR_INVALID_ARG_TYPE", text.c_str());
}

}  // namespace tinyrun

static Napi::Object initModule(Napi::Env env, Napi::Object exports) { return tinyrun::init(env, exports); }
NODE_API_MODULE(tinyrun, initModule)
