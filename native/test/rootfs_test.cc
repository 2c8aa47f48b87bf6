// The root file system of a container and what is mounted in it, against images that mean harm.
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "fixture.h"
#include "harness.h"

using namespace fixture;
namespace fs = std::filesystem;

ROOT_TEST(aHostMountIsNotSeenInsideNorOursOutside) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = containerIn(dir.path());
  plan.container(make::mountFs{.type = "proc", .source = "proc", .target = "/proc", .flags = 4});
  plan.container(make::mountFs{.type = "tmpfs", .target = "/tmp", .attr = 2 | 4});
  EXPECT_EQ(shell(plan, "grep -c . /proc/self/mountinfo"), "3\n");
  EXPECT(readFile("/proc/self/mountinfo").find(dir.path()) == std::string::npos);
}

ROOT_TEST(bindsOfEveryKind) {
  Directory dir;
  makeRoot(dir / "root");
  fs::create_directories(dir / "data/sub");
  writeFile(dir / "data/file", "data\n");
  auto plan = containerIn(dir / "root");
  plan.container(make::bind{.source = dir / "data", .target = "/new/place", .attrSet = 1, .flags = 1});
  plan.container(make::bind{.source = dir / "data/file", .target = "/etc/one"});
  plan.container(make::bind{.source = "/bin/busybox", .target = "/etc/self", .flags = 4});
  plan.container(make::bind{.source = dir / "nosuch", .target = "/etc/missing", .flags = 8});
  EXPECT_EQ(shell(plan, "cat /new/place/file /etc/one; echo x > /new/place/file; ls /new/place /etc"),
            "data\ndata\nsh: can't create /new/place/file: Read-only file system\n"
            "/etc:\none\nself\n\n/new/place:\nfile\nsub\n");
}

ROOT_TEST(plainPathsReplaceWhatTheImageHasThere) {
  Directory dir;
  makeRoot(dir / "root");
  fs::create_directories(dir / "canary");
  writeFile(dir / "canary/hosts", "host\n");
  fs::remove_all(dir / "root/etc");
  fs::create_symlink(dir / "canary", dir / "root/etc");
  fs::remove(dir / "root/dev");
  fs::create_symlink("dev", dir / "root/dev");
  fs::create_directories(dir / "root/file.d");
  writeFile(dir / "root/kept", "kept\n");
  auto plan = containerIn(dir / "root");
  plan.container(make::plainPaths{.dirs = {"/dev", "/proc/", "//sys"},
                                  .files = {"/etc/hosts", "/etc/hosts", "/file.d", "/kept", "/kept/below"}});
  EXPECT_EQ(shell(plan, "stat -c '%n %a %F' /dev /proc /sys /etc /etc/hosts /file.d /kept /kept/below"),
            "/dev 755 directory\n/proc 755 directory\n/sys 755 directory\n/etc 755 directory\n"
            "/etc/hosts 755 regular empty file\n/file.d 755 directory\n/kept 755 directory\n"
            "/kept/below 755 regular empty file\n");
  EXPECT_EQ(readFile(dir / "canary/hosts"), "host\n");
  EXPECT_EQ(fs::is_directory(fs::symlink_status(dir / "canary")), true);
  auto kept = containerIn(dir / "root");
  writeFile(dir / "root/kept2", "kept\n");
  kept.container(make::plainPaths{.files = {"/kept2"}});
  EXPECT_EQ(shell(kept, "cat /kept2"), "kept\n");
}

ROOT_TEST(detachedAndIdmappedBinds) {
  Directory dir;
  makeRoot(dir / "root");
  fs::create_directories(dir / "data");
  writeFile(dir / "data/file", "");
  make::Plan plan;
  plan.host(make::makeUserns{.uidMap = "0 5000 1000\n", .gidMap = "0 5000 1000\n", .slot = 1});
  plan.host(make::openTree{.path = dir / "data", .userns = 1, .slot = 2});
  plan.host(make::clone{.flags = kNewMount | kNewPid, .pass = {2}});
  plan.host(make::signalConfigured{}).container(make::awaitConfigured{});
  plan.container(make::propagateRoot{.flags = 1 << 19 | 1 << 14});
  plan.container(make::rootfsBind{.path = dir / "root"});
  plan.container(make::bind{.slot = 2, .target = "/data"});
  const std::string answer = shell(plan, "stat -c '%u %g' /data/file");
  if (answer.starts_with("mount_setattr EINVAL")) SKIP("the file system of the tests cannot be idmapped (tmpfs before Linux 6.3)");
  EXPECT_EQ(answer, "5000 5000\n");
}

ROOT_TEST(overlayOfManyLayers) {
  Directory dir;
  makeRoot(dir / "base");
  std::vector<std::string> lowers;
  for (int i = 0; i < 120; ++i) {
    lowers.push_back(dir / ("a-layer-with-quite-a-long-name-for-one-page-of-options-" + std::to_string(i)));
    fs::create_directories(lowers.back() + "/etc");
    writeFile(lowers.back() + "/etc/layer" + std::to_string(i), "");
    writeFile(lowers.back() + "/etc/top", std::to_string(i));
  }
  lowers.push_back(dir / "base");
  fs::create_directories(dir / "work");
  fs::create_directories(dir / "upper");
  fs::create_directories(dir / "merged");
  fs::create_directories(dir / "l");
  std::vector<std::string> links;
  for (const std::string& lower : lowers) {
    links.push_back(dir / ("l/" + std::to_string(links.size())));
    fs::create_symlink(lower, links.back());
  }
  for (const bool linked : {false, true}) {
    make::Plan overlay;
    overlay.host(make::clone{.flags = kNewMount | kNewPid});
    overlay.host(make::signalConfigured{}).container(make::awaitConfigured{});
    overlay.container(make::propagateRoot{.flags = 1 << 19 | 1 << 14});
    overlay.container(make::rootfsOverlay{.path = dir / "merged", .lowers = linked ? links : lowers,
                                          .upper = dir / "upper", .work = dir / "work",
                                          .base = linked ? dir / "l" : ""});
    EXPECT_EQ(shell(overlay, "ls /etc | grep -c layer; cat /etc/top; echo; echo new > /etc/written"), "120\n0\n");
    EXPECT_EQ(readFile(dir / "upper/etc/written"), "new\n");
  }
  EXPECT(fs::is_empty(dir / "merged"));
  make::Plan readOnly;
  readOnly.host(make::clone{.flags = kNewMount | kNewPid});
  readOnly.host(make::signalConfigured{}).container(make::awaitConfigured{});
  readOnly.container(make::propagateRoot{.flags = 1 << 19 | 1 << 14});
  readOnly.container(make::rootfsOverlay{.path = dir / "merged", .lowers = lowers});
  EXPECT_EQ(shell(readOnly, "echo x > /etc/x"), "sh: can't create /etc/x: Read-only file system\n");
  readOnly.container(make::rootfsOverlay{.path = dir / "merged", .lowers = {dir / "nosuch"}});
  EXPECT(shell(readOnly, "true").find("ENOENT " + dir / "nosuch") != std::string::npos);
}

ROOT_TEST(copyUpFillsATmpfs) {
  Directory dir;
  makeRoot(dir.path());
  fs::create_directories(dir / "etc/sub/deep");
  writeFile(dir / "etc/sub/file", "text\n");
  fs::create_symlink("file", dir / "etc/sub/link");
  chmod((dir / "etc/sub/file").c_str(), 04755);
  lchown((dir / "etc/sub/file").c_str(), 3, 4);
  chmod((dir / "etc/sub/file").c_str(), 04755);
  chmod((dir / "etc").c_str(), 01777);
  auto plan = containerIn(dir.path());
  plan.container(make::mountFs{.type = "tmpfs", .target = "/etc", .flags = 1});
  EXPECT_EQ(shell(plan, "cat /etc/sub/link; stat -c '%a %u %g' /etc/sub/file /etc; ls /etc/sub; echo > /etc/mine"),
            "text\n4755 3 4\n1777 0 0\ndeep\nfile\nlink\n");
  EXPECT(!exists(dir / "etc/mine"));
}

ROOT_TEST(aTmpfsTakesTheModeOfItsTarget) {
  Directory dir;
  makeRoot(dir.path());
  chmod((dir / "tmp").c_str(), 01733);
  auto plan = containerIn(dir.path());
  plan.container(make::mountFs{.type = "tmpfs", .target = "/tmp", .flags = 16});
  EXPECT_EQ(shell(plan, "stat -c %a /tmp"), "1733\n");
}

ROOT_TEST(mountsDoNotFollowLinksOutOfTheRoot) {
  Directory dir;
  makeRoot(dir / "root");
  fs::create_directories(dir / "canary");
  fs::remove(dir / "root/dev");
  fs::remove(dir / "root/proc");
  fs::create_symlink("../../../../../.." + dir / "canary", dir / "root/dev");
  fs::create_symlink(dir / "canary", dir / "root/proc");
  const auto plain = [&](const char* type, const char* target) {
    auto plan = containerIn(dir / "root");
    plan.container(make::mountFs{.type = type, .target = target, .flags = 4});
    return shell(plan, "true");
  };
  EXPECT_EQ(plain("proc", "/proc"), "openat2 ELOOP /proc");
  EXPECT_EQ(plain("tmpfs", "/dev"), "openat2 ELOOP /dev");
  const auto node = [&](auto step) {
    auto plan = containerIn(dir / "root");
    plan.container(step);
    return shell(plan, "true");
  };
  EXPECT_EQ(node(make::makeNode{.path = "/dev/sda", .type = S_IFBLK, .mode = 0600}), "openat2 ELOOP /dev/sda");
  EXPECT_EQ(node(make::makeSymlink{.target = "x", .path = "/dev/fd"}), "openat2 ELOOP /dev/fd");
  auto plan = containerIn(dir / "root");
  plan.container(make::mountFs{.type = "tmpfs", .target = "/dev/shm"});
  plan.container(make::makeDir{.path = "/dev/made", .mode = 0755});
  plan.container(make::bind{.source = "/etc/passwd", .target = "/dev/passwd"});
  EXPECT_EQ(shell(plan, "true"), "");
  EXPECT(fs::is_empty(dir / "canary"));
  EXPECT(exists(dir / ("root" + (dir / "canary/made"))));   // the links led below the root
}
