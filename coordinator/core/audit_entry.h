// The audit log's rows on their way to a reader: merged into one order and put into words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/table.h"
#include "core/timestamp.h"

namespace jit::core {

// A row to be shown, and where it belongs.
struct AuditEntry {
  std::int64_t seq = 0;  // of a statement: of its begin
  Instant time;
  std::vector<Cell> cells;
};

// The `limit` newest by seq, in the order in which they happened or in that of the log. True when
// some were left out.
enum class Order { kByTime, kBySeq };
bool KeepNewest(std::vector<AuditEntry>& entries, std::size_t limit, Order order);

// What a record of a request or of the administration says, in a line: who, what, why.
std::string DescribeEvent(const Json& detail, std::string_view message);

// Runs of white space become one space: a statement on one line.
std::string OneLine(std::string_view text);

Style StyleOfOutcome(std::string_view outcome_or_kind);

}  // namespace jit::core
