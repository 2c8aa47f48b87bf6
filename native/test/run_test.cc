// Whole containers through the interpreter.
#include "fixture.h"
#include "harness.h"

using namespace fixture;

TEST(helloFromAContainer) {
  Directory dir;
  makeRoot(dir.path());
  auto plan = begin(dir.path(), kNewUts | kNewIpc | kNewNet);
  plan.container(make::mountFs{.type = "proc", .source = "proc", .target = "/proc", .flags = 4});
  plan.container(make::setHostname{.name = "box"});
  plan.container(make::linkUp{.name = "lo"});
  end(plan, {"sh", "-c", "echo hello from $(hostname) as $$ with $(ls /)"});
  Run run(plan);
  EXPECT_EQ(run.failure(), "");
  EXPECT_EQ(run.output, "hello from box as 1 with bin dev etc proc sys tmp\n");
  EXPECT_EQ(run.status, 0);
}
