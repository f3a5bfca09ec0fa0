#include "core/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "core/text.h"

namespace jit::core {
namespace {

constexpr std::size_t kGap = 2;
constexpr std::size_t kNarrowest = 8;  // a cut cell keeps so many columns

std::string_view Sequence(Style style) {
  switch (style) {
    case Style::kPlain:
      return "";
    case Style::kDim:
      return "2";
    case Style::kBold:
      return "1";
    case Style::kGood:
      return "32";
    case Style::kWarning:
      return "33";
    case Style::kBad:
      return "31";
  }
  return "";
}

struct Layout {
  std::vector<std::size_t> shown;   // indexes of the columns for people
  std::vector<std::size_t> widths;  // by position in shown
  bool cut = false;
};

std::size_t TotalWidth(const std::vector<std::size_t>& widths) {
  std::size_t total = widths.empty() ? 0 : kGap * (widths.size() - 1);
  for (const std::size_t width : widths) total += width;
  return total;
}

// Takes from the widest column that may shrink, a column at a time, until the table fits or none is
// left.
void Shrink(const Table& table, Layout& layout, std::size_t limit) {
  while (TotalWidth(layout.widths) > limit) {
    std::optional<std::size_t> widest;
    for (std::size_t i = 0; i < layout.shown.size(); ++i) {
      if (!table.columns[layout.shown[i]].shrinks || layout.widths[i] <= kNarrowest) continue;
      if (!widest || layout.widths[i] > layout.widths[*widest]) widest = i;
    }
    if (!widest) return;
    --layout.widths[*widest];
    layout.cut = true;
  }
}

using Texts = std::vector<std::vector<std::string>>;

Layout LayOut(const Table& table, const Texts& texts, std::size_t limit) {
  Layout layout;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].title.empty()) continue;
    std::size_t width = std::max(DisplayWidth(table.columns[i].title), table.columns[i].least);
    for (const auto& row : texts) width = std::max(width, DisplayWidth(row[i]));
    layout.shown.push_back(i);
    layout.widths.push_back(width);
  }
  if (limit != 0) Shrink(table, layout, limit);
  return layout;
}

// Spaces around are outside the colour; none after the last column of the line.
void AppendCell(std::string& line, const std::string& text, std::size_t width, bool right,
                bool last, Style style, bool colour) {
  const std::string cut = Truncate(text, width);
  const std::string fill(width - std::min(width, DisplayWidth(cut)), ' ');
  if (right) line += fill;
  line += Paint(cut, style, colour);
  if (!right && !last) line += fill;
  if (!last) line.append(kGap, ' ');
}

void AppendLine(std::string& out, std::string line) {
  const std::size_t end = line.find_last_not_of(' ');
  line.resize(end == std::string::npos ? 0 : end + 1);
  out += line;
  out += '\n';
}

}  // namespace

std::string Paint(std::string_view text, Style style, bool colour) {
  if (!colour || style == Style::kPlain || text.empty()) return std::string(text);
  return fmt::format("\x1b[{}m{}\x1b[0m", Sequence(style), text);
}

Cell Cell::Null() { return {}; }

Cell Cell::Text(const std::string& text, Style style) { return {text, text, text, style}; }

Cell Cell::Text(const std::optional<std::string>& text) { return text ? Text(*text) : Null(); }

Cell Cell::Number(std::int64_t number) {
  return {FormatCount(number), fmt::to_string(number), number, Style::kPlain};
}

Cell Cell::Number(std::optional<std::int64_t> number) { return number ? Number(*number) : Null(); }

Cell Cell::Bool(bool value) {
  return {value ? "yes" : "no", value ? "true" : "false", value, Style::kPlain};
}

Cell Cell::Time(std::optional<Instant> instant, Instant now) {
  if (!instant) return Null();
  const std::string stamp = FormatRfc3339(*instant);
  return {FormatRelative(*instant, now), stamp, stamp, Style::kPlain};
}

Cell Cell::At(std::optional<Instant> instant) {
  if (!instant) return Null();
  std::string human = FormatRfc3339(std::chrono::floor<std::chrono::seconds>(*instant));
  human[human.find('T')] = ' ';
  human.pop_back();
  const std::string stamp = FormatRfc3339(*instant);
  return {human, stamp, stamp, Style::kPlain};
}

Cell Cell::Millis(std::optional<double> millis) {
  if (!millis) return Null();
  const std::string human =
      *millis < 1000 ? fmt::format("{:.1f} ms", *millis)
      : *millis < 60'000
          ? fmt::format("{:.1f} s", *millis / 1000)
          : FormatSpan(std::chrono::milliseconds{static_cast<std::int64_t>(*millis)});
  return {human, fmt::format("{:.3f}", *millis), *millis, Style::kPlain};
}

Cell Cell::Length(const std::optional<Interval>& interval) {
  return interval ? Text(FormatInterval(*interval)) : Null();
}

Cell Cell::List(const std::optional<std::vector<std::string>>& items) {
  if (!items) return Null();
  return {fmt::format("{}", fmt::join(*items, ", ")), fmt::format("{}", fmt::join(*items, ",")),
          *items, Style::kPlain};
}

Cell Cell::Bytes(std::optional<std::int64_t> bytes) {
  if (!bytes) return Null();
  return {FormatBytes(*bytes), fmt::to_string(*bytes), *bytes, Style::kPlain};
}

RenderedTable RenderForPeople(const Table& table, const TerminalLook& look) {
  Texts texts;
  for (const auto& row : table.rows) {
    std::vector<std::string>& line = texts.emplace_back();
    for (const Cell& cell : row) line.push_back(EscapeForTerminal(cell.human));
  }
  const Layout layout = LayOut(table, texts, look.width);
  RenderedTable out{{}, layout.cut};
  const auto append_row = [&](const auto& text_of, const auto& style_of) {
    std::string line;
    for (std::size_t i = 0; i < layout.shown.size(); ++i) {
      const std::size_t column = layout.shown[i];
      AppendCell(line, text_of(column), layout.widths[i], table.columns[column].right,
                 i + 1 == layout.shown.size(), style_of(column), look.colour);
    }
    AppendLine(out.text, std::move(line));
  };
  if (look.header) {
    append_row([&](std::size_t c) { return table.columns[c].title; },
               [](std::size_t) { return Style::kBold; });
  }
  for (std::size_t r = 0; r < texts.size(); ++r) {
    append_row([&](std::size_t c) { return texts[r][c]; },
               [&](std::size_t c) { return table.rows[r][c].style; });
  }
  return out;
}

std::string RenderTsv(const Table& table) {
  std::string out;
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i != 0) out += '\t';
      out += EscapeForTsv(row[i].plain);
    }
    out += '\n';
  }
  return out;
}

Json RenderJson(const Table& table) {
  Json out = Json::array();
  for (std::size_t row = 0; row < table.rows.size(); ++row) out.push_back(RenderJson(table, row));
  return out;
}

Json RenderJson(const Table& table, std::size_t row) {
  Json object = Json::object();
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    object[table.columns[i].name] = table.rows[row][i].json;
  return object;
}

std::string FormatBytes(std::int64_t bytes) {
  static constexpr std::array kUnits{"bytes", "kB", "MB", "GB", "TB", "PB"};
  double amount = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (amount >= 1023.5 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  if (unit == 0 || amount >= 9.95) return fmt::format("{:.0f} {}", amount, kUnits[unit]);
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string FormatCount(std::int64_t count) {
  std::string digits = fmt::to_string(count);
  const std::size_t first = digits.front() == '-' ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

}  // namespace jit::core
