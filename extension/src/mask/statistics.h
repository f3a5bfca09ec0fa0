// Copies of users' values in system tables: statistics of masked columns, TOAST tables.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// Takes the hook for column widths. Once, from _PG_init.
void InitStatistics();

// For a range table entry of a system table: hides the statistics of masked columns, refuses TOAST
// tables.
void GuardCatalog(RangeTblEntry* rte, Index rti);

}  // namespace jit::mask
