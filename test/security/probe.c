/* Calls what the default filter is there for and prints each call's errno, one per line. Static: it runs in any root. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static void report(const char *name, long result) {
  printf("%s %s\n", name, result == -1 ? strerrorname_np(errno) : "ok");
}

/* A child that the kernel did make must not go on printing. */
static void try_clone(const char *name, unsigned long flags) {
  long pid = syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
  if (pid == 0) _exit(0);
  report(name, pid);
}

int main(void) {
  char args[88] = {0};
  try_clone("clone(CLONE_NEWUSER)", CLONE_NEWUSER);
  try_clone("clone(CLONE_NEWNS)", CLONE_NEWNS);
  try_clone("clone(CLONE_NEWNET)", CLONE_NEWNET);
  report("clone3", syscall(SYS_clone3, args, 8));
  report("unshare(CLONE_NEWUSER)", syscall(SYS_unshare, CLONE_NEWUSER));
  report("unshare(CLONE_NEWNS)", syscall(SYS_unshare, CLONE_NEWNS));
  report("setns", syscall(SYS_setns, -1, 0));
  report("mount", syscall(SYS_mount, "none", "/nowhere", "tmpfs", 0, 0));
  report("fsopen", syscall(SYS_fsopen, "nofs", 0));
  report("open_tree", syscall(SYS_open_tree, -1, "", 0));
  report("move_mount", syscall(SYS_move_mount, -1, "", -1, "", 0));
  report("mount_setattr", syscall(SYS_mount_setattr, -1, "", 0, 0, 0));
  report("pivot_root", syscall(SYS_pivot_root, "/nowhere", "/nowhere"));
  report("bpf", syscall(SYS_bpf, -1, 0, 0));
  report("perf_event_open", syscall(SYS_perf_event_open, 0, -1, -1, -1, 0));
  report("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0));
  report("add_key", syscall(SYS_add_key, 0, 0, 0, 0, 0));
  report("request_key", syscall(SYS_request_key, 0, 0, 0, 0));
  report("userfaultfd", syscall(SYS_userfaultfd, -1));
  report("io_uring_setup", syscall(SYS_io_uring_setup, 0, 0));
  report("io_uring_enter", syscall(SYS_io_uring_enter, -1, 0, 0, 0, 0, 0));
  report("io_uring_register", syscall(SYS_io_uring_register, -1, 0, 0, 0));
  report("kexec_load", syscall(SYS_kexec_load, 0, 0, 0, -1));
  report("init_module", syscall(SYS_init_module, 0, 0, 0));
  report("finit_module", syscall(SYS_finit_module, -1, "", 0));
  report("delete_module", syscall(SYS_delete_module, "nomodule", 0));
  report("reboot", syscall(SYS_reboot, 0, 0, 0, 0));
  report("swapon", syscall(SYS_swapon, "/nowhere", 0));
  report("settimeofday", syscall(SYS_settimeofday, 0, 0));
  report("open_by_handle_at", syscall(SYS_open_by_handle_at, -1, 0, 0));
  report("personality(ADDR_NO_RANDOMIZE)", syscall(SYS_personality, ADDR_NO_RANDOMIZE));
  report("socket(AF_ALG)", socket(38, SOCK_SEQPACKET, 0));
  report("socket(AF_VSOCK)", socket(40, SOCK_STREAM, 0));
  report("socket(AF_INET)", socket(AF_INET, SOCK_STREAM, 0));
  report("socket(AF_INET, SOCK_RAW)", socket(AF_INET, SOCK_RAW, 1));
  report("socket(AF_UNIX)", socket(AF_UNIX, SOCK_STREAM, 0));
  report("getpid", syscall(SYS_getpid));
  return 0;
}
