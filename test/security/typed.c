/* Types into every terminal that it can open (TIOCSTI, tty_ioctl(4)). Static: it runs in any root. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

int main(void) {
  const char *paths[] = {"/dev/tty", "/dev/console", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2"};
  int fds[8] = {0, 1, 2};
  for (int i = 0; i < 5; i++) fds[3 + i] = open(paths[i], O_RDWR | O_NONBLOCK);
  for (int i = 0; i < 8; i++) ioctl(fds[i], TIOCSTI, "~");
  puts("tried");
  return 0;
}
