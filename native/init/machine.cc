#include "machine.h"

#include <linux/mman.h>

#include <new>

#include "execute.h"
#include "host.h"

#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#endif
#include <linux/memfd.h>

namespace tinyrun {

static_assert(sizeof(Machine::Host) <= 4096 && alignof(Machine::Host) <= 16);

namespace {

constexpr int kSealWrite = 0xf;   // F_SEAL_SEAL | SHRINK | GROW | WRITE

// A memfd that holds these bytes.
long memfdOf(const char* name, const void* bytes, size_t size, unsigned flags) {
  sys::Fd fd(sys::memfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flags));
  if (fd.bad()) return fd.value();
  for (size_t at = 0; at < size;) {
    const long n = sys::pwrite(fd.get(), static_cast<const char*>(bytes) + at, size - at, static_cast<long>(at));
    if (n <= 0) return n < 0 ? n : -EIO;
    at += static_cast<size_t>(n);
  }
  return fd.release();
}

}  // namespace

int sharedBytes(const char* name, const void* bytes, size_t size) {
  return static_cast<int>(memfdOf(name, bytes, size, 0));
}

int sealedMemfd(const void* bytes, size_t size) {
  long fd = memfdOf("tinyrun-init", bytes, size, MFD_EXEC);
  if (fd == -EINVAL) fd = memfdOf("tinyrun-init", bytes, size, 0);   // before Linux 6.3 every memfd may be executed
  if (fd < 0) return static_cast<int>(fd);
  const long sealed = sys::fcntl(static_cast<int>(fd), F_ADD_SEALS, kSealWrite);
  if (sealed == 0) return static_cast<int>(fd);
  sys::close(static_cast<int>(fd));
  return static_cast<int>(sealed);
}

bool Machine::load(const void* plan, size_t size, const MachineOptions& options, PlanFault& fault) {
  const auto refuse = [&fault](const char* text, long r = 0) {
    fault = {text, 0, static_cast<int>(-r)};
    return false;
  };
  if (loaded_) return refuse("a machine runs one plan");
  Plan given;
  if (!given.check(plan, size, fault)) return false;
  const long fd = memfdOf("tinyrun-plan", plan, size, 0);
  if (fd < 0) return refuse("memfd_create", fd);
  const long at = sys::mmap(size, PROT_READ, MAP_PRIVATE, static_cast<int>(fd));
  if (at < 0) {
    sys::close(static_cast<int>(fd));
    return refuse("mmap", at);
  }
  Host& host = *new (storage_) Host;
  loaded_ = true;
  host.onHost = true;
  host.options = options;
  host.trace = options.trace;
  host.planFd = static_cast<int>(fd);
  // Checked again: the caller's buffer may have changed while it was copied, the memfd cannot.
  if (!host.plan.check(reinterpret_cast<const void*>(at), size, fault)) {
    sys::munmap(reinterpret_cast<const void*>(at), size);
    close();
    return false;
  }
  host.cursor = Cursor(host.plan);
  return true;
}

// The outcome of a step that failed, the container's own report first: a broken control socket is only its echo.
static void recordFailure(Host& host, const Result& result) {
  Failure& failure = host.outcome.failure;
  if (failure.err == 0) {
    failure.step = host.step;
    failure.err = result.err;
    copyText(failure.syscall, sizeof failure.syscall, result.syscall);
    copyText(failure.path, sizeof failure.path, result.path);
  }
  host.outcome.state = State::failed;
  host.outcome.step = failure.step;
  host.ended = true;
  endChild(host);
}

Outcome Machine::advance() {
  if (!loaded_) {
    Outcome none;
    none.state = State::failed;
    none.failure.err = EBADF;
    return none;
  }
  Host& machine = host();
  Outcome& outcome = machine.outcome;
  if (machine.ended) return outcome;
  Result result = kDone;
  if (machine.paused) {
    machine.paused = false;
    result = sendToChild(machine, control::Kind::go, 0);
  }
  if (result) result = execute(machine, machine.cursor);

  if (result.err != 0 && !result.soft) {
    recordFailure(machine, result);
  } else if (result.flow == Flow::again) {
    outcome.state = State::paused;   // outcome.step was set by the packet
  } else {
    outcome.state = result.flow == Flow::leave ? State::yield : State::done;
    outcome.step = machine.step;
    machine.ended = result.flow == Flow::next;
    if (machine.ended) drop(machine.links);   // what was moved is the container's now
  }
  outcome.tag = machine.tag;
  outcome.pid = machine.pid;
  outcome.pidfd = machine.pidfd;
  return outcome;
}

Outcome Machine::abandon() {
  if (!loaded_) return advance();
  Host& machine = host();
  if (!machine.ended) recordFailure(machine, {ECANCELED, "", ""});
  machine.outcome.pid = machine.pid;
  machine.outcome.pidfd = machine.pidfd;
  return machine.outcome;
}

int Machine::setFd(uint32_t slot, int fd) {
  if (!loaded_ || slot >= kSlots) return -EBADF;
  const long copy = sys::fcntl(fd, F_DUPFD_CLOEXEC, 3);
  if (copy < 0) return static_cast<int>(copy);
  return -host().put(slot, static_cast<int>(copy)).err;
}

int Machine::takeFd(uint32_t slot) {
  if (!loaded_ || slot >= kSlots) return -1;
  return host().take(slot);
}

void Machine::holdReserved() {
  if (!loaded_) return;
  for (uint32_t slot = 0; slot < kSlots; ++slot)
    if ((host().reserved >> slot & 1) != 0) host().slots[slot] = -1;
}

int Machine::takePidfd() {
  if (!loaded_ || host().pidfd < 0) return -1;
  const long copy = sys::fcntl(host().pidfd, F_DUPFD_CLOEXEC, 3);
  return copy < 0 ? -1 : static_cast<int>(copy);
}

void Machine::close() {
  if (!loaded_) return;
  Host& machine = host();
  for (int& fd : machine.slots) drop(fd);
  drop(machine.control);
  drop(machine.links);
  drop(machine.pidfd);
  drop(machine.planFd);
  if (machine.plan.bytes() != nullptr) sys::munmap(machine.plan.bytes(), machine.plan.size());
  loaded_ = false;
}

void Machine::Host::after(const Step& step_, const Result& result, uint64_t ns) {
  tell({step_.index, result.err, ns, result.syscall, result.path});
}

}  // namespace tinyrun
