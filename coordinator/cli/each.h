// One thing done to each of several ids: a refusal keeps no other back.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/output.h"

namespace jit::cli {

struct Outcome {
  std::int64_t id;
  std::optional<std::string> status;  // none: refused
  std::optional<pg::ErrorFields> error;
};

struct Outcomes {
  std::vector<Outcome> each;
  ExitCode code = ExitCode::kOk;  // of the first refusal
};

// `act` returns the status afterwards. Prints what came of each; what ends the work halfway is
// thrown, after what is done has been printed.
Outcomes DoEach(const Output& output, std::string_view thing, const std::vector<std::int64_t>& ids,
                const std::function<std::string(std::int64_t)>& act);

}  // namespace jit::cli
