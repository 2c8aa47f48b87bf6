// A program of the host that a step runs and waits for: a hook, nft, pasta.
#pragma once

#include <linux/memfd.h>

#include "lane.h"

namespace tinyrun {

struct Program {
  const char* path;
  const char* const* argv;
  const char* const* envp;
  int input;            // its standard input, read from the start
  uint32_t timeoutMs;   // 0: as long as it takes
  // In the child, last before execve: in our memory, on a small stack of its own.
  Result (*prepare)(void* context);
  void* context;
};

// vfork, execve, wait. What it prints goes to files, since it may leave a process behind that holds them open, and is kept for
// the error that tells of its failure: ECANCELED, "NAME failed with exit status 1, stderr: …".
Result runProgram(Lane& lane, const Program& program, const char* name);

// Bytes as a file to be read from its start, rather than a pipe: nothing blocks when the program does not read it.
template <size_t N>
Result inputOf(const Piece (&pieces)[N], const char* path, sys::Fd& file) {
  file.reset(sys::memfdCreate("input", MFD_CLOEXEC));
  if (file.bad()) return failed("memfd_create", file.value(), path);
  if (Result r = writePieces(file.get(), pieces, path); !r) return r;
  return check("lseek", sys::lseek(file.get(), 0, 0 /* SEEK_SET */), path);
}

// argv or envp of a list, in pages of their own: a plan may bring as many strings as the kernel takes.
Result pointersOf(const Strs& strings, const char**& out);
void freePointers(const Strs& strings, const char** pointers);

}  // namespace tinyrun
