// Instants: read from PostgreSQL's text, written for scripts (RFC 3339) and for people ('3 minutes
// ago').
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace jit::core {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;

// PostgreSQL's ISO output with its offset, '2026-11-23 03:54:53.1+01'. 'infinity' and what is not a
// timestamp give no value.
std::optional<Instant> ParseTimestamp(std::string_view text);

// '2026-11-23T02:54:53.100000Z'; the fraction only where there is one.
std::string FormatRfc3339(Instant instant);

// 'just now', '3 minutes ago', 'in 2 hours', 'in 25 seconds'.
std::string FormatRelative(Instant instant, Instant now);

// 'Mon 2026-11-23 03:54:53 UTC': where an approver wants the minute, not the distance.
std::string FormatAbsolute(Instant instant);

}  // namespace jit::core
