// Extended attributes of a file named by directory fd and path. The kernel has setxattrat(2) only since 6.13, so the
// file is held by an O_PATH fd and addressed through its magic link, which resolves to the file and no further: a
// symlink is meant itself.
#include <sys/xattr.h>

#include "bind.h"
#include "open.h"

namespace tinyrun {
namespace {

// Holds the file for as long as the path in /proc is used.
class Held {
 public:
  Held(Fd dirfd, const Path& path)
      : opened_(path.empty() ? -1 : openPath(dirfd, path)), link_(procFd(path.empty() ? dirfd : opened_.get())) {}
  const char* link() const { return link_.c_str(); }

 private:
  UniqueFd opened_;
  std::string link_;
};

void setxattr(Fd dirfd, Path path, Text name, Bytes value) {
  const Held file(dirfd, path);
  check(::setxattr(file.link(), name.c_str(), value.data, value.size, 0), "setxattr", path, name);
}

void removexattr(Fd dirfd, Path path, Text name) {
  const Held file(dirfd, path);
  check(::removexattr(file.link(), name.c_str()), "removexattr", path, name);
}

// Asks for the size, then for the value, until the two agree: another process may change it in between.
template <class Call>
std::optional<std::vector<uint8_t>> grow(Call call, const char* name, const Path& path, const std::string& what) {
  while (true) {
    const ssize_t size = call(nullptr, 0);
    if (size == -1 && errno == ENODATA) return std::nullopt;
    check(size, name, path, what);
    if (size == 0) return std::vector<uint8_t>{};
    std::vector<uint8_t> value(static_cast<size_t>(size));
    const ssize_t got = call(value.data(), value.size());
    if (got == -1 && errno == ERANGE) continue;
    if (got == -1 && errno == ENODATA) return std::nullopt;
    value.resize(static_cast<size_t>(check(got, name, path, what)));
    return value;
  }
}

std::optional<std::vector<uint8_t>> getxattr(Fd dirfd, Path path, Text name) {
  const Held file(dirfd, path);
  return grow([&](void* to, size_t size) { return ::getxattr(file.link(), name.c_str(), to, size); }, "getxattr", path,
              name);
}

std::vector<std::string> listxattr(Fd dirfd, Path path) {
  const Held file(dirfd, path);
  const auto names = grow(
      [&](void* to, size_t size) { return ::listxattr(file.link(), static_cast<char*>(to), size); }, "listxattr", path,
      "");
  std::vector<std::string> list;
  std::string name;
  for (const uint8_t byte : names.value_or(std::vector<uint8_t>{})) {
    if (byte != 0) name += static_cast<char>(byte);
    else list.push_back(std::exchange(name, {}));
  }
  return list;
}

}  // namespace

void exportXattr(Exports& out) {
  out.insert(out.end(), {bind<&setxattr>("setxattr"), bind<&getxattr>("getxattr"), bind<&listxattr>("listxattr"),
                         bind<&removexattr>("removexattr")});
}

}  // namespace tinyrun
