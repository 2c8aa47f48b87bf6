// What a process is given on its way to its program: sysctls, a working directory, hooks, limits and credentials.
#include <filesystem>

#include "fixture.h"
#include "harness.h"

using namespace fixture;
namespace fs = std::filesystem;

ROOT_TEST(procWritesReachOnlyProc) {
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

// As above for a label, on a host without security modules, too: the write must miss a file mounted over attr/exec.
ROOT_TEST(labelWritesReachOnlyProc) {
  if (!exists("/proc/self/attr/exec")) SKIP("this kernel was built without security modules");
  Directory dir;
  makeRoot(dir.path());
  writeFile(dir / "etc/fake", "untouched");
  auto covered = withDev(containerIn(dir.path()));
  covered.container(make::bind{.source = dir / "etc/fake", .target = "/proc/1/task/1/attr/exec"});
  const auto labelled = [&](auto step) {
    auto plan = covered;
    plan.container(step);
    return shell(plan, "true");
  };
  if (!exists("/proc/self/attr/apparmor/exec"))
    EXPECT_EQ(labelled(make::apparmor{.profile = "docker-default"}), "openat2 EXDEV /proc/1/task/1/attr/exec");
  EXPECT_EQ(labelled(make::selinux{.label = "system_u:system_r:container_t:s0"}),
            "openat2 EXDEV /proc/1/task/1/attr/exec");
  EXPECT_EQ(readFile(dir / "etc/fake"), "untouched");
}

ROOT_TEST(workingDirectoryStaysInside) {
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

ROOT_TEST(hooksRunInTheNamespaces) {
  Directory dir;
  makeRoot(dir.path());
  const auto hook = [&](const std::string& script, uint32_t timeout) {
    auto plan = containerIn(dir.path());
    plan.container(make::hook{.path = "/bin/busybox", .args = {"sh", "-c", script}, .env = {"WHO=hook"},
                              .timeoutMs = timeout, .stateHead = "{\"pid\":", .stateTail = "}\n"});
    return shell(plan, "echo program");
  };
  EXPECT_EQ(hook("[ \"$WHO $(cat)\" = 'hook {\"pid\":1}' ]; echo kept to itself", 0), "program\n");
  EXPECT_EQ(hook("printf \"$WHO $(cat)\"; printf why >&2; exit 3", 1000),
            "wait4 ECANCELED hook /bin/busybox failed with exit status 3, stdout: hook {\"pid\":1}, stderr: why");
  EXPECT_EQ(hook("kill -9 $$", 1000),
            "wait4 ECANCELED hook /bin/busybox was ended by signal 9, stdout: , stderr: ");
  EXPECT_EQ(hook("exec sleep 20", 50), "ppoll ETIMEDOUT /bin/busybox");
}

ROOT_TEST(processAttributes) {
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
