// A test harness in one screen: TEST(name) { EXPECT(…); } in any file, ROOT_TEST for what only root can; one main, results
// counted.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

namespace test {

struct Case {
  const char* name;
  bool root;   // nobody else can
  void (*run)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

struct Register {
  Register(const char* name, bool root, void (*run)()) { cases().push_back({name, root, run}); }
};

inline int failures = 0;        // of the running case
inline std::string skipReason;  // of the running case

inline void fail(const char* file, int line, const std::string& what) {
  std::fprintf(stderr, "  %s:%d: %s\n", file, line, what.c_str());
  ++failures;
}

template <class T>
std::string show(const T& value) {
  if constexpr (std::is_convertible_v<T, std::string>)
    return std::string(value);
  else
    return std::to_string(value);
}

inline int runAll(const char* filter) {
  int passed = 0, failed = 0, skipped = 0;
  for (const Case& c : cases()) {
    if (filter != nullptr && std::strstr(c.name, filter) == nullptr) continue;
    failures = 0;
    skipReason.clear();
    alarm(120);   // a container that hangs ends the run, by SIGALRM
    if (!c.root || geteuid() == 0)
      c.run();
    else
      skipReason = "needs root";
    if (failures != 0) {
      std::printf("FAIL %s\n", c.name);
      ++failed;
    } else if (!skipReason.empty()) {
      std::printf("skip %s: %s\n", c.name, skipReason.c_str());
      ++skipped;
    } else {
      ++passed;
    }
  }
  std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
  return failed == 0 ? 0 : 1;
}

}  // namespace test

#define TEST_OF(name, root)                                       \
  static void name();                                             \
  static const test::Register register_##name(#name, root, name); \
  static void name()
#define TEST(name) TEST_OF(name, false)
#define ROOT_TEST(name) TEST_OF(name, true)
#define EXPECT(condition)                                              \
  do {                                                                 \
    if (!(condition)) test::fail(__FILE__, __LINE__, "expected " #condition); \
  } while (0)
#define EXPECT_EQ(a, b)                                                                                   \
  do {                                                                                                    \
    const auto& seen_ = (a);                                                                             \
    const auto& wanted_ = (b);                                                                           \
    if (!(seen_ == wanted_))                                                                              \
      test::fail(__FILE__, __LINE__, #a " is " + test::show(seen_) + ", expected " + test::show(wanted_));  \
  } while (0)
#define SKIP(reason)          \
  do {                        \
    test::skipReason = reason; \
    return;                   \
  } while (0)
