#include "clock.h"

#include "sys.h"

namespace tinyrun {

namespace {

void addDigits(Text<40>& out, uint64_t value, size_t count) {
  char digits[20];
  for (size_t i = count; i-- > 0; value /= 10) digits[i] = static_cast<char>('0' + value % 10);
  out.add(digits, count);
}

}  // namespace

// The calendar begins in March here, so that the leap day is the last of its year; as store/time.ts has it.
void addTime(Text<40>& out, Fraction fraction) {
  const struct __kernel_timespec time = sys::now();
  const auto seconds = static_cast<uint64_t>(time.tv_sec);
  const uint64_t days = seconds / 86400 + 719468, era = days / 146097, day = days % 146097;
  const uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
  const uint64_t dayOfYear = day - (365 * year + year / 4 - year / 100);
  const uint64_t fromMarch = (5 * dayOfYear + 2) / 153;
  const uint64_t month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  addDigits(out, year + era * 400 + (month <= 2 ? 1 : 0), 4);
  addDigits(out.add("-"), month, 2);
  addDigits(out.add("-"), dayOfYear - (153 * fromMarch + 2) / 5 + 1, 2);
  addDigits(out.add("T"), seconds / 3600 % 24, 2);
  addDigits(out.add(":"), seconds / 60 % 60, 2);
  addDigits(out.add(":"), seconds % 60, 2);
  const auto nanoseconds = static_cast<uint64_t>(time.tv_nsec);
  out.add(".");
  fraction == Fraction::milliseconds ? addDigits(out, nanoseconds / 1000000, 3) : addDigits(out, nanoseconds, 9);
  out.add("Z");
}

}  // namespace tinyrun
