// Files of a cgroup2 directory. Each value is one write(2): the kernel takes a write as one command.
#include "bind.h"
#include "open.h"

namespace tinyrun {
namespace {

void cgroupWrite(Fd dirfd, Path file, Text value) {
  const UniqueFd fd(openBeneath(dirfd, file, O_WRONLY));
  check(retry([&] { return ::write(fd.get(), value.data(), value.size()); }), "write", file, value);
}

std::string cgroupRead(Fd dirfd, Path file) {
  const UniqueFd fd(openBeneath(dirfd, file, O_RDONLY));
  std::string text;
  char chunk[4096];
  while (true) {
    const ssize_t size = check(retry([&] { return ::read(fd.get(), chunk, sizeof chunk); }), "read", file);
    if (size == 0) return text;
    text.append(chunk, static_cast<size_t>(size));
  }
}

}  // namespace

void exportCgroup(Exports& out) {
  out.insert(out.end(), {bind<&cgroupWrite>("cgroupWrite"), bind<&cgroupRead>("cgroupRead")});
}

}  // namespace tinyrun
