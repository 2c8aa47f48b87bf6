// Terminals in raw mode, and the promise that they are put back.
#pragma once

namespace tinyrun {

// Puts back every terminal that makeRaw() changed. Async-signal-safe.
void restoreTerminals();

}  // namespace tinyrun
