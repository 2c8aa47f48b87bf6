// Mounts in our own mount namespace: volumes of a driver with options.
#include "host.h"
#include "newfs.h"

namespace tinyrun {

Result run(Host& host, const args::mountHost& a) {
  const sys::Fd fs(sys::fsopen(a.type));
  if (fs.bad()) return failed("fsopen", fs.value(), a.type);
  if (!a.source.empty()) {
    const long r = sys::fsconfig(fs.get(), FSCONFIG_SET_STRING, "source", a.source.data, 0);
    if (r < 0) return fsFailure(host, fs.get(), "fsconfig", r, a.source);
  }
  for (const Str option : a.options)
    if (Result r = configure(host, fs.get(), a.type, option); !r) return r;
  sys::Fd mount;
  if (Result r = createMount(host, fs.get(), a.target, a.attr, mount); !r) return r;
  const sys::Fd target(sys::openat(AT_FDCWD, a.target, O_PATH | O_DIRECTORY | O_NOFOLLOW));
  if (target.bad()) return failed("openat", target.value(), a.target);
  return check("move_mount", sys::moveMount(mount.get(), target.get()), a.target);
}

}  // namespace tinyrun
