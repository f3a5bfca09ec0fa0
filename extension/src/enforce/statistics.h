// Keeps column statistics from whoever may EXPLAIN a relation and not read it: most common values
// and histogram bounds can be read out of row estimates, one comparison after the other.

#pragma once

namespace jit::enforce {

// Takes the statistics hooks. Once, from _PG_init.
void InitStatistics();

// To be called when a query of a governed user begins to be planned.
void BeginPlanning();

// While a view is planned for somebody who may only EXPLAIN it, nothing behind it has statistics.
bool ViewStatisticsWithheld();

// Returns the previous state.
bool WithholdViewStatistics(bool withhold);

}  // namespace jit::enforce
