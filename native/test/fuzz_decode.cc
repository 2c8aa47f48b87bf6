// libFuzzer target, of plans and of a monitor's messages: any bytes, and any bytes behind a header that fits them, so that the fuzzer need not guess it.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "../init/message.h"

static void check(const void* bytes, size_t size) {
  tinyrun::Plan plan;
  tinyrun::PlanFault fault;
  if (!plan.check(bytes, size, fault)) {
    if (fault.text == nullptr) __builtin_trap();
    return;
  }
  // What was accepted must be walked and decoded again without fault, as the interpreter does.
  for (tinyrun::Cursor cursor(plan); !cursor.atEnd(); cursor.next()) {
    const tinyrun::Step step = cursor.step();
    tinyrun::Reader in(step.payload, step.size);
    switch (step.op) {
#define STEP(name, lanes)                            \
  case tinyrun::Op::name: {                          \
    tinyrun::args::name out;                         \
    if (!tinyrun::decode(in, out)) __builtin_trap(); \
    break;                                           \
  }
#include "../steps.def"
      default: __builtin_trap();
    }
  }
}

// A message that was accepted is written, and read again as what it was.
template <class M>
static void checkMessage(const tinyrun::message::Frame& frame) {
  M message, again;
  if (!tinyrun::message::read(frame, message)) return;
  tinyrun::message::Writer out;
  write(out, message);
  tinyrun::message::Frame written;
  if (out.size() == tinyrun::message::kLongest) return;   // may have been cut
  if (!tinyrun::message::readFrame(out.data(), out.size(), written)) __builtin_trap();
  if (!tinyrun::message::read(written, again) || written.size != frame.size) __builtin_trap();
  if (std::memcmp(written.payload, frame.payload, frame.size) != 0) __builtin_trap();
}

static void checkFrame(const uint8_t* data, size_t size) {
  tinyrun::message::Frame frame;
  if (!tinyrun::message::readFrame(data, size, frame)) return;
  switch (frame.kind) {
#define MESSAGE(name, number, way) \
  case tinyrun::message::Kind::name: return checkMessage<tinyrun::message::name>(frame);
#include "../monitor.def"
  }
}

// Behind a head that fits them, whose kind the first byte says.
static void checkPayload(const uint8_t* data, size_t size) {
  std::vector<uint8_t> bytes(tinyrun::message::kHeader, 0);
  bytes.insert(bytes.end(), data + 1, data + size);
  bytes[0] = data[0];
  for (size_t i = 0; i < 4; ++i) bytes[4 + i] = static_cast<uint8_t>((size - 1) >> (24 - 8 * i));
  checkFrame(bytes.data(), bytes.size());
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  check(data, size);
  checkFrame(data, size);
  if (size > 0) checkPayload(data, size);
  if (size < sizeof(tinyrun::wire::Header)) return 0;
  std::vector<uint8_t> bytes(data, data + size);
  tinyrun::wire::Header header = {};
  std::memcpy(&header, data, sizeof header);
  header.magic = tinyrun::wire::kMagic;
  header.version = tinyrun::wire::kVersion;
  header.size = static_cast<uint32_t>(size);
  header.flags &= 3;
  header.reserved = 0;
  header.control = -1;
  for (int32_t& fd : header.fds) fd = -1;
  std::memcpy(bytes.data(), &header, sizeof header);
  check(bytes.data(), bytes.size());
  return 0;
}
