// A shorter seccomp filter that says the same. libseccomp writes a comparison for each number of each architecture; most
// neighbours get one answer, so a tree over ranges is a fifth of it, and a filter takes the kernel time by its length.
//
//   as it was                                      as it is
//
//   load arch, = x86_64? ─┐                        load arch, = x86_64? ─┐
//   load nr               │                        load nr               │
//   = 0? = 1? = 2? … ───► allow                    ≥ 200? ──── ≥ 300? …  │
//   = 41? ─► load arg 0 … allow or EPERM           ≥ 100?  = 250? ─► EPERM
//   else EPERM            │                        = 41? ─► load arg 0 … allow or EPERM
//   load arch, = i386? ◄──┘                        load nr of i386 ◄─────┘
//
//   1. graph    the program as nodes, from its end: equal ones are one node, whatever led to them; jumps that only lead
//               on, or say the same either way, are none.
//   2. walk     with an architecture and a number, to the node that answers them: a return, or a load of anything else
//               (an argument), where it goes on as it was. Each comparison on the way says up to which number the way
//               is the same, so that the next to be tried is the one after: no number is left out, none is guessed.
//   3. tree     over the ranges so found: halves by ≥, single numbers amid others by =.
//   4. write    from the end, so that every jump leads forwards; what is more than 255 away is jumped to by a jump, and
//               a return is said again.
//
// What is written: loads of words, and, comparisons with constants, jumps, returns; what the kernel can follow itself to
// learn which numbers are always allowed (seccomp_is_const_allow).
#include "filter.h"

#include <linux/seccomp.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <tuple>

namespace tinyrun {
namespace {

constexpr uint16_t kLoad = BPF_LD | BPF_W | BPF_ABS;
constexpr uint16_t kAnd = BPF_ALU | BPF_AND | BPF_K;
constexpr uint16_t kReturn = BPF_RET | BPF_K;
constexpr uint16_t kJump = BPF_JMP | BPF_JA;
constexpr uint16_t kEqual = BPF_JMP | BPF_JEQ | BPF_K;
constexpr uint16_t kAbove = BPF_JMP | BPF_JGT | BPF_K;
constexpr uint16_t kAtLeast = BPF_JMP | BPF_JGE | BPF_K;
constexpr uint16_t kAnyBit = BPF_JMP | BPF_JSET | BPF_K;

constexpr uint32_t kNumber = offsetof(struct seccomp_data, nr);
constexpr uint32_t kArch = offsetof(struct seccomp_data, arch);
constexpr uint32_t kLast = std::numeric_limits<uint32_t>::max();
constexpr size_t kChain = 4;   // comparisons with single numbers in a row, before it is better to halve them

using Id = uint32_t;

// A return has no next; a load and an "and" have one, `yes`.
struct Node {
  uint16_t code;
  uint32_t k;
  Id yes, no;
};

bool isComparison(uint16_t code) { return code == kEqual || code == kAbove || code == kAtLeast || code == kAnyBit; }

// Nodes lead to earlier ones only, as instructions lead to later ones.
class Graph {
 public:
  const Node& operator[](Id id) const { return nodes_[id]; }
  size_t size() const { return nodes_.size(); }

  Id add(const Node& node) {
    if (isComparison(node.code) && node.yes == node.no) return node.yes;
    const auto [known, isNew] = ids_.try_emplace({node.code, node.k, node.yes, node.no}, static_cast<Id>(nodes_.size()));
    if (isNew) nodes_.push_back(node);
    return known->second;
  }

  // The node of the program's first instruction.
  std::optional<Id> read(const std::vector<sock_filter>& program) {
    std::vector<Id> ids(program.size());
    for (size_t i = program.size(); i-- > 0;) {
      const auto id = instruction(program[i], ids, i + 1);
      if (!id) return {};
      ids[i] = *id;
    }
    return ids.empty() ? std::nullopt : std::optional(ids[0]);
  }

 private:
  std::optional<Id> instruction(const sock_filter& it, const std::vector<Id>& ids, size_t next) {
    const size_t rest = ids.size() - next;
    if (it.code == kReturn) return add({kReturn, it.k, 0, 0});
    if (it.code == kJump) return it.k < rest ? std::optional(ids[next + it.k]) : std::nullopt;
    if (isComparison(it.code)) {
      if (it.jt >= rest || it.jf >= rest) return {};
      return add({it.code, it.k, ids[next + it.jt], ids[next + it.jf]});
    }
    const bool isLoad = it.code == kLoad && it.k % 4 == 0 && it.k < sizeof(seccomp_data);
    if (rest == 0 || (!isLoad && it.code != kAnd)) return {};
    return add({it.code, it.k, ids[next], 0});
  }

  std::vector<Node> nodes_;
  std::map<std::tuple<uint16_t, uint32_t, Id, Id>, Id> ids_;
};

// A value that is tried, and the last one for which every comparison so far says the same.
struct Trial {
  uint32_t value = 0;
  uint32_t last = kLast;

  bool compare(uint16_t code, uint32_t k) {
    const bool isBelow = value < k || (value == k && code != kAtLeast);
    if (isBelow) last = std::min(last, value < k && code != kAbove ? k - 1 : k);
    return code == kEqual ? value == k : !isBelow;
  }
};

// From `at` to what answers; false where something is done to a number that is not followed.
bool walk(const Graph& graph, Id& at, Trial& arch, Trial& number) {
  for (Trial* loaded = nullptr;;) {
    const Node& node = graph[at];
    if (node.code == kReturn) return true;
    if (node.code == kLoad) {
      if (node.k != kArch && node.k != kNumber) return true;
      loaded = node.k == kArch ? &arch : &number;
      at = node.yes;
    } else if (loaded != nullptr && isComparison(node.code) && node.code != kAnyBit) {
      at = loaded->compare(node.code, node.k) ? node.yes : node.no;
    } else {
      return false;
    }
  }
}

// Up to where the next begins.
struct Range {
  uint32_t first;
  Id answer;
};
using Ranges = std::vector<Range>;

void extend(Ranges& ranges, uint32_t first, Id answer) {
  if (ranges.empty() || ranges.back().answer != answer) ranges.push_back({first, answer});
}

// What the program says to each number of an architecture.
std::optional<Ranges> numbers(const Graph& graph, Id start, Trial& arch) {
  Ranges ranges;
  for (Trial number;; number = {number.last + 1, kLast}) {
    Id at = start;
    if (!walk(graph, at, arch, number)) return {};
    extend(ranges, number.value, at);
    if (number.last == kLast) return ranges;
  }
}

// The decision between ranges of what is loaded.
class Tree {
 public:
  Tree(Graph& graph, const Ranges& ranges) : graph_(graph), ranges_(ranges), isSingle_(ranges.size()) {
    for (size_t i = 1, base = 0; i < ranges.size(); ++i)
      if (!isSpot(i, ranges[base].answer)) base = i;
  }

  Id of(uint32_t offset) {
    const Id top = build(0, ranges_.size());
    return ranges_.size() == 1 ? top : graph_.add({kLoad, offset, top, 0});
  }

 private:
  // One number, or two, amid others that get the answer of those before: they are singled out.
  bool isSpot(size_t i, Id around) {
    if (isSingle_[i]) return true;
    for (size_t end = i + 1; end < ranges_.size() && end <= i + 2; ++end) {
      if (ranges_[end].first != ranges_[end - 1].first + 1) return ranges_[i].answer == around;
      isSingle_[end - 1] = ranges_[end].answer == around;
      if (isSingle_[end - 1]) return isSingle_[i] = true;
    }
    return ranges_[i].answer == around;
  }

  // What is no single, and not what the one before is, between whose answers a comparison decides anyway; else any.
  size_t middle(size_t from, size_t to, bool isAny) const {
    size_t best = from;
    const auto away = [&](size_t i) { return std::max(i - from, to - i) - std::min(i - from, to - i); };
    for (size_t i = from + 1, base = from; i < to; ++i) {
      if (isSingle_[i]) continue;
      if ((isAny || ranges_[i].answer != ranges_[base].answer) && (best == from || away(i) < away(best))) best = i;
      base = i;
    }
    return best;
  }

  Id build(size_t from, size_t to) {
    size_t half = middle(from, to, false);
    const auto singles = static_cast<size_t>(std::count(isSingle_.begin() + from, isSingle_.begin() + to, true));
    if (half == from && singles > kChain) half = middle(from, to, true);
    if (half != from) {
      const Id above = build(half, to), below = build(from, half);
      return graph_.add({kAtLeast, ranges_[half].first, above, below});
    }
    Id top = ranges_[from].answer;
    for (size_t i = from; i < to; ++i)
      if (isSingle_[i]) top = graph_.add({kEqual, ranges_[i].first, ranges_[i].answer, top});
    return top;
  }

  Graph& graph_;
  const Ranges& ranges_;
  std::vector<bool> isSingle_;
};

// What `start` leads to, last instruction first.
class Writer {
 public:
  explicit Writer(const Graph& graph) : graph_(graph), places_(graph.size(), kLast) {}

  std::vector<sock_filter> write(Id start) {
    put(start);
    return {code_.rbegin(), code_.rend()};
  }

 private:
  // Of the instruction that is written next.
  size_t distance(Id id) const { return code_.size() - 1 - places_[id]; }

  void bring(Id id) {
    if (graph_[id].code == kReturn) code_.push_back({kReturn, 0, 0, graph_[id].k});
    else code_.push_back({kJump, 0, 0, static_cast<uint32_t>(distance(id))});
    places_[id] = static_cast<uint32_t>(code_.size() - 1);
  }

  void put(Id id) {
    if (places_[id] != kLast) return;
    const Node& node = graph_[id];
    uint8_t yes = 0, no = 0;
    if (isComparison(node.code)) {
      put(node.no);
      put(node.yes);
      while (distance(node.no) > 255 || distance(node.yes) > 255)
        bring(distance(node.no) > 255 ? node.no : node.yes);
      yes = static_cast<uint8_t>(distance(node.yes));
      no = static_cast<uint8_t>(distance(node.no));
    } else if (node.code != kReturn) {
      put(node.yes);
      if (distance(node.yes) != 0) bring(node.yes);
    }
    places_[id] = static_cast<uint32_t>(code_.size());
    code_.push_back({node.code, yes, no, node.k});
  }

  const Graph& graph_;
  std::vector<uint32_t> places_;   // in code_
  std::vector<sock_filter> code_;
};

}  // namespace

std::vector<sock_filter> shrunk(std::vector<sock_filter> program) {
  Graph graph;
  const auto start = graph.read(program);
  if (!start) return program;
  Ranges arches;
  for (Trial arch;; arch = {arch.last + 1, kLast}) {
    const auto ranges = numbers(graph, *start, arch);
    if (!ranges) return program;
    extend(arches, arch.value, Tree(graph, *ranges).of(kNumber));
    if (arch.last == kLast) break;
  }
  const Id top = Tree(graph, arches).of(kArch);
  auto shorter = Writer(graph).write(top);
  return shorter.size() < program.size() ? shorter : program;
}

}  // namespace tinyrun
