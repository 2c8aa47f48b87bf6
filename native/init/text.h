// The few things about bytes and strings that a program without libc needs.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace tinyrun {

inline size_t length(const char* s) { return __builtin_strlen(s); }
inline bool equal(const char* a, const char* b) { return __builtin_strcmp(a, b) == 0; }
inline bool startsWith(const char* s, const char* prefix) {
  return __builtin_strncmp(s, prefix, length(prefix)) == 0;
}

// A string in a caller's buffer. Text that does not fit is cut and `cut()` says so: callers that build something the
// kernel will read must ask, those that build a message need not.
template <size_t N>
class Text {
 public:
  Text() { data_[0] = 0; }
  Text& add(const char* s) { return add(s, length(s)); }
  Text& add(const char* s, size_t n) {
    const size_t room = N - 1 - size_;
    cut_ = cut_ || n > room;
    if (n > room) n = room;
    __builtin_memcpy(data_ + size_, s, n);
    size_ += n;
    data_[size_] = 0;
    return *this;
  }
  Text& add(uint64_t number) {
    char digits[20];
    size_t n = 0;
    do digits[sizeof digits - ++n] = static_cast<char>('0' + number % 10);
    while ((number /= 10) != 0);
    return add(digits + sizeof digits - n, n);
  }
  void clear() {
    size_ = 0;
    cut_ = false;
    data_[0] = 0;
  }
  const char* c_str() const { return data_; }
  char* data() { return data_; }
  size_t size() const { return size_; }
  bool cut() const { return cut_; }

 private:
  size_t size_ = 0;
  bool cut_ = false;
  char data_[N];
};

inline void copyText(char* to, size_t room, const char* from) {
  size_t n = length(from);
  if (n > room - 1) n = room - 1;
  __builtin_memcpy(to, from, n);
  to[n] = 0;
}

}  // namespace tinyrun
