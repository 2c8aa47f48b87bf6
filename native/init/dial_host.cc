#include "host.h"

namespace tinyrun {

Result run(Host& host, const args::dial& a) {
  const long fd = sys::connectPacket(a.path);
  return fd < 0 ? failed("connect", fd, a.path) : host.put(a.slot, static_cast<int>(fd));
}

}  // namespace tinyrun
