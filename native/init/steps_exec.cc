// The end of the lane: where the program runs, which it is, what it keeps, and its execve.
#include "container.h"
#include "program.h"
#include "root.h"

namespace tinyrun {

// Through a magic link like /proc/self/fd/7 a directory of the host could become the current one (CVE-2024-21626):
// the walk refuses such links, and the answer of getcwd(2) is looked at, which is "(unreachable)/…" outside the root.
Result run(Container& lane, const args::chdir& a) {
  if (a.create != 0) {
    const sys::Fd made(makeInRoot(rootOf(lane), a.path, {}));
    if (made.bad()) return failed("mkdirat", made.value(), a.path);
  }
  const sys::Fd dir(openInRoot(rootOf(lane), a.path, O_PATH | O_DIRECTORY));
  if (dir.bad()) return failed("openat2", dir.value(), a.path);
  if (Result r = check("chdir", sys::fchdir(dir.get()), a.path); !r) return r;
  char cwd[4096];
  const long n = sys::getcwd(cwd, sizeof cwd);
  if (n < 0) return failed("getcwd", n, a.path);
  return cwd[0] == '/' ? kDone : Result{EXDEV, "getcwd", "current directory is outside of the container"};
}

namespace {

// 0, or why this file is not a program: execvp(3) goes on after ENOENT, ENOTDIR and EACCES.
long probe(const char* path) {
  struct stat st;
  if (const long r = sys::fstatat(AT_FDCWD, path, &st, 0); r < 0) return r;
  if (sys::isDirectory(st.st_mode)) return -EACCES;
  constexpr int kExecute = 1, kEffective = 0x200;   // X_OK, AT_EACCESS
  return sys::faccessat2(AT_FDCWD, path, kExecute, kEffective);
}

bool hasSlash(const char* text) {
  while (*text != 0 && *text != '/') ++text;
  return *text == '/';
}

}  // namespace

Result run(Container& lane, const args::findExecutable& a) {
  if (a.name.empty()) return {ENOENT, "execve", a.name};
  if (a.name.size >= sizeof lane.executable) return {ENAMETOOLONG, "execve", a.name};
  copyText(lane.executable, sizeof lane.executable, a.name);
  if (hasSlash(a.name)) return check("execve", probe(a.name), a.name);
  if (a.path.empty()) return failed("execve", -ENOENT, a.name);
  for (const char* at = a.path;; ++at) {
    const char* end = at;
    while (*end != 0 && *end != ':') ++end;
    Text<4096> candidate;
    candidate.add(at, static_cast<size_t>(end - at)).add(end == at ? "./" : "/").add(a.name);
    const long r = candidate.cut() ? -ENAMETOOLONG : probe(candidate.c_str());
    if (r == 0) {
      copyText(lane.executable, sizeof lane.executable, candidate.c_str());
      return kDone;
    }
    at = end;
    if (*at == 0) break;
  }
  // What is there and may not be run is passed over, as by runc: its callers answer 127 then, not 126.
  return failed("execve", -ENOENT, a.name);
}

Result run(Container& lane, const args::closeFds& a) {
  // Not only at execve: whoever catches this process before it would find the host behind its procfs.
  drop(lane.proc);
  forgetRoot(lane);
  return check("close_range", sys::closeRange(3 + a.keep, kNoSlot, CLOSE_RANGE_CLOEXEC), "");
}

Result run(Container& lane, const args::dieWithParent& a) {
  if (Result r = check("prctl", sys::prctl(PR_SET_PDEATHSIG, a.signal), "PR_SET_PDEATHSIG"); !r) return r;
  // It may have died before: then its end of the control socket is closed.
  struct pollfd host = {lane.control, 0, 0};
  struct __kernel_timespec now = {};
  if (sys::ppoll(&host, 1, &now) > 0 && (host.revents & POLLHUP) != 0) sys::exit(125);
  return kDone;
}

Result run(Container& lane, const args::execve& a) {
  if (a.args.count == 0) return {EINVAL, "execve", "no arguments"};
  const char** argv = nullptr;
  const char** envp = nullptr;
  if (Result r = pointersOf(a.args, argv); !r) return r;
  if (Result r = pointersOf(a.env, envp); !r) return r;
  const char* path = lane.executable[0] != 0 ? lane.executable : argv[0];
  sys::umask(lane.umask);
  const long r = sys::call(__NR_execve, path, argv, envp);
  return failed("execve", r, path);
}

}  // namespace tinyrun
