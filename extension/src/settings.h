// The extension's settings (GUCs).

#pragma once

namespace jit {

// Whether members of jit_requester may EXPLAIN (without ANALYZE) everything. PGC_SIGHUP.
extern bool default_explain;

void DefineSettings();

}  // namespace jit
