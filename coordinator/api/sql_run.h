// One run of SQL: its limits, its end, and its answer piece by piece.
#pragma once

#include "api/api.h"

namespace jit::api {

enum class RowForm { kJsonLines, kCsv };

struct SqlRun {
  WorkConnection* work = nullptr;  // whose turn the caller holds
  std::string sql;
  std::optional<pg::Values> parameters;  // none: several statements are allowed
  RowForm form = RowForm::kJsonLines;
  bool spreadsheet = false;  // CSV that one may open without computing what it holds
  bool may_cut = false;      // CSV that a limit ends need not show that it is not whole
  std::int64_t max_rows = 0;
  std::int64_t max_bytes = 0;
  std::chrono::milliseconds timeout{};
};

// Sends the rows to the client. Throws Failure where the first thing that comes is an error:
// nothing was sent then.
Task<Answer> Run(Call& call, SqlRun& run);

// The text of the first value: for plans.
Task<std::string> RunForText(Call& call, SqlRun& run);

}  // namespace jit::api
