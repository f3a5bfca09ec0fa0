#include "core/interval.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>

namespace jit::core {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

struct Unit {
  std::string_view name;
  Interval length;
};

constexpr std::array kUnits{
    Unit{"us", {0, 0, 1}},           Unit{"microsecond", {0, 0, 1}},
    Unit{"ms", {0, 0, 1000}},        Unit{"millisecond", {0, 0, 1000}},
    Unit{"s", {0, 0, kSecond}},      Unit{"sec", {0, 0, kSecond}},
    Unit{"second", {0, 0, kSecond}}, Unit{"m", {0, 0, kMinute}},
    Unit{"min", {0, 0, kMinute}},    Unit{"minute", {0, 0, kMinute}},
    Unit{"h", {0, 0, kHour}},        Unit{"hr", {0, 0, kHour}},
    Unit{"hour", {0, 0, kHour}},     Unit{"d", {0, 1, 0}},
    Unit{"day", {0, 1, 0}},          Unit{"w", {0, 7, 0}},
    Unit{"week", {0, 7, 0}},         Unit{"mon", {1, 0, 0}},
    Unit{"month", {1, 0, 0}},        Unit{"y", {12, 0, 0}},
    Unit{"yr", {12, 0, 0}},          Unit{"year", {12, 0, 0}},
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

const Unit* FindUnit(std::string name) {
  for (char& c : name) c = static_cast<char>(c | 0x20);
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  if (name.size() > 2 && name.back() == 's') {  // plural
    name.pop_back();
    for (const Unit& unit : kUnits) {
      if (unit.name == name) return &unit;
    }
  }
  return nullptr;
}

// What is left of the text, read from the front.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool AtEnd() const { return text_.empty(); }
  void SkipSpaces() {
    while (!text_.empty() && text_.front() == ' ') text_.remove_prefix(1);
  }
  bool Take(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  std::optional<std::int64_t> Digits() {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc{} || text_.empty() || !IsDigit(text_.front())) return std::nullopt;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return value;
  }
  // What follows a decimal point, as millionths.
  std::optional<std::int64_t> Millionths() {
    std::int64_t value = 0;
    int digits = 0;
    while (!text_.empty() && IsDigit(text_.front())) {
      if (digits == 6) return std::nullopt;
      value = value * 10 + (text_.front() - '0');
      ++digits;
      text_.remove_prefix(1);
    }
    if (digits == 0) return std::nullopt;
    for (; digits < 6; ++digits) value *= 10;
    return value;
  }
  std::string Word() {
    std::string word;
    while (!text_.empty() && IsLetter(text_.front())) {
      word += text_.front();
      text_.remove_prefix(1);
    }
    return word;
  }

 private:
  std::string_view text_;
};

bool Add(std::int64_t& sum, std::int64_t count, std::int64_t of) {
  std::int64_t product = 0;
  return !__builtin_mul_overflow(count, of, &product) &&
         !__builtin_add_overflow(sum, product, &sum);
}

// The rest of HH:MM[:SS[.ffffff]] after the hours and their colon.
bool AddClock(Reader& in, std::int64_t hours, Interval& out) {
  const auto minutes = in.Digits();
  if (!minutes || *minutes > 59) return false;
  std::int64_t seconds = 0;
  std::int64_t fraction = 0;
  if (in.Take(':')) {
    const auto read = in.Digits();
    if (!read || *read > 59) return false;
    seconds = *read;
    if (in.Take('.')) {
      const auto part = in.Millionths();
      if (!part) return false;
      fraction = *part;
    }
  }
  return Add(out.micros, hours, kHour) && Add(out.micros, *minutes, kMinute) &&
         Add(out.micros, seconds, kSecond) && Add(out.micros, fraction, 1);
}

// A fraction only where it has one meaning: of hours and less.
bool AddUnits(std::int64_t count, std::int64_t millionths, const Unit& unit, Interval& out) {
  if (millionths != 0) {
    if (unit.length.micros == 0) return false;
    const auto part = static_cast<__int128>(millionths) * unit.length.micros / 1'000'000;
    if (!Add(out.micros, static_cast<std::int64_t>(part), 1)) return false;
  }
  return Add(out.months, count, unit.length.months) && Add(out.days, count, unit.length.days) &&
         Add(out.micros, count, unit.length.micros);
}

void AppendPart(std::string& out, std::int64_t count, std::string_view unit) {
  if (count != 0) fmt::format_to(std::back_inserter(out), "{}{}", count, unit);
}

}  // namespace

std::optional<Interval> ParseInterval(std::string_view text) {
  Reader in(text);
  Interval out;
  in.SkipSpaces();
  if (in.AtEnd()) return std::nullopt;
  while (!in.AtEnd()) {
    const auto count = in.Digits();
    if (!count) return std::nullopt;
    if (in.Take(':')) {
      if (!AddClock(in, *count, out)) return std::nullopt;
    } else {
      std::int64_t millionths = 0;
      if (in.Take('.')) {
        const auto part = in.Millionths();
        if (!part) return std::nullopt;
        millionths = *part;
      }
      in.SkipSpaces();
      const Unit* unit = FindUnit(in.Word());
      if (unit == nullptr || !AddUnits(*count, millionths, *unit, out)) return std::nullopt;
    }
    in.SkipSpaces();
  }
  return out;
}

bool SameLength(const Interval& a, const Interval& b) {
  const auto length = [](const Interval& i) {
    return (static_cast<__int128>(i.months) * 30 + i.days) * kDay + i.micros;
  };
  return length(a) == length(b);
}

std::string FormatInterval(const Interval& interval) {
  std::string out;
  AppendPart(out, interval.months / 12, "y");
  AppendPart(out, interval.months % 12, "mon");
  AppendPart(out, interval.days, "d");
  AppendPart(out, interval.micros / kHour, "h");
  AppendPart(out, interval.micros % kHour / kMinute, "m");
  const std::int64_t seconds = interval.micros % kMinute / kSecond;
  std::int64_t fraction = interval.micros % kSecond;
  if (fraction == 0) {
    AppendPart(out, seconds, "s");
  } else {
    int digits = 6;
    for (; fraction % 10 == 0; fraction /= 10) --digits;
    fmt::format_to(std::back_inserter(out), "{}.{:0{}}s", seconds, fraction, digits);
  }
  return out.empty() ? "0s" : out;
}

std::string FormatAsPostgres(const Interval& interval) {
  std::string out;
  const auto add = [&](std::int64_t count, const char* unit) {
    if (count != 0) out += fmt::format("{} {}{} ", count, unit, count == 1 ? "" : "s");
  };
  add(interval.months / 12, "year");
  add(interval.months % 12, "mon");
  add(interval.days, "day");
  if (interval.micros == 0 && !out.empty()) {
    out.pop_back();
    return out;
  }
  out += fmt::format("{:02}:{:02}:{:02}", interval.micros / kHour,
                     interval.micros % kHour / kMinute, interval.micros % kMinute / kSecond);
  if (const std::int64_t fraction = interval.micros % kSecond; fraction != 0) {
    out += fmt::format(".{:06}", fraction);
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out;
}

std::optional<std::chrono::milliseconds> ParseWait(std::string_view text) {
  const auto interval = ParseInterval(text);
  if (!interval || interval->months != 0) return std::nullopt;
  constexpr std::int64_t kLongest = 366;  // days: more is a slip of the pen
  if (interval->days > kLongest || interval->micros > kLongest * kDay) return std::nullopt;
  const std::chrono::milliseconds wait{(interval->days * kDay + interval->micros) / 1000};
  if (wait.count() == 0) return std::nullopt;
  return wait;
}

std::string FormatSpan(std::chrono::milliseconds span) {
  const std::int64_t ms = span.count();
  if (ms < 1000) return fmt::format("{}ms", ms);
  const std::int64_t seconds = ms / 1000;
  std::string out;
  AppendPart(out, seconds / 86400, "d");
  AppendPart(out, seconds % 86400 / 3600, "h");
  AppendPart(out, seconds % 3600 / 60, "m");
  AppendPart(out, seconds % 60, "s");
  return out;
}

}  // namespace jit::core
