// What else of the values a statement could show: statistics of masked columns and TOAST tables,
// read as tables or out of the planner's estimates, and the order in which indexes keep rows.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// Takes the hooks for what the planner knows of a relation. Once, from _PG_init.
void InitStatistics();

// Whether the relation is one of the system tables with statistics of columns.
bool IsStatistics(Oid relid);

// For a range table entry of a system table: hides the statistics of masked columns and marks it,
// refuses TOAST tables.
void GuardCatalog(RangeTblEntry* rte, Index rti);

}  // namespace jit::mask
