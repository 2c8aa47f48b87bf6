/* The text of json-file's lines, from standard input to standard output: what `logs` does, and no more. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char in[1 << 20], out[1 << 20];

static int hex(char c) { return c <= '9' ? c - '0' : (c | 32) - 'a' + 10; }

static char *unescape(char *to, const char **at) {
  const char c = *(*at)++;
  if (c != 'u') {
    *to++ = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
    return to;
  }
  unsigned code = 0;
  for (int i = 0; i < 4; ++i) code = code << 4 | (unsigned)hex(*(*at)++);
  if (code < 0x80) *to++ = (char)code;
  else if (code < 0x800) *to++ = (char)(0xc0 | code >> 6), *to++ = (char)(0x80 | (code & 0x3f));
  else *to++ = (char)(0xe0 | code >> 12), *to++ = (char)(0x80 | (code >> 6 & 0x3f)), *to++ = (char)(0x80 | (code & 0x3f));
  return to;
}

static void flush(char *to) {
  for (char *at = out; at < to;) {
    const ssize_t n = write(1, at, (size_t)(to - at));
    if (n <= 0) _exit(1);
    at += n;
  }
}

int main(void) {
  size_t filled = 0;
  for (ssize_t n; (n = read(0, in + filled, sizeof in - filled)) > 0;) {
    filled += (size_t)n;
    const char *line = in, *end;
    char *to = out;
    while ((end = memchr(line, '\n', (size_t)(in + filled - line))) != NULL) {
      if (strncmp(line, "{\"log\":\"", 8) == 0)
        for (const char *at = line + 8; at < end && *at != '"';) {
          if (*at == '\\') ++at, to = unescape(to, &at);
          else *to++ = *at++;
        }
      line = end + 1;
    }
    flush(to);
    filled = (size_t)(in + filled - line);
    memmove(in, line, filled);
  }
  return 0;
}
