// Rows for people, for scripts and as JSON, from one description of the columns.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/interval.h"
#include "core/timestamp.h"

namespace jit::core {

using Json = nlohmann::ordered_json;

enum class Style { kPlain, kDim, kBold, kGood, kWarning, kBad };

// Wraps text in the escape sequence of the style; unchanged without colour or for kPlain.
std::string Paint(std::string_view text, Style style, bool colour);

// One value in its three forms. The texts are as they came; the renderers escape them.
struct Cell {
  std::string human;
  std::string plain;
  Json json = nullptr;
  Style style = Style::kPlain;

  static Cell Null();
  static Cell Text(const std::string& text, Style style = Style::kPlain);
  static Cell Text(const std::optional<std::string>& text);
  static Cell Number(std::int64_t number);
  static Cell Number(std::optional<std::int64_t> number);
  static Cell Bool(bool value);
  static Cell Time(std::optional<Instant> instant, Instant now);
  static Cell At(std::optional<Instant> instant);  // to the second, not as a distance from now
  static Cell Millis(std::optional<double> millis);
  static Cell Length(const std::optional<Interval>& interval);
  static Cell List(const std::optional<std::vector<std::string>>& items);
  static Cell Bytes(std::optional<std::int64_t> bytes);
};

struct Column {
  std::string name;       // in JSON
  std::string title;      // in the header for people; empty = only in JSON and for scripts
  bool right = false;     // align to the right
  bool shrinks = false;   // may be cut where the terminal is too narrow
  std::size_t least = 0;  // columns it takes at least, so that tables below each other line up
};

struct Table {
  std::vector<Column> columns;
  std::vector<std::vector<Cell>> rows;
};

struct TerminalLook {
  std::size_t width = 80;  // 0 = unlimited
  bool colour = false;
  bool header = true;
};

struct RenderedTable {
  std::string text;
  bool cut = false;  // something did not fit
};

RenderedTable RenderForPeople(const Table& table, const TerminalLook& look);
std::string RenderTsv(const Table& table);
Json RenderJson(const Table& table);
Json RenderJson(const Table& table, std::size_t row);

// '12 kB', '3.4 GB'.
std::string FormatBytes(std::int64_t bytes);
// '1,234,567'.
std::string FormatCount(std::int64_t count);

}  // namespace jit::core
