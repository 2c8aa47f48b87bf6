// The messages of a monitor, byte by byte: the same table as test/unit/runtime/monitor/messages.test.ts.
#include "../init/message.h"

#include "harness.h"

namespace message = tinyrun::message;

namespace {

std::string fromHex(const char* hex) {
  std::string bytes;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (; *hex != 0; hex += 2) {
    while (*hex == ' ') ++hex;
    bytes += static_cast<char>(digit(hex[0]) << 4 | digit(hex[1]));
  }
  return bytes;
}

bool frameOf(const std::string& bytes, message::Frame& frame) {
  return message::readFrame(reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size(), frame);
}

// Written, it is these bytes; read from them, it is written as them again.
template <class M>
void isGolden(const M& given, const char* hex) {
  const std::string bytes = fromHex(hex);
  const auto written = [](const M& m) {
    message::Writer out;
    write(out, m);
    return std::string(reinterpret_cast<const char*>(out.data()), out.size());
  };
  EXPECT(written(given) == bytes);
  message::Frame frame;
  M again;
  EXPECT(frameOf(bytes, frame));
  EXPECT(message::read(frame, again));
  EXPECT(written(again) == bytes);
}

tinyrun::Bytes bytesOf(const char* text) {
  return {reinterpret_cast<const uint8_t*>(text), static_cast<uint32_t>(std::strlen(text))};
}

}  // namespace

TEST(messagesByteByByte) {
  using message::textOf;
  isGolden(message::stdin{bytesOf("ls\n")}, "00000000000000036c730a");
  isGolden(message::stdout{bytesOf("")}, "0100000000000000");
  isGolden(message::stderr{bytesOf("no")}, "02000000000000026e6f");
  message::order order;
  order.plan = bytesOf("plan");
  order.run = textOf("/r");
  order.data = textOf("/dat");
  order.lock = 3, order.caller = 4, order.executable = 5;
  order.input = -1, order.output = order.errors = 6;
  order.owner = 0xffffffff, order.console = 7;
  order.stays = 1, order.logBytes = 0x1'0000'0002, order.logFiles = 3;
  const uint8_t event[] = {1, 0, 0, 0, 'a', 0, 0, 0};
  order.events = textOf("/e"), order.event = {1, event}, order.backoff = 100;
  order.health = bytesOf("?"), order.healthSlot = 4, order.healthRetries = 3;
  order.healthEvery = 1, order.healthTimeout = 2, order.healthStart = 0x1'0000'0000, order.healthStartEvery = 5;
  const uint8_t actions[] = {1, 0, 0, 0, 's', 0, 0, 0};
  order.container = 6, order.actions = {1, actions};
  isGolden(order,
           "10000000 000000bc 04000000 706c616e 00000000 02000000 2f720000 04000000 2f646174 00000000 00000000 00000000 "
           "03000000 04000000 05000000 ffffffff 06000000 06000000 ffffffff 07000000 01000000 02000000 01000000 03000000 "
           "02000000 2f650000 01000000 01000000 61000000 00000000 00000000 00000000 64000000 "
           "01000000 3f000000 04000000 01000000 00000000 02000000 00000000 00000000 01000000 05000000 00000000 03000000 "
           "06000000 01000000 01000000 73000000");
  isGolden(message::closeStdin{}, "11000000 00000000");
  isGolden(message::attach{1, 0}, "12000000 00000008 01000000 00000000");
  isGolden(message::brokenPipe{2}, "14000000 00000004 02000000");
  isGolden(message::resize{24, 80}, "13000000 00000008 18000000 50000000");
  isGolden(message::lookHealth{}, "15000000 00000000");
  isGolden(message::health{bytesOf("?"), 4, 1, 2, 0x1'0000'0000, 5, 3},
           "16000000 00000030 01000000 3f000000 04000000 01000000 00000000 02000000 00000000 00000000 01000000 05000000 "
           "00000000 03000000");
  isGolden(message::lookPlan{}, "17000000 00000000");
  isGolden(message::run{bytesOf("?")}, "18000000 00000008 01000000 3f000000");
  isGolden(message::started{4711, 0x100000002}, "20000000 0000000c 67120000 02000000 01000000");
  isGolden(message::failed{2, 13, textOf("open"), textOf("/\303\251")},
           "21000000 0000001c 02000000 0d000000 04000000 6f70656e 00000000 03000000 2fc3a900");
  isGolden(message::ran{2, 98, textOf("bind"), textOf("")},
           "23000000 0000001c 02000000 62000000 04000000 62696e64 00000000 00000000 00000000");
  isGolden(message::exit{137, 9, textOf("a"), textOf("b"), textOf("memory")},
           "22000000 00000024 89000000 09000000 01000000 61000000 01000000 62000000 06000000 6d656d6f 72790000");
}

TEST(framesThatAreNone) {
  message::Frame frame;
  const std::string good = fromHex("13000000 00000008 18000000 50000000");
  EXPECT(frameOf(good, frame));
  message::started other;
  EXPECT(!message::read(frame, other));
  for (size_t n = 0; n < good.size(); ++n) EXPECT(!frameOf(good.substr(0, n), frame));
  EXPECT(!frameOf(good + '\0', frame));
  for (const char* hex : {"63000000 00000000", "11010000 00000000", "11000001 00000000", "11000000 80000000"})
    EXPECT(!frameOf(fromHex(hex), frame));
  // whole as a frame, and not as this message
  message::resize resize;
  EXPECT(frameOf(fromHex("13000000 00000004 18000000"), frame) && !message::read(frame, resize));
  EXPECT(frameOf(fromHex("13000000 0000000c 18000000 50000000 00000000"), frame) && !message::read(frame, resize));
  message::failed failed;
  EXPECT(frameOf(fromHex("21000000 00000010 00000000 00000000 ffffffff 00000000"), frame) && !message::read(frame, failed));
}

// What is too long for a frame is cut at its end, and still a message.
TEST(longTextsAreCut) {
  const std::string path(5000, 'x');
  message::Writer out;
  write(out, message::failed{1, 2, message::textOf("open"), message::textOf(path.c_str())});
  EXPECT(out.size() <= message::kLongest);
  message::Frame frame;
  message::failed read;
  EXPECT(message::readFrame(out.data(), out.size(), frame) && message::read(frame, read));
  EXPECT(read.path.size > 1900 && path.compare(0, read.path.size, read.path.data) == 0);
  write(out, message::exit{0, 0, message::textOf(path.c_str()), message::textOf("b"), message::textOf("c")});
  message::exit end;
  EXPECT(message::readFrame(out.data(), out.size(), frame) && message::read(frame, end));
}
