#include "host.h"

namespace tinyrun {

Result run(Host& host, const args::dial& a) {
  // however long the way there is: a socket's own path has 107 bytes
  size_t slash = a.path.size;
  while (slash > 0 && a.path[slash - 1] != '/') --slash;
  Text<4096> directory;
  directory.add(a.path, slash);
  if (slash == 0) directory.add(".");
  const sys::Fd dir(sys::openat(AT_FDCWD, directory.c_str(), O_PATH | O_DIRECTORY));
  if (dir.bad()) return failed("openat", dir.value(), a.path);
  Text<108> name;
  name.add("/proc/self/fd/").add(static_cast<uint64_t>(dir.get())).add("/").add(a.path.data + slash);
  const long fd = name.cut() ? -ENAMETOOLONG : sys::connectPacket(name.c_str());
  return fd < 0 ? failed("connect", fd, a.path) : host.put(a.slot, static_cast<int>(fd));
}

}  // namespace tinyrun
