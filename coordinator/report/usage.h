// From groups of statements to what was run: under each request, by day, refused, seen raw.
#pragma once

#include <vector>

#include "report/model.h"

namespace jit::report {

// So many statements are shown of each request, and so many refusals.
inline constexpr std::size_t kTopStatements = 5;
inline constexpr std::size_t kMostRefusals = 50;

// Fills in what the report says of statements: the requests' use, refusals, columns seen raw,
// statements by day. A statement under two requests counts under each.
void AddStatements(Report& report, const std::vector<StatementGroup>& groups);

// Granted within the period, and nothing was run under it.
bool NeverUsed(const Report& report, const Request& request);

}  // namespace jit::report
