#include "core/look.h"

#include <string_view>

namespace jit::core {

bool UseColour(Getenv getenv, bool terminal) {
  const auto variable = [&](const char* name) {
    const char* value = getenv(name);
    return std::string_view(value == nullptr ? "" : value);
  };
  if (!variable("NO_COLOR").empty()) return false;
  const std::string_view force = variable("CLICOLOR_FORCE");
  if (!force.empty() && force != "0") return true;
  return terminal && variable("CLICOLOR") != "0" && variable("TERM") != "dumb";
}

}  // namespace jit::core
