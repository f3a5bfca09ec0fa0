// A memory context for the time of a block: what is allocated in it is freed with it. Trivially
// destructible, since an error may jump over it: then the context goes with its parent.

#pragma once

#include "pg/server.h"

extern "C" {
#include "utils/memutils.h"
}

namespace jit::pg {

struct Scratch {
  MemoryContext own;
  MemoryContext caller;
};

// Makes the context and switches to it.
inline Scratch EnterScratch() {
  MemoryContext own =
      AllocSetContextCreate(CurrentMemoryContext, "jit_access scratch", ALLOCSET_SMALL_SIZES);
  return {own, MemoryContextSwitchTo(own)};
}

// Switches back and frees it.
inline void LeaveScratch(const Scratch& scratch) {
  MemoryContextSwitchTo(scratch.caller);
  MemoryContextDelete(scratch.own);
}

}  // namespace jit::pg
