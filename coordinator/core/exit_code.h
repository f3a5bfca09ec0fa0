// What the command line answers to the shell. Documented in docs/coordinator.md and `help
// exit-codes`.
#pragma once

#include <string_view>

namespace jit::core {

enum class ExitCode : int {
  kOk = 0,
  kFailed = 1,
  kUsage = 2,
  kWrongState = 3,
  kNotAllowed = 4,
  kNotFound = 5,
  kUnreachable = 6,
  kPending = 8,
  kNotIntact = 9,
  kTimedOut = 124,
};

// For an error of the database, by its SQLSTATE; empty = the connection itself failed.
ExitCode ExitCodeFor(std::string_view sqlstate);

}  // namespace jit::core
