// Keeps set-returning SQL functions out of their callers' plans for users whom the hooks concern:
// PostgreSQL inlines them after the planner hook, which would never see the views and the masked
// tables that they read.

#pragma once

namespace jit::enforce {

// Takes needs_fmgr_hook. Once, from _PG_init.
void InitInlining();

}  // namespace jit::enforce
