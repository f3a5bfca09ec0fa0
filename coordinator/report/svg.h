// The report's charts, drawn as SVG that needs nothing beside the page's style sheet.
#pragma once

#include <string>

#include "report/model.h"

namespace jit::report {

// Statements by day (or more days where the period is long) and how they ended. Empty where there
// were none.
std::string StatementsChart(const Report& report);
// Hours of access by person, the longest first.
std::string HoursChart(const Report& report);
// Each grant from its beginning to its end, in a row per person.
std::string GrantsChart(const Report& report);

}  // namespace jit::report
