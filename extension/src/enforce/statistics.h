// Keeps the planner from showing column statistics to operators that may leak them, while a view is
// planned for somebody who may EXPLAIN it and not read it.

#pragma once

namespace jit::enforce {

// Takes the statistics hooks. Once, from _PG_init.
void InitStatistics();

bool StatisticsWithheld();

// Returns the previous state.
bool SetStatisticsWithheld(bool withheld);

}  // namespace jit::enforce
