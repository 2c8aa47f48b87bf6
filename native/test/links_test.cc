// Network devices: netlink in both lanes, and those of the host that move into a container, and back.
#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "fixture.h"
#include "harness.h"

using namespace fixture;

namespace {

// In a network of our own, which ends with the child; its exit status is what is left of the test.
void inOwnNetwork(const std::function<void()>& body) {
  const int pid = fork();
  if (pid == 0) {
    if (unshare(CLONE_NEWNET) != 0) _exit(77);
    body();
    fflush(stderr);
    _exit(test::failures == 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  if (WEXITSTATUS(status) == 77) SKIP("no network of one's own");
  if (status != 0) ++test::failures;
}

bool sh(const std::string& command) { return system(command.c_str()) == 0; }
bool has(const std::string& name, const std::string& what = "") {
  return sh("ip address show dev " + name + " 2>/dev/null | grep -q '" + what + "'");
}

void add(std::string& bytes, const void* data, size_t size) {
  bytes.append(static_cast<const char*>(data), size);
  while (bytes.size() % 4 != 0) bytes += '\0';
}

// Sets a device up, whose index belongs at byte 20.
std::string upRequest(uint16_t flags = NLM_F_REQUEST | NLM_F_ACK) {
  nlmsghdr head{};
  head.nlmsg_len = NLMSG_LENGTH(sizeof(ifinfomsg));
  head.nlmsg_type = RTM_NEWLINK;
  head.nlmsg_flags = flags;
  ifinfomsg link{};
  link.ifi_flags = link.ifi_change = IFF_UP;
  std::string bytes;
  add(bytes, &head, sizeof head);
  add(bytes, &link, sizeof link);
  return bytes;
}

std::string addressRequest(uint32_t address) {
  nlmsghdr head{};
  head.nlmsg_len = NLMSG_LENGTH(sizeof(ifaddrmsg)) + 8;
  head.nlmsg_type = RTM_NEWADDR;
  head.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
  ifaddrmsg body{};
  body.ifa_family = AF_INET;
  body.ifa_prefixlen = 24;
  const rtattr local{8, IFA_LOCAL};
  std::string bytes;
  add(bytes, &head, sizeof head);
  add(bytes, &body, sizeof body);
  add(bytes, &local, sizeof local);
  add(bytes, &address, sizeof address);
  return bytes;
}

// A process with a network of its own waits while `moves` happen, then the plan goes on, or fails at a step of the container.
make::Plan moving(const std::vector<make::linkMove>& moves, bool fails) {
  make::Plan plan;
  plan.host(make::clone{.flags = kNewNet});
  plan.container(make::awaitConfigured{});
  for (const auto& move : moves) plan.host(move);
  plan.host(make::signalConfigured{});
  for (const auto& move : moves)
    plan.container(make::netlink{.request = upRequest(), .device = move.as, .deviceAt = {20}});
  plan.container(make::ready{}).host(make::awaitReady{});
  if (fails) plan.container(make::chdir{.path = "/nonexistent"});
  plan.container(make::findExecutable{.name = "ip", .path = "/sbin:/usr/sbin:/bin:/usr/bin"});
  plan.container(make::execve{.args = {"ip", "-o", "link"}, .env = {}});
  plan.host(make::awaitExec{});
  return plan;
}

}  // namespace

ROOT_TEST(netlinkIsAnswered) {
  inOwnNetwork([] {
    EXPECT(sh("ip link add d0 type veth peer name d1"));
    EXPECT_EQ(failureOf(make::netlink{.request = upRequest(), .device = "d0", .deviceAt = {20}}), "");
    EXPECT(has("d0", "UP"));
    const uint32_t address = htonl(0xc0000207);
    const auto twice = addressRequest(address) + upRequest();
    const make::netlink step{.request = twice, .device = "d0", .deviceAt = {20, 32 + 20}};
    EXPECT_EQ(failureOf(step), "");
    EXPECT(has("d0", "192.0.2.7/24"));
    EXPECT(failureOf(step).rfind("RTM_NEWADDR EEXIST d0", 0) == 0);   // the kernel's own words may follow
    EXPECT_EQ(failureOf(make::netlink{.request = upRequest(), .device = "nope", .deviceAt = {20}}), "ioctl SIOCGIFINDEX ENODEV nope");
    EXPECT(failureOf(make::netlink{.request = upRequest()}).rfind("RTM_NEWLINK ", 0) == 0);
  });
}

ROOT_TEST(netlinkBelievesNothing) {
  inOwnNetwork([] {
    const auto refused = [](const make::netlink& step) { return failureOf(step) == "netlink EINVAL lo"; };
    const auto up = upRequest();
    EXPECT(refused({.request = "", .device = "lo"}));
    EXPECT(refused({.request = up.substr(0, 15), .device = "lo"}));
    EXPECT(refused({.request = up + "1234", .device = "lo"}));
    EXPECT(refused({.request = upRequest(NLM_F_REQUEST), .device = "lo"}));   // nobody would tell of a failure
    for (const uint32_t at : {29u, 32u, 0x7fffffffu, ~0u}) EXPECT(refused({.request = up, .device = "lo", .deviceAt = {at}}));
    for (const uint32_t length : {0u, 15u, 33u, 36u, 0x80000000u, ~0u}) {
      auto damaged = up;
      std::memcpy(damaged.data(), &length, sizeof length);
      EXPECT(refused({.request = damaged, .device = "lo"}));
    }
    EXPECT_EQ(failureOf(make::netlink{.request = up, .device = "lo", .pidAt = {4}}), "netlink ESRCH lo");
    EXPECT_EQ(failureOf(make::netlink{.request = up, .device = std::string(16, 'x')}),
              "ioctl SIOCGIFINDEX ENAMETOOLONG " + std::string(16, 'x'));
    EXPECT_EQ(failureOf(make::netlink{.protocol = 999, .request = up, .device = "lo"}), "socket EPROTONOSUPPORT lo");
  });
}

// Root of a user namespace that owns this network may send to a socket of ours: here it tells of a failure that was none.
ROOT_TEST(onlyTheKernelAnswersARequest) {
  inOwnNetwork([] {
    const int socket = ::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
    sockaddr_nl own{}, ours{};
    own.nl_family = ours.nl_family = AF_NETLINK;
    own.nl_pid = 0x70000001;
    ours.nl_pid = static_cast<uint32_t>(getpid());   // the kernel's choice for a socket that has no address yet
    EXPECT_EQ(bind(socket, reinterpret_cast<sockaddr*>(&own), sizeof own), 0);
    const struct {
      nlmsghdr head;
      nlmsgerr error;
    } lie = {{sizeof lie, NLMSG_ERROR, 0, 0, 0}, {-EUCLEAN, {}}};
    make::netlink step{.device = "lo"};
    for (uint32_t i = 0; i < 60; ++i) {   // they take long enough to be met
      step.deviceAt.push_back(static_cast<uint32_t>(step.request.size()) + 20);
      step.request += upRequest();
    }
    int lies = 0;
    for (int round = 0; round < 500 && lies < 20; ++round) {
      std::atomic<bool> over{false};
      std::thread liar([&] {
        while (!over)
          if (sendto(socket, &lie, sizeof lie, MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&ours), sizeof ours) > 0) {
            ++lies;
            return;
          }
      });
      EXPECT_EQ(failureOf(step), "");
      over = true;
      liar.join();
    }
    EXPECT(lies > 0);
    close(socket);
  });
}

ROOT_TEST(linksMoveIn) {
  inOwnNetwork([] {
    EXPECT(sh("ip link add d0 type veth peer name d1"));
    Run run(moving({{.name = "d0", .as = "eth0"}, {.name = "d1", .as = "d1"}}, false));
    EXPECT_EQ(run.failure(), "");
    EXPECT(lineOf(run.output, ": eth0@").find(",UP") != std::string::npos);
    EXPECT(lineOf(run.output, ": d1@").find(",UP") != std::string::npos);
    EXPECT(!has("d0") && !has("d1"));
  });
}

ROOT_TEST(linksComeBackWhereThePlanFails) {
  inOwnNetwork([] {
    EXPECT(sh("ip link add d0 type veth peer name d1"));
    const auto restore = addressRequest(htonl(0xc0000207)) + upRequest();
    // d1 takes the name of d0: either order of return has to do
    const make::linkMove first{.name = "d0", .as = "d1", .restore = restore, .deviceAt = {20, 32 + 20}};
    Run run(moving({first, {.name = "d1", .as = "d0"}}, true));
    EXPECT_EQ(run.failure(), "openat2 ENOENT /nonexistent");
    EXPECT(has("d0", "192.0.2.7/24") && has("d0", "UP"));
    EXPECT(has("d1") && !has("d1", "UP"));
  });
}

ROOT_TEST(linksComeBackFromAnAbandonedPlan) {
  inOwnNetwork([] {
    EXPECT(sh("ip link add d0 type veth peer name d1"));
    make::Plan plan;
    plan.host(make::clone{.flags = kNewNet});
    plan.container(make::awaitConfigured{});
    plan.host(make::linkMove{.name = "d0", .as = "eth0"});
    plan.host(make::yield{});
    Run run(plan);
    EXPECT(run.outcome.state == tinyrun::State::yield && !has("d0"));
    run.outcome = run.machine.abandon();
    EXPECT_EQ(run.failure(), " ECANCELED ");
    EXPECT(run.outcome.pid == 0 && run.machine.abandon().failure.err == ECANCELED);
    EXPECT(has("d0"));
  });
}

ROOT_TEST(noLinkMovesWhereOneCannot) {
  inOwnNetwork([] {
    EXPECT(sh("ip link add d0 type veth peer name d1 && ip link set d0 up"));
    EXPECT_EQ(Run(moving({{.name = "d0", .as = "d0"}, {.name = "d1", .as = "lo"}}, false)).failure(), "RTM_NEWLINK EEXIST lo");
    EXPECT(has("d0", "UP"));   // a device that comes back is down
    EXPECT_EQ(Run(moving({{.name = "d0", .as = "d0"}, {.name = "nope", .as = "n"}}, false)).failure(),
              "ioctl SIOCGIFINDEX ENODEV nope");
    EXPECT(has("d0", "UP"));
    EXPECT_EQ(Run(moving({{.name = "lo", .as = "lo1"}}, false)).failure().substr(0, 18), "RTM_NEWLINK EINVAL");
    make::Plan none;
    none.host(make::linkMove{.name = "d0", .as = "d0"});
    EXPECT_EQ(Run(none).failure(), "RTM_NEWLINK ESRCH d0");
  });
}

ROOT_TEST(aLinkThatIsGoneIsTold) {
  inOwnNetwork([] {
    EXPECT(sh("ip link add d0 type veth peer name d1"));
    make::Plan plan;
    plan.host(make::clone{.flags = kNewNet});
    plan.container(make::awaitConfigured{});
    plan.host(make::linkMove{.name = "d0", .as = "eth0"});
    plan.host(make::yield{});
    Run run(plan);
    EXPECT(sh("nsenter -n -t " + std::to_string(run.outcome.pid) + " ip link delete eth0"));
    run.outcome = run.machine.abandon();
    EXPECT_EQ(run.failure(), " ECANCELED ; network device d0 has not come back: ioctl SIOCGIFINDEX error 19");
  });
}
