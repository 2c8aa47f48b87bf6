// What happens to a container, told to whoever asks what happened here: lines of JSON in Docker's shape, appended to one file
// of the run root (src/store/events.ts, which also rotates it). Each is one writev(2) with O_APPEND, so that those who write
// at the same time never mix. A failure to tell is no failure of what happened.
//
//   {"status":"die PARTS[0] die PARTS[1] "exitCode":"1", PARTS[2] ,"time":1764244800,"timeNano":1764244800123456789}
#pragma once

#include "message.h"
#include "text.h"

namespace tinyrun {

// Who is told, and of what container; all of it lies in the order.
struct Events {
  const char* file = "";
  Strs parts;
  int dir = -1;   // where a rename leaves another PARTS[2], under kRenamed
  Str renamed = {};
};

inline constexpr const char* kRenamed = "event";

// `action`: start, die, `health_status: healthy` …; `more`: members of its attributes, each with a comma behind it.
void tellEvent(Events& events, const char* action, const char* more = "");
// A line that lacks but its time.
void tellLine(const Events& events, Str line);

}  // namespace tinyrun
