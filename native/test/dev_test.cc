// Devices, what hides files behind one, and the console.
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <filesystem>

#include "fixture.h"
#include "harness.h"

using namespace fixture;
namespace fs = std::filesystem;

ROOT_TEST(masksAndReadOnlyPaths) {
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

ROOT_TEST(aFalseNullDeviceIsRefused) {
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

ROOT_TEST(nodesAndLinks) {
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

ROOT_TEST(consoleIsAPseudoTerminal) {
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
