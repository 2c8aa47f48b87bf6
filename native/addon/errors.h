// What a binding throws, and how it reads in JavaScript.
#pragma once

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace tinyrun {

// A failed system call. bind.h turns it into the JavaScript class SyscallError.
struct SyscallFailure {
  const char* syscall;
  int error;
  std::string path;
  std::string flags;
};

// An argument of the wrong type or out of range. `index` counts from 1; 0 for a field of an options object.
struct ArgumentError {
  enum Kind { kType, kRange } kind;
  int index;
  std::string message;
};

// Passes a result on; throws for the -1 of a failed call. `path` and `flags` say what was tried.
template <class T>
T check(T result, const char* syscall, std::string path = {}, std::string flags = {}) {
  if (result == static_cast<T>(-1)) throw SyscallFailure{syscall, errno, std::move(path), std::move(flags)};
  return result;
}

// Calls again while a signal interrupts.
template <class Call>
auto retry(Call call) {
  decltype(call()) result;
  do result = call();
  while (result == -1 && errno == EINTR);
  return result;
}

// The set bits by name, comma separated; what has no name in hexadecimal.
using FlagName = std::pair<uint64_t, const char*>;
std::string flagNames(uint64_t flags, std::initializer_list<FlagName> names);

// "ENOENT" and "no such file or directory".
std::string errorCode(int error);
std::string errorText(int error);

}  // namespace tinyrun
