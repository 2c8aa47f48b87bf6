// What a monitor does when its container has ended: how is written down, what it was made of is taken back, what it wrote
// is passed on.
#include "child.h"
#include "monitor_parts.h"
#include "undo.h"

namespace tinyrun {

namespace {

constexpr uint64_t kForOthers = 2'000'000'000ull;

bool anyOpen(const Monitor& monitor) {
  for (const Stream& stream : monitor.streams)
    if (stream.open()) return true;
  return false;
}

bool anyLeft(const Monitor& monitor) {
  for (const Stream& stream : monitor.streams)
    if (stream.open() && !stream.isEmpty()) return true;
  return false;
}

// What was written before the end reaches the caller, however slowly it reads, as long as it is there. A terminal that
// somebody elsewhere holds open is given up a second after it fell silent, or two after all that was there had been passed on.
void drain(Monitor& monitor) {
  for (Stream& stream : monitor.streams) stream.finish();
  uint64_t emptied = 0;
  while (anyOpen(monitor)) {
    struct __kernel_timespec second = {1, 0};
    bool quiet = false;
    attend(monitor, -1, &second, quiet);
    const uint64_t now = sys::nanoseconds();
    if (emptied == 0 && !anyLeft(monitor)) emptied = now;
    const bool enough = emptied != 0 && now - emptied > kForOthers;
    for (Stream& stream : monitor.streams)
      if (enough || (quiet && stream.idle())) stream.close();
  }
}

// What outlives a container that is kept: its name, its data.
void removeContainer(Monitor& monitor) {
  const Bytes& plan = monitor.order.remove;
  PlanFault fault;
  if (monitor.machine.load(plan.data, plan.size, {}, fault)) monitor.machine.run();
  monitor.machine.close();
}

void tellEnd(Monitor& monitor) {
  const Ending& ending = monitor.ending;
  if (equal(ending.why, "memory")) tellEvent(monitor.events, "oom");
  Text<96> more;
  if (!isFurther(monitor)) more.add("\"execDuration\":\"").add(monitor.lasted / 1000000000ull).add("\",");
  more.add("\"exitCode\":\"").add(uint64_t{ending.code}).add("\",");
  tellEvent(monitor.events, actionOf(monitor, 1, "die"), more.c_str());
}

// What went with it, in Docker's order.
void tellGone(Monitor& monitor, bool removed) {
  for (const Str line : monitor.order.eventsAfter) tellLine(monitor.events, line);
  if (removed) tellEvent(monitor.events, "destroy");
}

// How it ended is written down and what it was made of taken back, as far as that can be. A further program has made nothing.
bool settle(Monitor& monitor) {
  if (isFurther(monitor)) {
    drain(monitor);
    return true;
  }
  const Ending& ending = monitor.ending;
  // The copy in the run directory is what a sweep settles the record by where the other could not be written.
  writeEnding(monitor.runDir, ending, false);
  const bool removed = monitor.order.remove.size != 0;
  const bool kept = removed || writeEnding(monitor.dataDir, ending, true) == 0;
  // Kills what the program left in a pid namespace of the host, which may still hold the terminal.
  const bool undone = undoJournal(monitor.machine, monitor.runDir);
  drain(monitor);
  monitor.log.finish();
  if (removed && undone) removeContainer(monitor);
  tellGone(monitor, removed && undone);
  return undone && kept;
}

}  // namespace

void reap(Monitor& monitor) {
  monitor.health.end();
  ChildInfo info = {};
  awaitChild(monitor.pidfd, info);
  drop(monitor.pidfd);
  Ending& ending = monitor.ending;
  addTime(ending.finished);
  monitor.lasted = sys::nanoseconds() - monitor.since;
  ending.code = static_cast<uint32_t>(info.shellCode());
  if (!info.exited()) ending.signal = static_cast<uint32_t>(info.status);
  if (ending.signal != 0) ending.why = "signal";
  if (killedForMemory(monitor.order.cgroup)) ending.why = "memory";
  ending.peak = memoryPeak(monitor.order.cgroup);
  tellEnd(monitor);
}

void end(Monitor& monitor) {
  const bool settled = settle(monitor);
  const Ending& ending = monitor.ending;
  message::exit exit;
  exit.code = ending.code;
  exit.signal = ending.signal;
  exit.started = message::textOf(ending.started.c_str());
  exit.finished = message::textOf(ending.finished.c_str());
  exit.why = message::textOf(ending.why);
  tell(monitor, exit);
  write(monitor.out, exit);
  monitor.clients.tell(monitor.out);
  if (!settled) return;
  if (monitor.order.remove.size != 0 || !isAgain(monitor)) return removeRunDir(monitor.runDir, monitor.order.run);
  // whoever was there has heard of the end, which is theirs
  drop(monitor.caller);
  monitor.clients.close(monitor.runDir);
  becomeAgain(monitor);
}

}  // namespace tinyrun
