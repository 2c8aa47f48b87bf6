// The root file system of a container and what is mounted in it, against images that mean harm.
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "fixture.h"
#include "harness.h"

using namespace fixture;
namespace fs = std::filesystem;

namespace {

make::Plan withDev(make::Plan plan) {
  plan.container(make::mountFs{.type = "proc", .source = "proc", .target = "/proc", .flags = 4});
  plan.container(make::mountFs{.type = "tmpfs", .target = "/dev", .options = {"mode=755"}, .flags = 4});
  plan.container(make::makeNode{.path = "/dev/null", .type = S_IFCHR, .mode = 0666, .major = 1, .minor = 3});
  return plan;
}

std::string shell(make::Plan plan, const std::string& script) {
  thenRun(plan, {"sh", "-c", script});
  Run run(plan);
  return run.failure().empty() ? run.output : run.failure();
}

}  // namespace

TEST(aHostMountIsNotSeenInsideNorOursOutside) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = containerIn(dir.path());
  plan.container(make::mountFs{.type = "proc", .source = "proc", .target = "/proc", .flags = 4});
  plan.container(make::mountFs{.type = "tmpfs", .target = "/tmp", .attr = 2 | 4});
  EXPECT_EQ(shell(plan, "grep -c . /proc/self/mountinfo"), "3\n");
  EXPECT(readFile("/proc/self/mountinfo").find(dir.path()) == std::string::npos);
}

TEST(bindsOfEveryKind) {
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

TEST(detachedAndIdmappedBinds) {
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

TEST(overlayOfManyLayers) {
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

TEST(copyUpFillsATmpfs) {
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

TEST(aTmpfsTakesTheModeOfItsTarget) {
  Directory dir;
  makeRoot(dir.path());
  chmod((dir / "tmp").c_str(), 01733);
  auto plan = containerIn(dir.path());
  plan.container(make::mountFs{.type = "tmpfs", .target = "/tmp", .flags = 16});
  EXPECT_EQ(shell(plan, "stat -c %a /tmp"), "1733\n");
}

TEST(masksAndReadOnlyPaths) {
  Directory dir;
  makeRoot(dir.path());
  fs::create_directories(dir / "etc/secrets");
  writeFile(dir / "etc/secrets/key", "key");
  writeFile(dir / "etc/shadow", "shadow");
  auto plan = withDev(containerIn(dir.path()));
  plan.container(make::mask{.path = "/etc/secrets"}).container(make::mask{.path = "/etc/shadow"});
  plan.container(make::mask{.path = "/etc/nosuch"}).container(make::mask{.path = "/etc/shadow/nosuch"});
  plan.container(make::mask{.path = "/tmp"}).container(make::readonlyPath{.path = "/etc"});
  plan.container(make::readonlyPath{.path = "/proc/sys"}).container(make::readonlyPath{.path = "/nosuch"});
  EXPECT_EQ(shell(plan, "ls /etc/secrets; cat /etc/shadow; echo > /tmp/x; echo > /etc/x; echo > /etc/secrets/y; "
                        "echo h > /proc/sys/kernel/hostname"),
            "sh: can't create /tmp/x: Read-only file system\nsh: can't create /etc/x: Read-only file system\n"
            "sh: can't create /etc/secrets/y: Read-only file system\n"
            "sh: can't create /proc/sys/kernel/hostname: Read-only file system\n");
}

TEST(aFalseNullDeviceIsRefused) {
  Directory dir;
  makeRoot(dir.path());
  writeFile(dir / "etc/shadow", "shadow");
  for (const char* kind : {"symlink", "file", "device", "missing"}) {
    fs::remove_all(dir / "dev");
    fs::create_directories(dir / "dev");
    if (*kind == 's') fs::create_symlink("/proc/sys/kernel/core_pattern", dir / "dev/null");
    if (*kind == 'f') writeFile(dir / "dev/null", "");
    if (*kind == 'd') mknod((dir / "dev/null").c_str(), S_IFCHR | 0666, makedev(1, 5));
    auto plan = containerIn(dir.path());
    plan.container(make::mask{.path = "/etc/shadow"});
    EXPECT(shell(plan, "true").find("/dev/null") != std::string::npos);
  }
}

TEST(mountsDoNotFollowLinksOutOfTheRoot) {
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

TEST(nodesAndLinks) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = withDev(containerIn(dir.path()));
  plan.container(make::makeNode{.path = "/dev/null", .type = S_IFCHR, .mode = 0666, .major = 1, .minor = 3});
  plan.container(make::makeNode{.path = "/dev/net/tun", .type = S_IFCHR, .mode = 0640, .major = 10, .minor = 200, .uid = 7, .gid = 8});
  plan.container(make::makeNode{.path = "/dev/big", .type = S_IFBLK, .mode = 0600, .major = 259, .minor = 70000});
  plan.container(make::makeNode{.path = "/dev/pipe", .type = S_IFIFO, .mode = 0622});
  plan.container(make::makeSymlink{.target = "/proc/self/fd", .path = "/dev/fd"});
  plan.container(make::makeSymlink{.target = "other", .path = "/dev/fd"});
  EXPECT_EQ(shell(plan, "cd /dev; stat -c '%a %t,%T %u %g %F' null net/tun big pipe fd"),
            "666 1,3 0 0 character special file\n640 a,c8 7 8 character special file\n"
            "600 103,11170 0 0 block special file\n622 0,0 0 0 fifo\n777 0,0 0 0 symbolic link\n");
  auto clash = withDev(containerIn(dir.path()));
  clash.container(make::makeNode{.path = "/dev/null", .type = S_IFCHR, .mode = 0666, .major = 1, .minor = 5});
  EXPECT_EQ(shell(clash, "true"), "mknodat EEXIST /dev/null");
}

TEST(procWritesReachOnlyProc) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = withDev(containerIn(dir.path(), kNewNet | kNewUts | kNewIpc));
  plan.container(make::sysctl{.key = "net.ipv4.ip_unprivileged_port_start", .value = "7"});
  plan.container(make::sysctl{.key = "net/ipv4/conf/lo/forwarding", .value = "1"});
  plan.container(make::sysctl{.key = "kernel.shmmni", .value = "99"});
  EXPECT_EQ(shell(plan, "cd /proc/sys; cat net/ipv4/ip_unprivileged_port_start net/ipv4/conf/lo/forwarding kernel/shmmni"),
            "7\n1\n99\n");
  const auto sysctl = [&](make::Plan at, const char* key) {
    at.container(make::sysctl{.key = key, .value = "x"});
    return shell(at, "true");
  };
  EXPECT_EQ(sysctl(plan, "no.such"), "openat2 ENOENT /proc/sys/no/such");
  EXPECT_EQ(sysctl(plan, "kernel/../../self/comm"), "openat2 EINVAL kernel/../../self/comm");

  // Something is mounted over the file: the write must not land there (CVE-2025-52881).
  writeFile(dir / "etc/fake", "untouched");
  auto covered = withDev(containerIn(dir.path(), kNewNet));
  covered.container(make::bind{.source = dir / "etc/fake", .target = "/proc/sys/net/ipv4/ip_forward"});
  EXPECT_EQ(sysctl(covered, "net.ipv4.ip_forward"), "openat2 EXDEV /proc/sys/net/ipv4/ip_forward");
  EXPECT_EQ(readFile(dir / "etc/fake"), "untouched");
}

TEST(workingDirectoryStaysInside) {
  Directory dir;
  makeRoot(dir.path());
  const auto cd = [&](const char* path, uint32_t create) {
    auto plan = withDev(containerIn(dir.path()));
    plan.container(make::pivotRoot{});
    plan.container(make::chdir{.path = path, .create = create});
    plan.container(make::execve{.args = {"/bin/sh", "-c", "pwd"}, .env = {}});
    plan.host(make::awaitExec{});
    Run run(plan);
    return run.failure().empty() ? run.output : run.failure();
  };
  EXPECT_EQ(cd("/etc", 0), "/etc\n");
  EXPECT_EQ(cd("/new/deep", 1), "/new/deep\n");
  EXPECT_EQ(cd("/nosuch", 0), "openat2 ENOENT /nosuch");
  EXPECT_EQ(cd("/bin/sh", 0), "openat2 ENOTDIR /bin/sh");
  for (int fd = 0; fd < 12; ++fd) {
    const std::string path = "/proc/self/fd/" + std::to_string(fd);
    const std::string answer = cd(path.c_str(), 0);
    EXPECT(answer == "openat2 ELOOP " + path || answer == "openat2 ENOENT " + path);
  }
  EXPECT_EQ(cd("/proc/self/cwd", 0), "openat2 ELOOP /proc/self/cwd");
}

TEST(consoleIsAPseudoTerminal) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = withDev(containerIn(dir.path()));
  plan.container(make::mountFs{.type = "devpts", .target = "/dev/pts",
                               .options = {"newinstance", "ptmxmode=0666", "mode=0620"}});
  plan.container(make::setsid{});
  plan.container(make::console{.slot = 9, .rows = 33, .columns = 111, .uid = 12});
  thenRun(plan, {"sh", "-c", "tty; stat -c '%u' /dev/console /dev/pts/0; read line; echo read $line"});
  plan.host(make::yield{});
  Run run(plan);
  EXPECT_EQ(run.failure(), "");
  const int master = run.machine.takeFd(9);
  EXPECT(master >= 0);
  struct winsize size = {};
  ioctl(master, TIOCGWINSZ, &size);
  EXPECT_EQ(size.ws_row, 33);
  EXPECT_EQ(size.ws_col, 111);
  const std::string asked = "/dev/pts/0\r\n12\r\n12\r\n";
  std::string text;
  char buffer[512];
  for (ssize_t n; text != asked && (n = read(master, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
  EXPECT_EQ(write(master, "typed\n", 6), 6);
  for (ssize_t n; (n = read(master, buffer, sizeof buffer)) > 0;) text.append(buffer, static_cast<size_t>(n));
  EXPECT_EQ(text, asked + "typed\r\nread typed\r\n");
  close(master);

  auto fake = withDev(containerIn(dir.path()));
  fake.container(make::makeNode{.path = "/dev/pts/ptmx", .type = S_IFCHR, .mode = 0666, .major = 1, .minor = 5});
  fake.container(make::setsid{});
  fake.container(make::console{.slot = 9});
  EXPECT_EQ(shell(fake, "true"), "fstatfs ENODEV /dev/pts is not a devpts");
}

TEST(hooksRunInTheNamespaces) {
  Directory dir;
  makeRoot(dir.path());
  const auto hook = [&](const std::string& script, uint32_t timeout) {
    auto plan = containerIn(dir.path());
    plan.container(make::hook{.path = "/bin/busybox", .args = {"sh", "-c", script}, .env = {"WHO=hook"},
                              .timeoutMs = timeout, .stateHead = "{\"pid\":", .stateTail = "}\n"});
    return shell(plan, "echo program");
  };
  EXPECT_EQ(hook("echo $WHO $(cat)", 0), "hook {\"pid\":1}\nprogram\n");
  EXPECT_EQ(hook("exit 3", 1000), "wait4 ECANCELED hook /bin/busybox failed with exit status 3");
  EXPECT_EQ(hook("kill -9 $$", 1000), "wait4 ECANCELED hook /bin/busybox was ended by signal 9");
  EXPECT_EQ(hook("exec sleep 20", 50), "ppoll ETIMEDOUT /bin/busybox");
}

TEST(processAttributes) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = withDev(containerIn(dir.path()));
  plan.container(make::pivotRoot{});
  plan.container(make::setRlimit{.resource = 7 /* NOFILE */, .soft = 77, .hard = 99});
  plan.container(make::oomScoreAdj{.value = 321});
  plan.container(make::capBounding{.keep = 0x21});
  plan.container(make::noNewPrivs{});
  plan.container(make::setUser{.uid = 5, .gid = 6, .groups = {10, 11}, .umask = 077});
  plan.container(make::capSet{.effective = 0x20, .permitted = 0x21, .inheritable = 0x1, .ambient = 0x1});
  plan.container(make::execve{.args = {"/bin/sh", "-c",
                                       "ulimit -Sn; ulimit -Hn; cat /proc/self/oom_score_adj; umask; "
                                       "grep -E 'Uid|Gid|Groups|Cap|NoNewPrivs' /proc/self/status | tr -d '\\t'"},
                              .env = {"PATH=/bin"}});
  plan.host(make::awaitExec{});
  Run run(plan);
  EXPECT_EQ(run.failure(), "");
  EXPECT_EQ(run.output,
            "77\n99\n321\n0077\nUid:5555\nGid:6666\nGroups:10 11 \nCapInh:0000000000000001\nCapPrm:0000000000000001\n"
            "CapEff:0000000000000001\nCapBnd:0000000000000021\nCapAmb:0000000000000001\nNoNewPrivs:1\n");
}
