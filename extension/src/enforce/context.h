// What the utility statement under way means for the statements run in it.

#pragma once

#include "pg/server.h"

namespace jit::enforce {

enum class CopyTarget { kNone, kClient, kServer };

// The state that the utility statements around the current one have set; they nest.
struct UtilityContext {
  bool explain;
  CopyTarget copy;
};

// Inside EXPLAIN without ANALYZE.
bool InExplain();

// Where the rows of the COPY … TO under way go.
CopyTarget CopyingTo();

}  // namespace jit::enforce
