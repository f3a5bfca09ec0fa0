// Lengths of time as PostgreSQL counts them: months, days and microseconds apart, since a month is
// not so many days.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace jit::core {

struct Interval {
  std::int64_t months = 0;
  std::int64_t days = 0;
  std::int64_t micros = 0;

  bool operator==(const Interval&) const = default;
};

// Reads '90s', '1h30m', '2 hours', '1 day 02:30:00', '1 mon': what people write and what PostgreSQL
// prints with IntervalStyle = postgres. 'm' is minutes, 'mon' months. No value for anything else, a
// minus included.
std::optional<Interval> ParseInterval(std::string_view text);

// Equal as PostgreSQL's '=' has it: a month is 30 days, a day 24 hours.
bool SameLength(const Interval& a, const Interval& b);

// '1h30m', '2d', '45s', '1mon 3d': short, and ParseInterval reads it back.
std::string FormatInterval(const Interval& interval);

// As PostgreSQL prints it with IntervalStyle = postgres: '1 mon 2 days 03:00:00'.
std::string FormatAsPostgres(const Interval& interval);

// For settings of our own: no months, no days' ambiguity, more than zero.
std::optional<std::chrono::milliseconds> ParseWait(std::string_view text);

// The same short form for a span of the clock, to the second; below a second in milliseconds.
std::string FormatSpan(std::chrono::milliseconds span);

}  // namespace jit::core
