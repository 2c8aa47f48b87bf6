// cgroup v2 directories of the host: made, limited, frozen, killed, removed. Waiting is for cgroup.events, which the
// kernel signals by POLLPRI, never for time.
#include <linux/bpf.h>

#include "host.h"

namespace tinyrun {

// The verifier gives up with EAGAIN when a signal is pending (a profiler's, a resized terminal's), as often as one asks;
// a blocked one is not. What is left of EAGAIN is work that the kernel itself has for this thread, done by then.
long loadProgram(union bpf_attr& load) {
  uint64_t old = 0;
  sys::sigprocmask(SIG_SETMASK, &sys::kAllSignals, &old);
  long fd = -EAGAIN;
  for (int tries = 0; fd == -EAGAIN && tries < 5; ++tries)
    fd = sys::call(__NR_bpf, BPF_PROG_LOAD, &load, sizeof load);
  sys::sigprocmask(SIG_SETMASK, &old, nullptr);
  return fd;
}

namespace {

using Path = Text<4096>;

long openFile(int dir, const char* name, int flags) {
  return sys::openat2(dir, name, static_cast<uint64_t>(flags), RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
}

long writeIn(int dir, const char* name, const char* value) {
  const sys::Fd file(openFile(dir, name, O_WRONLY));
  if (file.bad()) return file.value();
  return sys::write(file.get(), value, length(value));
}

// A small file of a cgroup as text; cut where longer.
template <size_t N>
long readIn(int dir, const char* name, char (&text)[N]) {
  const sys::Fd file(openFile(dir, name, O_RDONLY));
  if (file.bad()) return file.value();
  const long n = sys::read(file.get(), text, N - 1);
  text[n < 0 ? 0 : n] = 0;
  return n;
}

// Is `word` one of the words of `text`, or a line of it?
bool hasWord(const char* text, const char* word) {
  const size_t n = length(word);
  for (const char* at = text; *at != 0;) {
    const char* end = at;
    while (*end != 0 && *end != ' ' && *end != '\n') ++end;
    if (static_cast<size_t>(end - at) == n && __builtin_strncmp(at, word, n) == 0) return true;
    at = *end == 0 ? end : end + 1;
  }
  return false;
}

// Waits until cgroup.events says "key value"; ETIMEDOUT when a process hangs in the kernel, or was never killed.
long awaitEvent(int dir, const char* key, char value, long long seconds = 10) {
  const sys::Fd file(openFile(dir, "cgroup.events", O_RDONLY));
  if (file.bad()) return file.value();
  Text<32> wanted;
  wanted.add(key).add(" ").add(&value, 1);
  const uint64_t deadline = sys::nanoseconds() + static_cast<uint64_t>(seconds) * 1'000'000'000;
  for (;;) {
    char text[256];
    if (const long r = sys::lseek(file.get(), 0, 0); r < 0) return r;
    const long n = sys::read(file.get(), text, sizeof text - 1);
    if (n < 0) return n;
    text[n] = 0;
    for (const char* line = text; *line != 0;) {
      if (startsWith(line, wanted.c_str())) return 0;
      while (*line != 0 && *line != '\n') ++line;
      if (*line == '\n') ++line;
    }
    struct pollfd wait = {file.get(), POLLPRI, 0};
    const uint64_t now = sys::nanoseconds();
    if (now >= deadline) return -ETIMEDOUT;
    struct __kernel_timespec left = {static_cast<long long>((deadline - now) / 1'000'000'000),
                                     static_cast<long long>((deadline - now) % 1'000'000'000)};
    if (const long r = sys::ppoll(&wait, 1, &left); r < 0 && r != -EINTR) return r;
  }
}

// Hands the controllers that this directory has, and not yet gives on, to those below it. One that cannot be (cpu with
// real-time processes, a threaded cgroup's memory) must not keep the others back: who needs it finds its file missing.
long enable(int dir, const Strs& controllers) {
  char available[512], enabled[512];
  if (const long r = readIn(dir, "cgroup.controllers", available); r < 0) return r;
  if (const long r = readIn(dir, "cgroup.subtree_control", enabled); r < 0) return r;
  const auto isWanted = [&](const Str controller) {
    return hasWord(available, controller) && !hasWord(enabled, controller);
  };
  Text<512> all;
  for (const Str controller : controllers)
    if (isWanted(controller)) all.add(all.size() == 0 ? "+" : " +").add(controller);
  if (all.size() == 0 || writeIn(dir, "cgroup.subtree_control", all.c_str()) >= 0) return 0;
  for (const Str controller : controllers) {
    if (!isWanted(controller)) continue;
    Text<64> one;
    writeIn(dir, "cgroup.subtree_control", one.add("+").add(controller).c_str());
  }
  return 0;
}

long openCgroup(const char* path) { return sys::openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY); }

// Whether an open cgroup was removed: by systemd, which takes its own away as soon as they are empty. No other has no
// cgroup.procs, while a missing file may be one that this kernel does not have.
bool isRemoved(int dir) {
  const sys::Fd procs(openFile(dir, "cgroup.procs", O_RDONLY));
  return procs.value() == -ENOENT || procs.value() == -ENODEV;
}

// SIGKILL to each process while none can fork, for kernels before 5.14.
long killFrozen(int dir) {
  if (const long r = writeIn(dir, "cgroup.freeze", "1"); r < 0) return r;
  if (const long r = awaitEvent(dir, "frozen", '1'); r < 0) return r;
  const sys::Fd procs(openFile(dir, "cgroup.procs", O_RDONLY));
  if (procs.bad()) return procs.value();
  char text[4096];
  int pid = 0;
  for (long n; (n = sys::read(procs.get(), text, sizeof text)) > 0;)
    for (long i = 0; i < n; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        pid = pid * 10 + (text[i] - '0');
      } else {
        if (pid > 0) sys::kill(pid, SIGKILL);
        pid = 0;
      }
    }
  const long r = writeIn(dir, "cgroup.freeze", "0");
  return r < 0 ? r : 0;
}

}  // namespace

Result run(Host& host, const args::cgroupCreate& a) {
  sys::Fd dir(openCgroup(a.root));
  if (dir.bad()) return failed("openat", dir.value(), a.root);
  for (const char* at = a.path; *at != 0;) {
    const char* end = at;
    while (*end != 0 && *end != '/') ++end;
    Text<256> name;
    if (name.add(at, static_cast<size_t>(end - at)).cut()) return {ENAMETOOLONG, "mkdirat", a.path};
    at = *end == 0 ? end : end + 1;
    if (name.size() == 0 || equal(name.c_str(), ".")) continue;
    if (const long r = enable(dir.get(), a.controllers); r < 0) return failed("write", r, "cgroup.subtree_control");
    const long made = sys::mkdirat(dir.get(), name.c_str(), 0755);
    if (made < 0 && made != -EEXIST) return failed("mkdirat", made, a.path);
    dir.reset(sys::openat2(dir.get(), name.c_str(), O_RDONLY | O_DIRECTORY, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS));
    if (dir.bad()) return failed("openat2", dir.value(), a.path);
  }
  return host.put(a.slot, dir.release());
}

Result run(Host& host, const args::cgroupDevices& a) {
  union bpf_attr load = {};
  load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
  load.expected_attach_type = BPF_CGROUP_DEVICE;
  load.insns = reinterpret_cast<uint64_t>(a.program.data);
  load.insn_cnt = static_cast<uint32_t>(a.program.size / sizeof(struct bpf_insn));
  load.license = reinterpret_cast<uint64_t>("Apache");
  const sys::Fd program(loadProgram(load));
  if (program.bad()) return failed("bpf", program.value(), "BPF_PROG_LOAD");
  union bpf_attr attach = {};
  attach.target_fd = static_cast<uint32_t>(host.fdOf(a.slot));
  attach.attach_bpf_fd = static_cast<uint32_t>(program.get());
  attach.attach_type = BPF_CGROUP_DEVICE;
  attach.attach_flags = BPF_F_ALLOW_MULTI;
  return check("bpf", sys::call(__NR_bpf, BPF_PROG_ATTACH, &attach, sizeof attach), "BPF_PROG_ATTACH");
}

Result run(Host&, const args::cgroupKill& a) {
  const sys::Fd dir(openCgroup(a.path));
  if (dir.value() == -ENOENT) return kDone;
  if (dir.bad()) return failed("openat", dir.value(), a.path);
  const char* call = "write";
  long r = writeIn(dir.get(), "cgroup.kill", "1");
  if (r == -ENOENT) r = killFrozen(dir.get());
  if (r >= 0) {
    call = "ppoll";
    r = awaitEvent(dir.get(), "populated", '0');
  }
  return r < 0 && isRemoved(dir.get()) ? kDone : check(call, r, a.path);
}

Result run(Host&, const args::cgroupFreeze& a) {
  const sys::Fd dir(openCgroup(a.path));
  if (dir.bad()) return failed("openat", dir.value(), a.path);
  const char value[2] = {a.frozen != 0 ? '1' : '0', 0};
  if (Result r = check("write", writeIn(dir.get(), "cgroup.freeze", value), a.path); !r) return r;
  return check("ppoll", awaitEvent(dir.get(), "frozen", value[0]), a.path);
}

namespace {

constexpr int kMaxDepth = 16;   // cgroups of a container below its own; its programs can make more only if delegated

long removeBelow(int dir, int depth) {
  if (depth > kMaxDepth) return -ELOOP;
  alignas(8) char buffer[1024];
  for (long n; (n = sys::getdents(dir, buffer, sizeof buffer)) != 0;) {
    if (n < 0) return n;
    for (long at = 0; at < n;) {
      const auto* entry = reinterpret_cast<const sys::DirectoryEntry*>(buffer + at);
      at += entry->size;
      if (entry->type != sys::kDirectoryType || equal(entry->name, ".") || equal(entry->name, "..")) continue;
      const sys::Fd child(sys::openat(dir, entry->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
      if (!child.bad())
        if (const long r = removeBelow(child.get(), depth + 1); r < 0 && r != -ENOENT) return r;
      const long r = sys::unlinkat(dir, entry->name, AT_REMOVEDIR);
      if (r < 0 && r != -ENOENT) return r;
    }
  }
  return 0;
}

}  // namespace

Result run(Host&, const args::cgroupRemove& a) {
  const sys::Fd dir(openCgroup(a.path));
  if (dir.value() == -ENOENT) return kDone;
  if (dir.bad()) return failed("openat", dir.value(), a.path);
  // Its processes are dead, but may not be gone yet: rmdir answers EBUSY until the last is.
  long r = awaitEvent(dir.get(), "populated", '0', 2);
  if (r == -ETIMEDOUT) r = -EBUSY;
  if (r >= 0) r = removeBelow(dir.get(), 0);
  if (r >= 0) r = sys::unlinkat(AT_FDCWD, a.path, AT_REMOVEDIR);
  return r < 0 && isRemoved(dir.get()) ? kDone : check("unlinkat", r, a.path);
}

}  // namespace tinyrun
