// A hook of config.json: a program of the host, run in the namespaces the container has so far.
#include "container.h"
#include "program.h"
#include "root.h"

namespace tinyrun {

namespace {

struct Place {
  Container& lane;
  int root;   // -1: the current directory is ours
};

TINYRUN_NO_SANITIZE Result enterPlace(void* context) {
  const Place& place = *static_cast<Place*>(context);
  const long r = place.root < 0 ? 0 : sys::fchdir(place.root);
  return r < 0 ? failed("fchdir", r, "") : confine(place.lane);
}

}  // namespace

Result run(Container& lane, const args::hook& a) {
  const char **argv = nullptr, **envp = nullptr;   // never freed: the lane ends with execve
  if (Result r = pointersOf(a.args, argv); !r) return r;
  if (Result r = pointersOf(a.env, envp); !r) return r;
  sys::Fd state;
  Text<24> pid;
  pid.add(static_cast<uint64_t>(sys::getpid()));
  const Piece pieces[] = {{a.stateHead, a.stateHead.size}, {pid.c_str(), pid.size()}, {a.stateTail, a.stateTail.size}};
  if (Result r = inputOf(pieces, a.path, state); !r) return r;
  Text<kPathText> name;
  name.add("hook ").add(a.path);
  Place place = {lane, a.inRoot != 0 ? rootOf(lane) : -1};
  return runProgram(lane, {a.path, argv, envp, state.get(), a.timeoutMs, enterPlace, &place}, name.c_str());
}

}  // namespace tinyrun
