// What is kept of a container's output: Docker's lines, rotated, and what has no room counted.
#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>

#include "../init/log.h"
#include "fixture.h"
#include "harness.h"

using namespace fixture;
using tinyrun::Log;
namespace fs = std::filesystem;

namespace {

struct Logging {
  Directory dir;
  int fd = open(dir.path().c_str(), O_RDONLY | O_DIRECTORY);
  std::unique_ptr<Log> log = std::make_unique<Log>();   // it is large

  explicit Logging(uint64_t bytes = 10'000'000, uint32_t files = 3) { log->begin(fd, bytes, files); }
  ~Logging() { close(fd); }
  void add(const std::string& text, Log::Source source = Log::output) { log->add(source, text.data(), text.size()); }

  // Without their times.
  std::string text(const std::string& name = "json.log") const {
    std::string all = readFile(dir / name);
    for (size_t at; (at = all.find(",\"time\":\"20")) != std::string::npos;) all.erase(at, all.find('}', at) - at);
    return all;
  }
};

std::string lineOf(const std::string& json, const char* stream = "stdout") {
  return "{\"log\":\"" + json + "\",\"stream\":\"" + stream + "\"}\n";
}

}  // namespace

TEST(linesAreKeptAsDockerKeepsThem) {
  Logging logging;
  logging.add("one\ntwo");
  EXPECT_EQ(logging.text(), lineOf("one\\n"));
  logging.add("out\n", Log::errors);
  logging.add(" halves\n\nlast");
  logging.log->finish();
  EXPECT_EQ(logging.text(), lineOf("one\\n") + lineOf("out\\n", "stderr") + lineOf("two halves\\n") + lineOf("\\n") + lineOf("last"));
  struct stat st;
  EXPECT(stat((logging.dir / "json.log").c_str(), &st) == 0 && (st.st_mode & 0777) == 0600);
}

TEST(whatJsonCannotHoldIsSpeltOut) {
  Logging logging;
  logging.add(std::string("\"\\\t\r\0\x1b\x7f<&>é€😀\n", 20));
  logging.add("\xe2\x80\xa8\xe2\x80\xa9\n");
  // nothing of UTF-8: alone, cut, longer than need be, a surrogate, too high
  logging.add("\x80 \xc3\n");
  logging.add("\xc0\xaf\n");
  logging.add("\xed\xa0\x80\n");
  logging.add("\xf4\x90\x80\x80\n");
  const std::string bad = "\\ufffd";
  EXPECT_EQ(logging.text(), lineOf("\\\"\\\\\\u0009\\r\\u0000\\u001b\x7f\\u003c\\u0026\\u003eé€😀\\n") + lineOf("\\u2028\\u2029\\n") +
                                lineOf(bad + " " + bad + "\\n") + lineOf(bad + bad + "\\n") + lineOf(bad + bad + bad + "\\n") +
                                lineOf(bad + bad + bad + bad + "\\n"));
}

TEST(longLinesAreCutInto16KiB) {
  Logging logging;
  const std::string piece(16384, 'x');
  logging.add(piece.substr(0, 10000));
  logging.add(piece.substr(10000) + piece.substr(1) + "\n");
  logging.add(piece + "\n");
  EXPECT_EQ(logging.text(), lineOf(piece) + lineOf(piece.substr(1) + "\\n") + lineOf(piece) + lineOf("\\n"));
}

TEST(theWorstThatCanBeReadFits) {
  Logging logging;
  const std::string worst(1 << 20, '\1');
  for (size_t at = 0; at < worst.size(); at += 65535) logging.add(worst.substr(at, 65535));
  logging.log->finish();
  const std::string all = readFile(logging.dir / "json.log");
  size_t found = 0;
  for (size_t at = 0; (at = all.find("\\u0001", at)) != std::string::npos; at += 6) ++found;
  EXPECT_EQ(found, worst.size());
}

TEST(filesAreRotatedBySizeAndCount) {
  Logging logging(200, 3);
  for (int i = 0; i < 12; ++i) logging.add("line " + std::to_string(i) + "\n");
  std::string names;
  for (const char* name : {"json.log", "json.log.1", "json.log.2", "json.log.3"}) names += exists(logging.dir / name) ? "y" : "n";
  EXPECT_EQ(names, "yyyn");
  const std::string kept = logging.text("json.log.2") + logging.text("json.log.1") + logging.text();
  EXPECT(kept.size() > 3 && kept.ends_with(lineOf("line 11\\n")));
  EXPECT(kept.find("line 2\\n") == std::string::npos);
  struct stat st;
  EXPECT(stat((logging.dir / "json.log.1").c_str(), &st) == 0 && st.st_size >= 200 && st.st_size < 300);
  // in one piece, too
  Logging single(200, 1);
  single.add("1\n2\n3\n4\n5\n6\n7\n");
  EXPECT_EQ(single.text(), lineOf("7\\n"));
  EXPECT(!exists(single.dir / "json.log.1"));
}

TEST(anOldLogIsGoneOnWith) {
  Logging logging;
  writeFile(logging.dir / "json.log", "{\"log\":\"cut in the mi");
  logging.add("new\n");
  EXPECT_EQ(logging.text(), "{\"log\":\"cut in the mi\n" + lineOf("new\\n"));
  Logging full(100, 2);
  writeFile(full.dir / "json.log", std::string(150, '\n'));
  full.add("new\n");
  EXPECT_EQ(full.text(), lineOf("new\\n"));
  EXPECT_EQ(full.text("json.log.1").size(), 150u);
}

TEST(noLogIsMadeForSilence) {
  Logging logging;
  logging.log->finish();
  EXPECT(!exists(logging.dir / "json.log"));
  Logging none(10'000'000, 0);
  none.add("x\n");
  EXPECT(!exists(none.dir / "json.log"));
}

// A log on a file system of `size`.
struct Small : Logging {
  explicit Small(const char* size) {
    close(fd);
    EXPECT(mount("log", dir.path().c_str(), "tmpfs", 0, size) == 0);
    fd = open(dir.path().c_str(), O_RDONLY | O_DIRECTORY);
    log->begin(fd, 10'000'000, 3);
  }
  ~Small() {
    log.reset();
    close(fd);
    fd = -1;
    umount2(dir.path().c_str(), MNT_DETACH);
  }
};

ROOT_TEST(whatHasNoRoomIsCounted) {
  Small logging("size=8k");
  const std::string line(1000, 'x');
  int added = 0;
  for (; added < 20; ++added) logging.add(line + "\n");
  std::string all = logging.text();
  EXPECT(all.ends_with(lineOf(line + "\\n")));   // whole lines only
  const auto kept = static_cast<size_t>(std::count(all.begin(), all.end(), '\n'));
  EXPECT(kept > 3 && kept < 8);
  EXPECT(mount("log", logging.dir.path().c_str(), "tmpfs", MS_REMOUNT, "size=1m") == 0);
  logging.add("room\n");
  all = logging.text();
  EXPECT(all.ends_with(lineOf("tinyrun: " + std::to_string(added - static_cast<int>(kept)) + " lines of this log lost: no space left on device\\n", "stderr") +
                       lineOf("room\\n")));
  logging.add("more\n");
  EXPECT(logging.text().ends_with(lineOf("room\\n") + lineOf("more\\n")));
}

ROOT_TEST(whatHadNoRoomToTheEndIsToldInPlaceOfTheLastLines) {
  for (const size_t length : {1, 100, 1000, 9000}) {
    Small logging("size=32k");
    const std::string line(length, 'x');
    constexpr int kAdded = 1000;
    for (int i = 0; i < kAdded; ++i) logging.add(line + "\n");
    logging.log->finish();
    const std::string all = logging.text();
    const auto lines = std::count(all.begin(), all.end(), '\n');
    EXPECT(lines > 1);
    EXPECT(all.starts_with(lineOf(line + "\\n")));
    EXPECT(all.ends_with(lineOf("tinyrun: " + std::to_string(kAdded - (lines - 1)) + " lines of this log lost: no space left on device\\n", "stderr")));
  }
}
