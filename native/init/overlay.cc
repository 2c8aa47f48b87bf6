// overlayfs(5) from any number of layers. Linux 6.7 takes them one by one ("lowerdir+": nothing to fit into a page,
// nothing to escape); before that fsconfig(2) cuts values at 256 bytes, and mount(2) takes one page of options.
#include "mounts.h"

namespace tinyrun {

namespace {

Result setString(Container& lane, int fs, const char* key, const char* value) {
  const long r = sys::fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0);
  return r < 0 ? fsFailure(lane, fs, "fsconfig", r, value) : kDone;
}

// EINVAL with `unknown`: this kernel has no "lowerdir+". Before overlayfs knew the new mount API (6.5) fsconfig(2) took
// any key, until they filled a page, and only the creation of the superblock told.
Result layerByLayer(Container& lane, const args::rootfsOverlay& a, sys::Fd& mount, bool& unknown) {
  const sys::Fd fs(sys::fsopen("overlay"));
  if (fs.bad()) return failed("fsopen", fs.value(), "overlay");
  const auto directory = [&](const char* key, const char* path) {
    const Result r = setString(lane, fs.get(), key, path);
    unknown = r.err == EINVAL;
    return r;
  };
  for (const Str lower : a.lowers)
    if (Result r = directory("lowerdir+", lower); !r) return r;
  if (!a.upper.empty()) {
    if (Result r = directory("upperdir", a.upper); !r) return r;
    if (Result r = directory("workdir", a.work); !r) return r;
  }
  for (const Str option : a.options)
    if (Result r = configure(lane, fs.get(), "overlay", option); !r) return r;
  const Result r = createMount(lane, fs.get(), "overlay", 0, mount);
  unknown = r.err == EINVAL;
  return r;
}

// The options of mount(2), and the fds they name.
struct Page {
  Text<4096> text;
  unsigned count = 0;
  int fds[1024];
  Page() = default;
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;
  ~Page() {
    while (count != 0) sys::close(fds[--count]);
  }
};

// A directory in few bytes and without escapes: relative to `base`, else the number of an O_PATH fd, with
// /proc/self/fd as the current directory.
Result addDirectory(Page& page, const args::rootfsOverlay& a, const char* path) {
  if (!a.base.empty()) {
    const bool below = startsWith(path, a.base) && path[a.base.size] == '/';
    page.text.add(below ? path + a.base.size + 1 : path);
    return kDone;
  }
  if (page.count == sizeof page.fds / sizeof page.fds[0]) return {E2BIG, "mount", "overlay"};
  const long fd = sys::openat(AT_FDCWD, path, O_PATH | O_DIRECTORY);
  if (fd < 0) return failed("openat", fd, path);
  page.fds[page.count++] = static_cast<int>(fd);
  page.text.add(static_cast<uint64_t>(fd));
  return kDone;
}

Result writeOptions(Page& page, const args::rootfsOverlay& a) {
  const char* separator = "lowerdir=";
  for (const Str lower : a.lowers) {
    page.text.add(separator);
    separator = ":";
    if (Result r = addDirectory(page, a, lower); !r) return r;
  }
  if (!a.upper.empty()) {
    page.text.add(",upperdir=");
    if (Result r = addDirectory(page, a, a.upper); !r) return r;
    page.text.add(",workdir=");
    if (Result r = addDirectory(page, a, a.work); !r) return r;
  }
  for (const Str option : a.options) page.text.add(",").add(option);
  return page.text.cut() ? Result{E2BIG, "mount", "overlay options exceed one page"} : kDone;
}

// mount(2) needs a place at once: `path`, from which open_tree(2) takes a clone before the first is taken away again.
Result inOnePage(Container& lane, const args::rootfsOverlay& a, sys::Fd& mount) {
  Page page;
  if (Result r = writeOptions(page, a); !r) return r;
  const char* from = a.base.empty() ? "/proc/self/fd" : a.base.data;
  if (Result r = check("chdir", sys::chdir(from), from); !r) return r;
  const long mounted = sys::mount("overlay", a.path, "overlay", 0, page.text.c_str());
  if (Result r = check("chdir", sys::chdir("/"), "/"); !r) return r;
  if (mounted < 0) {
    lane.detail.clear();
    lane.detail.add(a.path).add(" ").add(page.text.c_str());
    return failed("mount", mounted, lane.detail.c_str());
  }
  mount.reset(sys::openTree(AT_FDCWD, a.path, OPEN_TREE_CLONE));
  if (mount.bad()) return failed("open_tree", mount.value(), a.path);
  return check("umount2", sys::umount2(a.path, 2 /* MNT_DETACH */), a.path);
}

}  // namespace

Result mountOverlay(Container& lane, const args::rootfsOverlay& a, sys::Fd& mount) {
  bool unknown = false;
  const Result r = layerByLayer(lane, a, mount, unknown);
  return unknown ? inOnePage(lane, a, mount) : r;
}

}  // namespace tinyrun
