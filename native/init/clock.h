// The time of day as text.
#pragma once

#include "text.h"

namespace tinyrun {

enum class Fraction : uint8_t { milliseconds, nanoseconds };

// The time it is now: RFC 3339, UTC.
void addTime(Text<40>& out, Fraction fraction = Fraction::milliseconds);

}  // namespace tinyrun
