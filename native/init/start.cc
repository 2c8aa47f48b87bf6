// What a program without libc must bring: its entry, and the functions that compilers call by themselves.
#include <stddef.h>

#if defined(__x86_64__)
asm(R"(
.text
.globl _start
.type _start, @function
_start:
  xor %ebp, %ebp
  mov %rsp, %rdi
  and $-16, %rsp
  call tinyrunStart
  hlt
.size _start, .-_start
)");
#elif defined(__aarch64__)
asm(R"(
.text
.globl _start
.type _start, %function
_start:
  mov x29, xzr
  mov x30, xzr
  mov x0, sp
  bl tinyrunStart
  brk #0
.size _start, .-_start
)");
#endif

// Both compilers turn such loops into calls of the very functions they define, unless something opaque is in them.
#define KEEP_LOOP asm volatile("")

extern "C" {

void* memcpy(void* to, const void* from, size_t n) {
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  for (; n >= sizeof(size_t); n -= sizeof(size_t), in += sizeof(size_t), out += sizeof(size_t)) {
    KEEP_LOOP;
    size_t word;
    __builtin_memcpy(&word, in, sizeof word);   // one move
    __builtin_memcpy(out, &word, sizeof word);
  }
  for (; n != 0; --n) {
    KEEP_LOOP;
    *out++ = *in++;
  }
  return to;
}

void* memset(void* to, int value, size_t n) {
  auto* out = static_cast<unsigned char*>(to);
  for (; n != 0; --n) {
    KEEP_LOOP;
    *out++ = static_cast<unsigned char>(value);
  }
  return to;
}

void* memmove(void* to, const void* from, size_t n) {
  if (to <= from) return memcpy(to, from, n);
  auto* out = static_cast<unsigned char*>(to);
  const auto* in = static_cast<const unsigned char*>(from);
  while (n-- != 0) {
    KEEP_LOOP;
    out[n] = in[n];
  }
  return to;
}

int memcmp(const void* a, const void* b, size_t n) {
  const auto* x = static_cast<const unsigned char*>(a);
  const auto* y = static_cast<const unsigned char*>(b);
  for (; n != 0; --n, ++x, ++y) {
    KEEP_LOOP;
    if (*x != *y) return *x - *y;
  }
  return 0;
}

size_t strlen(const char* s) {
  size_t n = 0;
  while (s[n] != 0) {
    KEEP_LOOP;
    ++n;
  }
  return n;
}

int strncmp(const char* a, const char* b, size_t n) {
  for (; n != 0; --n, ++a, ++b)
    if (*a != *b || *a == 0) return static_cast<unsigned char>(*a) - static_cast<unsigned char>(*b);
  return 0;
}

int strcmp(const char* a, const char* b) {
  while (*a != 0 && *a == *b) ++a, ++b;
  return static_cast<unsigned char>(*a) - static_cast<unsigned char>(*b);
}

}
