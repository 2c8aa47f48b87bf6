#include "undo.h"

#include <linux/mman.h>

#include "decode.h"
#include "sys.h"
#include "text.h"

namespace tinyrun {

namespace {

constexpr const char* kJournal = "journal";
constexpr const char* kLock = "lock";

// Whether an undo found nothing to take back: it ran before, or its step never did. As GONE of src/plan/undo.ts has it;
// false for what is no undo.
bool isGone(Op op, int err) {
  switch (op) {
    case Op::cgroupKill:
    case Op::cgroupRemove: return err == ENOENT || err == ENODEV;
    case Op::umount: return err == ENOENT || err == EINVAL;
    case Op::unlink:
    case Op::rmdir:
    case Op::removeTree: return err == ENOENT;
    case Op::forgetFlows: return err == ENOENT || err == EINVAL || err == EPROTONOSUPPORT;
    case Op::netlink: return err == ENODEV || err == ENOENT || err == EADDRNOTAVAIL || err == ESRCH;
    default: return false;
  }
}

bool isUndo(const Step& step) { return step.lane == LaneKind::host && isGone(step.op, ENOENT); }

// An entry while it runs.
struct Entry {
  Plan plan;
  bool left = false;   // something was not taken back
};

Step stepOf(const Plan& plan, uint32_t index) {
  Cursor cursor(plan);
  while (cursor.index() < index) cursor.next();
  return cursor.step();
}

// Each step may fail, so that the rest still run: only the trace tells.
void look(void* context, const StepResult& result) {
  Entry& entry = *static_cast<Entry*>(context);
  if (result.err != 0 && !isGone(stepOf(entry.plan, result.step).op, result.err)) entry.left = true;
}

// A list of anything but undos is not tried.
bool readPlan(const void* bytes, size_t size, Plan& plan) {
  PlanFault fault;
  if (!plan.check(bytes, size, fault)) return false;
  for (Cursor cursor(plan); !cursor.atEnd(); cursor.next())
    if (!isUndo(cursor.step())) return false;
  return true;
}

bool runEntry(Machine& machine, int dir, const char* name) {
  const sys::Fd file(sys::openat(dir, name, O_RDONLY | O_NOFOLLOW));
  struct stat st;
  if (file.bad() || sys::fstat(file.get(), &st) < 0) return false;
  const auto size = static_cast<size_t>(st.st_size);
  const long at = sys::mmap(size, PROT_READ, MAP_PRIVATE, file.get());
  if (at < 0 && at > -4096) return false;
  const auto bytes = reinterpret_cast<const void*>(at);
  Entry entry;
  MachineOptions options;
  options.trace = true;
  options.sink = look;
  options.context = &entry;
  PlanFault fault;
  const bool ran = readPlan(bytes, size, entry.plan) && machine.load(bytes, size, options, fault) &&
                   machine.run().state == State::done;
  machine.close();
  sys::munmap(bytes, size);
  return ran && !entry.left;
}

// journal.NN-NAME: NN. The list of an earlier version is 0; what no version has written, beyond all others.
uint64_t numberOf(const char* name) {
  constexpr uint64_t kNone = ~uint64_t{0};
  const char* at = name + length(kJournal);
  if (*at == 0) return 0;
  if (*at++ != '.') return kNone;
  uint64_t number = 0;
  for (; *at >= '0' && *at <= '9'; ++at) number = number * 10 + static_cast<uint64_t>(*at - '0');
  return *at == '-' && at[1] != 0 ? number : kNone;
}

// Calls body(name) for each name in a directory.
template <class Body>
long eachName(int dir, Body body) {
  if (const long r = sys::lseek(dir, 0, 0); r < 0) return r;
  alignas(8) char buffer[1024];
  for (long n; (n = sys::getdents(dir, buffer, sizeof buffer)) != 0;) {
    if (n < 0) return n;
    for (long at = 0; at < n;) {
      const auto* entry = reinterpret_cast<const sys::DirectoryEntry*>(buffer + at);
      at += entry->size;
      body(entry->name);
    }
  }
  return 0;
}

// The entry with the highest number below that one; empty for none.
long entryBelow(int dir, uint64_t limit, Text<256>& found, uint64_t& number) {
  found.clear();
  return eachName(dir, [&](const char* name) {
    if (!startsWith(name, kJournal)) return;
    const uint64_t its = numberOf(name);
    if (its >= limit || (found.size() != 0 && its <= number)) return;
    found.clear();
    found.add(name);
    number = its;
  });
}

}  // namespace

bool undoJournal(Machine& machine, int runDir) {
  bool undone = true;
  Text<256> name;
  uint64_t number = 0;
  // One that fails does not keep the others back: what it holds may end with theirs.
  for (uint64_t limit = ~uint64_t{0};; limit = number) {
    if (entryBelow(runDir, limit, name, number) < 0) return false;
    if (name.size() == 0) break;
    if (!runEntry(machine, runDir, name.c_str()) || sys::unlinkat(runDir, name.c_str(), 0) < 0) undone = false;
  }
  // what is left by a name that nobody wrote is for a person to see to
  eachName(runDir, [&](const char* left) { undone = undone && !startsWith(left, kJournal); });
  return undone;
}

void removeRunDir(int runDir, const char* path) {
  for (bool found = true; found;) {
    found = false;
    bool stuck = false;
    const long r = eachName(runDir, [&](const char* name) {
      if (equal(name, ".") || equal(name, "..") || equal(name, kLock)) return;
      found = true;
      stuck = stuck || removeTreeAt(runDir, name) < 0;
    });
    if (r < 0 || stuck) return;   // the lock stays: a sweep tries again
  }
  sys::unlinkat(runDir, kLock, 0);
  // From here on it may be another creator's, who has a lock of his own in it: only an empty one goes.
  sys::unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

}  // namespace tinyrun
