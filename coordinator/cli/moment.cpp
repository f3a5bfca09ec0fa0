#include "cli/moment.h"

#include <fmt/format.h>

#include "cli/connect.h"

namespace jit::cli {

std::optional<core::Moment> ReadMoment(const Invocation& invocation, const std::string& option) {
  const auto text = invocation.Get(option);
  if (!text) return std::nullopt;
  const auto moment = core::ParseMoment(*text);
  if (!moment) {
    throw UsageError(
        fmt::format("--{} must be so long ago, such as 2h or 7d, or a time such as 2026-11-25 or "
                    "'2026-11-25 14:30'",
                    option));
  }
  return moment;
}

std::optional<std::string> Resolve(pg::Session& session,
                                   const std::optional<core::Moment>& moment) {
  if (!moment) return std::nullopt;
  if (moment->at) return core::FormatRfc3339(*moment->at);
  return session
      .Query("SELECT pg_catalog.clock_timestamp() - $1::pg_catalog.interval AS at",
             {IntervalValue(moment->ago)})
      .Text(0, "at");
}

}  // namespace jit::cli
