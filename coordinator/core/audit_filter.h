// What `audit` and `report` select by: points in time as people write them, names with globs.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/interval.h"
#include "core/timestamp.h"

namespace jit::core {

// Either so long before now, or an instant.
struct Moment {
  std::optional<Interval> ago;
  std::optional<Instant> at;

  bool operator==(const Moment&) const = default;
};

// '2h' (so long ago), '2026-11-25', '2026-11-25 14:30', '…:30.5+01', RFC 3339; without an offset it
// is UTC. No value for anything else.
std::optional<Moment> ParseMoment(std::string_view text);

bool HasGlob(std::string_view pattern);

// '*' (any run of characters) and '?' (any one) as a pattern of LIKE; all else stands for itself.
std::string LikePattern(std::string_view glob);

}  // namespace jit::core
