#include "core/exit_code.h"

namespace jit::core {

ExitCode ExitCodeFor(std::string_view sqlstate) {
  if (sqlstate.empty()) return ExitCode::kUnreachable;
  const std::string_view state_class = sqlstate.substr(0, 2);
  if (sqlstate == "42704") return ExitCode::kNotFound;
  if (sqlstate == "42501" || state_class == "28") return ExitCode::kNotAllowed;
  if (state_class == "55") return ExitCode::kWrongState;
  if (sqlstate == "57014") return ExitCode::kTimedOut;
  if (state_class == "08" || sqlstate.substr(0, 4) == "57P0" || sqlstate == "53300" ||
      sqlstate == "3D000") {
    return ExitCode::kUnreachable;
  }
  if (state_class == "22") return ExitCode::kUsage;
  return ExitCode::kFailed;
}

}  // namespace jit::core
