#include "decode.h"

namespace tinyrun {

// ---- one payload --------------------------------------------------------------------------------------

void Reader::refuse(const char* fault) {
  if (fault_ == nullptr) fault_ = fault;
  left_ = 0;
}

const uint8_t* Reader::take(size_t n) {
  if (fault_ != nullptr || n > left_) {
    refuse("arguments end early");
    return nullptr;
  }
  const uint8_t* start = at_;
  at_ += n;
  left_ -= n;
  return start;
}

// n bytes and the zeros that fill them up to a multiple of four.
const uint8_t* Reader::takePadded(size_t n) {
  const uint8_t* start = take(padded(n));
  if (start == nullptr) return nullptr;
  for (size_t i = n; i < padded(n); ++i) {
    if (start[i] == 0) continue;
    refuse("padding is not zero");
    return nullptr;
  }
  return start;
}

uint32_t Reader::takeWord() {
  const uint8_t* at = take(4);
  return at == nullptr ? 0 : word(at);
}

void Reader::read(uint32_t& out) { out = takeWord(); }
void Reader::read(int32_t& out) { out = static_cast<int32_t>(takeWord()); }

void Reader::read(uint64_t& out) {
  const uint64_t low = takeWord();
  out = low | uint64_t{takeWord()} << 32;
}

void Reader::read(int64_t& out) {
  uint64_t bits = 0;
  read(bits);
  out = static_cast<int64_t>(bits);
}

void Reader::read(Bytes& out) {
  const uint32_t size = takeWord();
  const uint8_t* start = takePadded(size);
  if (start != nullptr) out = {start, size};
}

void Reader::read(Str& out) {
  const uint32_t size = takeWord();
  const uint8_t* start = takePadded(size_t{size} + 1);
  if (start == nullptr) return;
  if (start[size] != 0) return refuse("string has no NUL at its end");
  if (__builtin_strlen(reinterpret_cast<const char*>(start)) != size) return refuse("string has a NUL inside");
  out = {reinterpret_cast<const char*>(start), size};
}

void Reader::read(Strs& out) {
  const uint32_t count = takeWord();
  // A string takes 8 bytes at least: the count of a hostile plan cannot make us loop for long.
  if (count > left_ / 8) return refuse("more strings than fit");
  const uint8_t* start = at_;
  Str ignored;
  for (uint32_t i = 0; i < count && fault_ == nullptr; ++i) read(ignored);
  if (fault_ == nullptr) out = {count, start};
}

void Reader::read(U32s& out) {
  const uint32_t count = takeWord();
  if (count > left_ / 4) return refuse("more numbers than fit");
  const uint8_t* start = take(4 * size_t{count});
  if (start != nullptr) out = {count, start};
}

void Reader::readSlot(uint32_t& out) {
  const uint32_t slot = takeWord();
  if (slot >= kSlots && slot != kNoSlot) return refuse("slot is out of range");
  out = slot;
}

void Reader::readRest(Bytes& out) {
  const auto size = static_cast<uint32_t>(left_);
  const uint8_t* start = take(left_);
  if (start != nullptr) out = {start, size};
}

bool Reader::finish() {
  if (fault_ == nullptr && left_ != 0) refuse("arguments go on after the last one");
  return fault_ == nullptr;
}

#define STEP(name, lanes)                                  \
  bool decode(Reader& in, [[maybe_unused]] args::name& out) {
#define U32(f) in.read(out.f);
#define I32(f) in.read(out.f);
#define U64(f) in.read(out.f);
#define I64(f) in.read(out.f);
#define SLOT(f) in.readSlot(out.f);
#define STR(f) in.read(out.f);
#define BYTES(f) in.read(out.f);
#define STRS(f) in.read(out.f);
#define U32S(f) in.read(out.f);
#define END          \
  return in.finish(); \
  }
#include "../steps.def"

// ---- the table of steps -------------------------------------------------------------------------------

namespace {

constexpr LaneKind HOST = LaneKind::host, CONTAINER = LaneKind::container, BOTH = LaneKind::both;

struct Row {
  const char* name;
  LaneKind lanes;
};

constexpr Row kRows[] = {
    {"", BOTH},
#define STEP(name, lanes) {#name, lanes},
#include "../steps.def"
};

// Decodes the arguments of one step only to see whether they are well formed.
bool checkArguments(const Step& step, PlanFault& fault) {
  Reader in(step.payload, step.size);
  switch (step.op) {
#define STEP(name, lanes)      \
  case Op::name: {             \
    args::name ignored;        \
    if (decode(in, ignored)) return true; \
    break;                     \
  }
#include "../steps.def"
    case Op::none:
    case Op::count:
      break;
  }
  fault = {in.fault() == nullptr ? "unknown step" : in.fault(), step.index};
  return false;
}

const char* headerFault(const wire::Header& header, size_t size) {
  if (header.magic != wire::kMagic) return "not a plan: the magic number is wrong";
  if (header.version != wire::kVersion) return "made for another version of the interpreter";
  if (header.size != size) return "size in the header is not the size of the plan";
  if ((header.flags & ~(wire::kTrace | wire::kPause)) != 0) return "unknown flags in the header";
  if (header.reserved != 0) return "reserved word is not zero";
  if (header.control < -1) return "control socket is not an fd";
  for (const int32_t fd : header.fds)
    if (fd < -1) return "slot holds no fd";
  return nullptr;
}

}  // namespace

const char* nameOf(Op op) { return kRows[static_cast<size_t>(op)].name; }
LaneKind lanesOf(Op op) { return kRows[static_cast<size_t>(op)].lanes; }

// ---- the plan -----------------------------------------------------------------------------------------

Step Cursor::step() const {
  wire::StepHeader header;
  __builtin_memcpy(&header, at_, sizeof header);
  return {index_,
          static_cast<Op>(header.opcode),
          static_cast<LaneKind>(header.lane),
          (header.flags & wire::kMayFail) != 0,
          at_ + sizeof header,
          header.size};
}

void Cursor::next() {
  at_ += sizeof(wire::StepHeader) + step().size;
  ++index_;
}

static const char* stepFault(const wire::StepHeader& header, size_t left) {
  if (header.opcode == 0 || header.opcode >= static_cast<uint16_t>(Op::count)) return "unknown step";
  const auto lanes = static_cast<uint8_t>(kRows[header.opcode].lanes);
  if ((header.lane != 1 && header.lane != 2) || (header.lane & lanes) == 0) return "step does not run in this lane";
  if ((header.flags & ~wire::kMayFail) != 0) return "unknown flags of a step";
  if (header.size % 4 != 0) return "arguments are not a multiple of four bytes";
  if (header.size > left) return "arguments reach beyond the plan";
  return nullptr;
}

bool Plan::check(const void* bytes, size_t size, PlanFault& fault) {
  const auto refuse = [&fault](const char* text, uint32_t step) {
    fault = {text, step};
    return false;
  };
  if (size < sizeof(wire::Header)) return refuse("shorter than its header", 0);
  if (size > wire::kMaxSize) return refuse("larger than 16 MiB", 0);
  wire::Header header;
  __builtin_memcpy(&header, bytes, sizeof header);
  if (const char* text = headerFault(header, size)) return refuse(text, 0);

  const auto* at = static_cast<const uint8_t*>(bytes) + sizeof header;
  size_t left = size - sizeof header;
  uint32_t index = 0;
  for (; left != 0; ++index) {
    wire::StepHeader step;
    if (left < sizeof step) return refuse("step ends early", index);
    __builtin_memcpy(&step, at, sizeof step);
    at += sizeof step;
    left -= sizeof step;
    if (const char* text = stepFault(step, left)) return refuse(text, index);
    const Step whole = {index, static_cast<Op>(step.opcode), LaneKind::host, false, at, step.size};
    if (!checkArguments(whole, fault)) return false;
    at += step.size;
    left -= step.size;
  }
  if (index != header.count) return refuse("count of steps in the header is wrong", index);
  bytes_ = static_cast<const uint8_t*>(bytes);
  size_ = static_cast<uint32_t>(size);
  count_ = index;
  return true;
}

bool checkPlan(const void* plan, size_t size, uint32_t& count, PlanFault& fault) {
  Plan checked;
  if (!checked.check(plan, size, fault)) return false;
  count = checked.count();
  return true;
}

}  // namespace tinyrun
