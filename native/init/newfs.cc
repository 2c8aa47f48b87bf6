#include "newfs.h"

namespace tinyrun {

Result fsFailure(Lane& lane, int fs, const char* syscall, long error, const char* what) {
  char reason[160];
  lane.detail.clear();
  lane.detail.add(what);
  const long n = sys::read(fs, reason, sizeof reason - 1);   // "e tmpfs: Bad value for 'size'"
  if (n > 2) {
    reason[reason[n - 1] == '\n' ? n - 1 : n] = 0;
    lane.detail.add(" (").add(reason + 2).add(")");
  }
  return failed(syscall, error, lane.detail.c_str());
}

Result configure(Lane& lane, int fs, const char* type, const char* option) {
  size_t split = 0;
  while (option[split] != 0 && option[split] != '=') ++split;
  Text<64> key;
  if (key.add(option, split).cut()) return {EINVAL, "fsconfig", option};
  const long r = option[split] == 0
                     ? sys::fsconfig(fs, FSCONFIG_SET_FLAG, key.c_str(), nullptr, 0)
                     : sys::fsconfig(fs, FSCONFIG_SET_STRING, key.c_str(), option + split + 1, 0);
  if (r >= 0) return kDone;
  Text<160> what;
  what.add(type).add(" ").add(option);
  return fsFailure(lane, fs, "fsconfig", r, what.c_str());
}

Result createMount(Lane& lane, int fs, const char* what, uint64_t attr, sys::Fd& mount) {
  const long r = sys::fsconfig(fs, FSCONFIG_CMD_CREATE, nullptr, nullptr, 0);
  if (r < 0) return fsFailure(lane, fs, "fsconfig", r, what);
  mount.reset(sys::fsmount(fs, attr));
  return mount.bad() ? failed("fsmount", mount.value(), what) : kDone;
}

}  // namespace tinyrun
