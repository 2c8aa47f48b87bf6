// The end of a container without Node: its journal run, its run directory removed. src/runtime/journal.ts is the other
// half, which writes the journal and sweeps.
#pragma once

#include "machine.h"

namespace tinyrun {

// Runs the entries of the journal in a run directory, last first, and unlinks what has been taken back; idempotent. False:
// something could not be, and its entry stays for the next sweep. `machine` is one that runs no plan.
bool undoJournal(Machine& machine, int runDir);

// Removes a run directory whose lock we hold, which goes last: as long as there is anything to sweep, a sweep must find it.
void removeRunDir(int runDir, const char* path);

}  // namespace tinyrun
