#include "core/timestamp.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace jit::core {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Exactly so many digits from the front of text.
std::optional<int> TakeDigits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + count, value);
  if (error != std::errc{} || end != text.data() + count || text.front() == '-')
    return std::nullopt;
  text.remove_prefix(count);
  return value;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

// '+01', '-03:30', 'Z'; must be all that is left.
std::optional<seconds> TakeOffset(std::string_view text) {
  if (text == "Z") return seconds{0};
  const bool minus = Take(text, '-');
  if (!minus && !Take(text, '+')) return std::nullopt;
  seconds offset{0};
  for (const seconds unit : {seconds{3600}, seconds{60}, seconds{1}}) {
    const auto part = TakeDigits(text, 2);
    if (!part) return std::nullopt;
    offset += unit * *part;
    if (text.empty()) return minus ? -offset : offset;
    if (!Take(text, ':')) return std::nullopt;
  }
  return std::nullopt;
}

struct Parts {
  std::chrono::year_month_day date;
  std::chrono::hh_mm_ss<microseconds> time;
};

Parts Split(Instant instant) {
  const auto day = std::chrono::floor<days>(instant);
  return {std::chrono::year_month_day{day}, std::chrono::hh_mm_ss<microseconds>{instant - day}};
}

std::string Date(const Parts& parts) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(parts.date.year()),
                     static_cast<unsigned>(parts.date.month()),
                     static_cast<unsigned>(parts.date.day()));
}

std::string Clock(const Parts& parts) {
  return fmt::format("{:02}:{:02}:{:02}", parts.time.hours().count(), parts.time.minutes().count(),
                     parts.time.seconds().count());
}

std::string Amount(std::int64_t count, std::string_view unit) {
  return fmt::format("{} {}{}", count, unit, count == 1 ? "" : "s");
}

}  // namespace

std::optional<Instant> ParseTimestamp(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == std::string_view::npos || dash < 4 || dash > 6) return std::nullopt;
  const auto year = TakeDigits(text, dash);
  if (!year || !Take(text, '-')) return std::nullopt;
  const auto month = TakeDigits(text, 2);
  if (!month || !Take(text, '-')) return std::nullopt;
  const auto day = TakeDigits(text, 2);
  if (!day || (!Take(text, ' ') && !Take(text, 'T'))) return std::nullopt;
  const auto hour = TakeDigits(text, 2);
  if (!hour || !Take(text, ':')) return std::nullopt;
  const auto minute = TakeDigits(text, 2);
  if (!minute || !Take(text, ':')) return std::nullopt;
  const auto second = TakeDigits(text, 2);
  if (!second) return std::nullopt;
  std::int64_t micros = 0;
  if (Take(text, '.')) {
    std::int64_t scale = 100'000;
    while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
      micros += scale * (text.front() - '0');
      scale /= 10;
      text.remove_prefix(1);
    }
  }
  const auto offset = TakeOffset(text);
  const std::chrono::year_month_day date{std::chrono::year{*year},
                                         std::chrono::month{static_cast<unsigned>(*month)},
                                         std::chrono::day{static_cast<unsigned>(*day)}};
  if (!offset || !date.ok() || *hour > 24 || *minute > 59 || *second > 60) return std::nullopt;
  return Instant{std::chrono::sys_days{date}} + hours{*hour} + minutes{*minute} + seconds{*second} +
         microseconds{micros} - *offset;
}

std::string FormatRfc3339(Instant instant) {
  const Parts parts = Split(instant);
  const auto fraction = parts.time.subseconds().count();
  return fmt::format("{}T{}{}Z", Date(parts), Clock(parts),
                     fraction == 0 ? std::string() : fmt::format(".{:06}", fraction));
}

std::string FormatRelative(Instant instant, Instant now) {
  const bool future = instant > now;
  // Halves go up, so that 'in 30 minutes' is not shown as 'in 29 minutes' a moment later.
  const auto distance = std::chrono::round<seconds>(future ? instant - now : now - instant);
  if (distance < seconds{2} && !future) return "just now";
  std::string amount;
  if (distance < seconds{90}) {
    amount = Amount(distance.count(), "second");
  } else if (distance < minutes{90}) {
    amount = Amount(std::chrono::round<minutes>(distance).count(), "minute");
  } else if (distance < hours{36}) {
    amount = Amount(std::chrono::round<hours>(distance).count(), "hour");
  } else if (distance < days{60}) {
    amount = Amount(std::chrono::round<days>(distance).count(), "day");
  } else {
    amount = Amount(distance / std::chrono::round<seconds>(days{30}), "month");
  }
  return future ? "in " + amount : amount + " ago";
}

std::string FormatAbsolute(Instant instant) {
  static constexpr std::array kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  const Parts parts = Split(instant);
  const std::chrono::weekday weekday{std::chrono::floor<days>(instant)};
  return fmt::format("{} {} {} UTC", kDays[weekday.c_encoding()], Date(parts), Clock(parts));
}

}  // namespace jit::core
