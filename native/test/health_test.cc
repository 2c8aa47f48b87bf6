// Health checks: a program in the container, now and then, and what is written down of it.
#include "harness.h"
#include "monitored.h"

using namespace monitored;

namespace {

constexpr uint32_t kSlot = 4;

// A plan that joins the namespaces of the process in kSlot and runs a script there.
std::string probe(const std::vector<std::string>& args) {
  make::Plan plan;
  plan.host(make::clone{.flags = 0, .pass = {kSlot}});
  plan.host(make::signalConfigured{}).container(make::awaitConfigured{});
  plan.container(make::setns{.slot = kSlot, .flags = static_cast<uint32_t>(kNewMount | kNewPid)});
  plan.container(make::closeSlot{.slot = kSlot});
  plan.container(make::fork{});
  plan.container(make::dieWithParent{.signal = SIGKILL});
  plan.container(make::chdir{.path = "/"});
  plan.container(make::ready{}).host(make::awaitReady{});
  plan.container(make::findExecutable{.name = args[0], .path = "/bin"});
  plan.container(make::execve{.args = args, .env = {"PATH=/bin"}});
  plan.host(make::awaitExec{});
  return plan.bytes();
}

struct Checked : Life {
  Checked(const std::string& script, const std::string& check) : Life(script) {
    health = probe({"sh", "-c", check});
    healthSlot = kSlot, healthEvery = 20, healthTimeout = 60'000, healthStartEvery = 5, healthRetries = 2;
    events = dir / "events", event = {"\":\"", "\",", "\"}"};
    isDetached = true;
  }
  std::string told() { return readFile(dir / "data/health.json"); }
  // Waits until what is written down has this text; answers it.
  std::string until(const std::string& text) {
    for (int i = 0; i < 3'000; ++i, usleep(1000))
      if (const std::string now = told(); now.find(text) != std::string::npos) return now;
    return told();
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

ROOT_TEST(healthIsWhatAProgramSays) {
  Checked life("while [ ! -e /end ]; do busybox sleep 0.01; done", "echo \"it is $(cat /state)\"; exec test \"$(cat /state)\" = well");
  writeFile(life.dir / "root/state", "well");
  EXPECT(started(life));
  const std::string first = life.until("healthy");
  EXPECT(first.starts_with("{\"Status\":\"healthy\",\"FailingStreak\":0,\"Log\":[{\"Start\":\"20"));
  EXPECT(has(first, "\"ExitCode\":0,\"Output\":\"it is well\\n\"}"));
  writeFile(life.dir / "root/state", "ill");
  const std::string ill = life.until("unhealthy");
  EXPECT(ill.starts_with("{\"Status\":\"unhealthy\",\"FailingStreak\":2,\"Log\":[{"));
  EXPECT(has(ill, "\"ExitCode\":1,\"Output\":\"it is ill\\n\"},{"));
  // five at most are kept
  const std::string more = life.until("\"FailingStreak\":9");
  size_t entries = 0;
  for (size_t at = 0; (at = more.find("\"Start\"", at)) != std::string::npos; ++at) ++entries;
  EXPECT_EQ(entries, 5u);
  writeFile(life.dir / "root/state", "well");
  life.until("\"Status\":\"healthy\"");
  writeFile(life.dir / "root/end", "");
  EXPECT_EQ(life.ended(), 0);
  const std::string all = readFile(life.dir / "events");
  const size_t well = all.find("health_status: healthy"), badly = all.find("health_status: unhealthy");
  EXPECT(well < badly && badly < all.rfind("health_status: healthy"));
  EXPECT_EQ(all.find("health_status: healthy", all.find('\n', well)), all.find("health_status: healthy", badly));
}

ROOT_TEST(healthOfWhatTakesTooLongAndOfWhatIsNotThere) {
  Checked life("busybox sleep 1000", "echo begun; exec busybox sleep 1000");
  life.healthTimeout = 50;
  EXPECT(started(life));
  EXPECT(has(life.until("exceeded"), "\"ExitCode\":-1,\"Output\":\"Health check exceeded timeout (50ms)\"}"));
  EXPECT(kill(life.pid, SIGTERM) == 0);   // signals of others are nothing to a monitor
  life.until("unhealthy");
  kill(life.pid, SIGKILL);
  life.ended();

  Checked missing("busybox sleep 1000", "");
  missing.health = probe({"nope"});
  EXPECT(started(missing));
  EXPECT(has(missing.until("nope"), "\"ExitCode\":-1,\"Output\":\"exec: "));
  kill(missing.pid, SIGKILL);
  missing.ended();
}

ROOT_TEST(healthForgivesWhileItStarts) {
  Checked life("while [ ! -e /end ]; do busybox sleep 0.01; done", "i=0; while [ $i -lt 5000 ]; do printf x; i=$((i+1)); done; test -e /well");
  life.healthStart = 600'000, life.healthEvery = 600'000;
  EXPECT(started(life));
  const std::string failing = life.until("},{");
  EXPECT(failing.starts_with("{\"Status\":\"starting\",\"FailingStreak\":0,"));
  EXPECT(has(failing, std::string(4096, 'x') + "...\"}"));
  writeFile(life.dir / "root/well", "");
  EXPECT(life.until("healthy").starts_with("{\"Status\":\"healthy\",\"FailingStreak\":0,"));
  writeFile(life.dir / "root/end", "");
  EXPECT_EQ(life.ended(), 0);
}

// What is run is replaced: what runs of it is ended, how it was is forgotten. What is not understood changes nothing.
ROOT_TEST(healthIsReplaced) {
  Checked life("while [ ! -e /end ]; do busybox sleep 0.01; done", "echo old; touch /asked; exec busybox sleep 1000");
  EXPECT(started(life));
  for (int i = 0; i < 3'000 && !fs::exists(life.dir / "root/asked"); ++i) usleep(1000);
  const fs::path file = life.dir / "run/health";
  const auto put = [&](const std::string& plan) {
    make::Writer w;
    w.blob(plan);
    w.word(kSlot);
    for (const uint32_t time : {5u, 60'000u, 0u, 5u}) w.word(time), w.word(0);
    w.word(1);
    const auto size = static_cast<uint32_t>(w.bytes.size());
    std::string head = {22, 0, 0, 0};
    for (int shift = 24; shift >= 0; shift -= 8) head += static_cast<char>(size >> shift);
    writeFile(file, head + w.bytes);
    life.tell(message::lookHealth{});
    for (int i = 0; i < 3'000 && fs::exists(file); ++i) usleep(1000);
    return !fs::exists(file);
  };
  EXPECT(put(probe({"sh", "-c", "echo new"})));
  const std::string now = life.until("healthy");
  EXPECT(now.starts_with("{\"Status\":\"healthy\"") && has(now, "\"Output\":\"new\\n\"}") && !has(now, "old"));
  EXPECT(put(probe({"sh", "-c", "exit 3"})));
  EXPECT(has(life.until("unhealthy"), "\"ExitCode\":3"));
  EXPECT(put(""));
  EXPECT_EQ(life.told(), "");
  // a client that says what is not there is hung up on
  writeFile(file, "no frame");
  life.tell(message::lookHealth{});
  char byte;
  EXPECT_EQ(recv(life.socket, &byte, 1, 0), 0);
  EXPECT(fs::exists(file));
  writeFile(life.dir / "root/end", "");
  EXPECT_EQ(life.ended(), 0);
}

// The end of its container is the end of a probe, and the lock that of the monitor: a probe holds neither it nor a stream.
ROOT_TEST(healthKeepsNothingFromItsEnd) {
  Checked life("while [ ! -e /asked ]; do busybox sleep 0.01; done; exit 7", "touch /asked; exec busybox sleep 1000");
  EXPECT(started(life));
  EXPECT_EQ(life.ended(), 0);
  EXPECT(has(readFile(life.dir / "data/exit.json"), "\"code\":7"));
  EXPECT_EQ(life.told(), "");   // that it went along is no failure of it
}
