// The decoder believes nothing.
#include <cstring>
#include <random>

#include "encode.h"
#include "harness.h"

namespace {

// "" when the plan is accepted, else why not.
std::string faultOf(const std::string& bytes) {
  uint32_t count = 0;
  tinyrun::PlanFault fault;
  // A copy of exactly this size on the heap, so that the sanitizer sees a read beyond the end.
  std::vector<char> exact(bytes.begin(), bytes.end());
  return tinyrun::checkPlan(exact.data(), exact.size(), count, fault) ? "" : fault.text;
}

std::string patched(std::string bytes, size_t at, uint32_t value) {
  std::memcpy(bytes.data() + at, &value, sizeof value);
  return bytes;
}

make::Plan sample() {
  make::Plan plan;
  plan.host(make::clone{.flags = 7, .cgroup = 3, .pass = {1, 2, 3}});
  plan.container(make::mountFs{.type = "tmpfs", .source = "", .target = "/dev", .attr = 2, .options = {"mode=755", "size=1"}});
  plan.container(make::execve{.args = {"sh", "-c", ""}, .env = {}});
  plan.host(make::writeFile{.path = "/x", .value = "yes"}, true);
  return plan;
}
constexpr size_t kFirst = 288;   // offset of the first step

}  // namespace

TEST(acceptsAPlan) {
  EXPECT_EQ(faultOf(sample().bytes()), "");
  EXPECT_EQ(faultOf(make::Plan().bytes()), "");
}

TEST(acceptsEveryStepAndItsLanes) {
#define STEP(name, lanes)                                                                \
  {                                                                                      \
    const auto l = tinyrun::lanesOf(tinyrun::Op::name);                                  \
    make::Plan host, container;                                                          \
    host.host(make::name{});                                                             \
    container.container(make::name{});                                                   \
    EXPECT_EQ(faultOf(host.bytes()).empty(), l != tinyrun::LaneKind::container);         \
    EXPECT_EQ(faultOf(container.bytes()).empty(), l != tinyrun::LaneKind::host);         \
    EXPECT_EQ(std::string(tinyrun::nameOf(tinyrun::Op::name)), #name);                   \
  }
#include "../steps.def"
}

TEST(refusesAWrongHeader) {
  const std::string good = sample().bytes();
  EXPECT_EQ(faultOf(""), "shorter than its header");
  EXPECT_EQ(faultOf(patched(good, 0, 1)), "not a plan: the magic number is wrong");
  EXPECT_EQ(faultOf(patched(good, 4, 2)), "made for another version of the interpreter");
  EXPECT_EQ(faultOf(patched(good, 8, 12)), "size in the header is not the size of the plan");
  EXPECT_EQ(faultOf(patched(good, 12, 5)), "count of steps in the header is wrong");
  EXPECT_EQ(faultOf(patched(good, 12, 3)), "count of steps in the header is wrong");
  EXPECT_EQ(faultOf(patched(good, 16, 4)), "unknown flags in the header");
  EXPECT_EQ(faultOf(patched(good, 20, 0xfffffffeu)), "control socket is not an fd");
  EXPECT_EQ(faultOf(patched(good, 28, 1)), "reserved word is not zero");
  EXPECT_EQ(faultOf(patched(good, 284, 0xfffffff0u)), "slot holds no fd");
}

TEST(refusesAWrongStep) {
  const std::string good = sample().bytes();
  EXPECT_EQ(faultOf(patched(good, kFirst, 0x00010000u)), "unknown step");
  EXPECT_EQ(faultOf(patched(good, kFirst, 0x0001ffffu)), "unknown step");
  EXPECT_EQ(faultOf(patched(good, kFirst, 0x00020001u)), "step does not run in this lane");
  EXPECT_EQ(faultOf(patched(good, kFirst, 0x00000001u)), "step does not run in this lane");
  EXPECT_EQ(faultOf(patched(good, kFirst, 0x02010001u)), "unknown flags of a step");
  EXPECT_EQ(faultOf(patched(good, kFirst + 4, 0x10000000u)), "arguments reach beyond the plan");
  EXPECT_EQ(faultOf(patched(good, kFirst + 4, 3)), "arguments are not a multiple of four bytes");
  EXPECT_EQ(faultOf(patched(good, kFirst + 4, 24)), "more numbers than fit");
  EXPECT_EQ(faultOf(patched(good, kFirst + 8 + 8, 64)), "slot is out of range");
  EXPECT_EQ(faultOf(patched(good, kFirst + 8 + 12, 0x40000000u)), "more numbers than fit");
}

TEST(refusesArgumentsThatGoOn) {
  make::Plan plan;
  plan.host(make::signalConfigured{});
  std::string bytes = plan.bytes();
  bytes += std::string(4, '\0');
  bytes = patched(patched(bytes, 8, static_cast<uint32_t>(bytes.size())), kFirst + 4, 4);
  EXPECT_EQ(faultOf(bytes), "arguments go on after the last one");
}

TEST(refusesStringsThatAreNone) {
  make::Plan plan;
  plan.container(make::setHostname{.name = "abcde"});
  const std::string good = plan.bytes();
  const size_t text = kFirst + 12;
  auto with = [&](size_t at, char c) {
    std::string bytes = good;
    bytes[at] = c;
    return faultOf(bytes);
  };
  EXPECT_EQ(with(text + 5, 'x'), "string has no NUL at its end");
  EXPECT_EQ(with(text + 2, '\0'), "string has a NUL inside");
  EXPECT_EQ(with(text + 7, 'x'), "padding is not zero");
  EXPECT_EQ(faultOf(patched(good, kFirst + 8, 0xffffffffu)), "arguments end early");

  make::Plan list;
  list.container(make::execve{.args = {"a"}});
  EXPECT_EQ(faultOf(patched(list.bytes(), kFirst + 8, 0x7fffffffu)), "more strings than fit");
}

TEST(survivesEveryTruncation) {
  const std::string good = sample().bytes();
  for (size_t n = 0; n < good.size(); ++n) {
    EXPECT(!faultOf(good.substr(0, n)).empty());
    if (n > kFirst) EXPECT(!faultOf(patched(good.substr(0, n), 8, static_cast<uint32_t>(n))).empty());
  }
}

TEST(survivesRandomDamage) {
  std::mt19937 random(7);
  const std::string good = sample().bytes();
  for (int i = 0; i < 20000; ++i) {
    std::string bytes = good;
    for (unsigned n = 1 + random() % 4; n != 0; --n) bytes[kFirst + random() % (bytes.size() - kFirst)] = static_cast<char>(random());
    (void)faultOf(bytes);
  }
}

TEST(readsWhatWasWritten) {
  using namespace tinyrun;
  make::Plan made;
  made.container(make::capSet{.effective = 0x123456789abcdef0u, .permitted = 1, .inheritable = 2, .ambient = ~0ull});
  made.container(make::oomScoreAdj{.value = -999});
  made.container(make::execve{.args = {"one", "", "three"}, .env = {"A=1"}});
  const std::string bytes = made.bytes();
  Plan plan;
  PlanFault fault;
  EXPECT(plan.check(bytes.data(), bytes.size(), fault));
  Cursor cursor(plan);
  const auto read = [&](auto& out) {
    const Step step = cursor.step();
    Reader in(step.payload, step.size);
    EXPECT(decode(in, out));
    cursor.next();
  };
  args::capSet caps;
  read(caps);
  EXPECT_EQ(caps.effective, 0x123456789abcdef0u);
  EXPECT_EQ(caps.ambient, ~0ull);
  args::oomScoreAdj oom;
  read(oom);
  EXPECT_EQ(oom.value, -999);
  args::execve exec;
  read(exec);
  std::vector<std::string> seen;
  for (const Str s : exec.args) seen.emplace_back(s.data, s.size);
  EXPECT((seen == std::vector<std::string>{"one", "", "three"}));
  EXPECT(cursor.atEnd());
}
