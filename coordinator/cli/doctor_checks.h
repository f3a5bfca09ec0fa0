// What `doctor` looks at. Each check reads the catalogs and says what it found.
#pragma once

#include <string>
#include <vector>

#include "pg/session.h"

namespace jit::cli {

struct Finding {
  enum class Level { kOk, kUnknown, kWarning, kProblem };
  std::string check;
  Level level;
  std::string text;
  std::string hint;
};

struct Check {
  std::string name;
  void (*look)(pg::Session&, const std::string& name, std::vector<Finding>& findings);
  bool needs_extension;
};

// In the order in which they make sense: what is preloaded is asked before a function of the
// library loads it.
const std::vector<Check>& Checks();

}  // namespace jit::cli
