// Paths in a hostile root: nothing outside of it is ever reached or made.
#include "../init/root.h"

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

#include "fixture.h"
#include "harness.h"

using namespace tinyrun;
namespace fs = std::filesystem;

namespace {

struct Fd {
  long value;
  explicit Fd(long fd) : value(fd) {}
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  ~Fd() {
    if (value >= 0) close(get());
  }
  int get() const { return static_cast<int>(value); }
};

Fd directory(const std::string& path) { return Fd(open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)); }

struct Tree {
  fixture::Directory dir;
  std::string root = dir / "root";
  Fd fd{-1};
  Tree() {
    fs::create_directories(root + "/a/b");
    fs::create_directories(dir / "host");
    fd.value = open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  }
  void link(const std::string& target, const std::string& at) { fs::create_symlink(target, root + at); }
  long make(const char* path, const Making& making = {}) {
    const Fd made(makeInRoot(fd.get(), path, making));
    return made.value < 0 ? made.value : 0;
  }
};

}  // namespace

TEST(makesParentsInTheRoot) {
  Tree t;
  EXPECT_EQ(t.make("/x/y/z"), 0);
  EXPECT(fs::is_directory(t.root + "/x/y/z"));
  EXPECT_EQ(t.make("a/file", {.directory = false, .mode = 0600}), 0);
  EXPECT(fs::is_regular_file(t.root + "/a/file"));
  EXPECT_EQ(t.make("/p//q/./r/"), 0);
  EXPECT(fs::is_directory(t.root + "/p/q/r"));
  EXPECT_EQ(t.make("/"), 0);
}

TEST(linksStayInTheRoot) {
  Tree t;
  t.link("/host", "/absolute");
  t.link("../../../host", "/a/up");
  t.link("/", "/slash");
  fs::create_directories(t.root + "/host");
  EXPECT_EQ(t.make("/absolute/one"), 0);
  EXPECT_EQ(t.make("/a/up/two"), 0);
  EXPECT_EQ(t.make("/slash/a/three"), 0);
  EXPECT_EQ(t.make("/../../host/four"), 0);
  EXPECT(fs::exists(t.root + "/host/one") && fs::exists(t.root + "/host/two") && fs::exists(t.root + "/host/four"));
  EXPECT(fs::exists(t.root + "/a/three"));
  EXPECT(fs::is_empty(t.dir / "host"));
}

TEST(danglingLinksAreMadeInTheRoot) {
  Tree t;
  fs::create_directories(t.root + "/etc");
  t.link("../run/resolve/stub.conf", "/etc/resolv.conf");
  t.link("/var/deep/down", "/etc/down");
  t.link("chain2", "/etc/chain1");
  t.link("../../../../../etc/made", "/etc/chain2");
  EXPECT_EQ(t.make("/etc/resolv.conf", {.directory = false, .mode = 0644}), 0);
  EXPECT(fs::is_regular_file(t.root + "/run/resolve/stub.conf"));
  EXPECT_EQ(t.make("/etc/down/below"), 0);
  EXPECT(fs::is_directory(t.root + "/var/deep/down/below"));
  EXPECT_EQ(t.make("/etc/chain1/x"), 0);
  EXPECT(fs::is_directory(t.root + "/etc/made/x"));
}

TEST(loopsAndMisfitsAreErrors) {
  Tree t;
  t.link("loop2", "/loop1");
  t.link("loop1", "/loop2");
  fixture::writeFile(t.root + "/file", "");
  EXPECT_EQ(t.make("/loop1/x"), -ELOOP);
  EXPECT_EQ(t.make("/file/x"), -ENOTDIR);
  EXPECT_EQ(t.make("/file"), -ENOTDIR);
  EXPECT_EQ(t.make("/missing/../x"), -ENOENT);
  EXPECT_EQ(t.make(("/" + std::string(300, 'n')).c_str()), -ENAMETOOLONG);
  EXPECT_EQ(t.make(("/" + std::string(5000, 'n')).c_str()), -ENAMETOOLONG);
}

TEST(plainPathsRefuseLinks) {
  Tree t;
  t.link("a", "/alias");
  t.link("nowhere", "/dangling");
  EXPECT_EQ(t.make("/alias", {.resolve = kPlain}), -ELOOP);
  EXPECT_EQ(t.make("/alias/x", {.resolve = kPlain}), -ELOOP);
  EXPECT_EQ(t.make("/dangling", {.resolve = kPlain}), -ELOOP);
  EXPECT_EQ(t.make("/dangling/x", {.resolve = kPlain}), -ELOOP);
  EXPECT(!fs::exists(t.root + "/nowhere"));
  EXPECT_EQ(t.make("/a/c/d", {.resolve = kPlain}), 0);
}

TEST(magicLinksAreRefused) {
  const Fd root = directory("/");
  EXPECT_EQ(Fd(openInRoot(root.get(), "/proc/self/fd/0", O_PATH)).value, -ELOOP);
  EXPECT_EQ(Fd(openInRoot(root.get(), "/proc/self/cwd", O_PATH)).value, -ELOOP);
}

TEST(procIsVerified) {
  const auto verify = [](const char* path) { return verifyProc(directory(path).get()); };
  EXPECT_EQ(verify("/proc"), 0);
  EXPECT_EQ(verify("/proc/sys"), -EXDEV);
  EXPECT_EQ(verify("/tmp"), -EXDEV);
}

TEST(parentAndName) {
  Tree t;
  char name[256];
  const Fd dir(parentInRoot(t.fd.get(), "/dev/net/tun", kPlain, name));
  EXPECT(dir.value >= 0);
  EXPECT_EQ(std::string(name), "tun");
  EXPECT(fs::is_directory(t.root + "/dev/net"));
  EXPECT_EQ(parentInRoot(t.fd.get(), "/", kPlain, name), -EINVAL);
  EXPECT_EQ(parentInRoot(t.fd.get(), "/a/..", kPlain, name), -EINVAL);
}
