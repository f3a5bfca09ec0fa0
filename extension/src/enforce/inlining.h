// Keeps set-returning SQL functions out of their callers' plans for governed users: PostgreSQL
// inlines them after the planner hook, which would never see the views that they read.

#pragma once

namespace jit::enforce {

// Takes needs_fmgr_hook. Once, from _PG_init.
void InitInlining();

}  // namespace jit::enforce
