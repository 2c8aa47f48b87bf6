// libFuzzer target: any bytes, and any bytes behind a header that fits them, so that the fuzzer need not guess it.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "../init/decode.h"

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

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  check(data, size);
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
