#include "core/text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

namespace jit::core {
namespace {

struct CodePoint {
  char32_t value;
  std::size_t length;  // bytes taken; 0 = not UTF-8 here
};

struct Range {
  char32_t first;
  char32_t last;
};

// Strict: overlong forms, surrogates and values past U+10FFFF are not UTF-8.
CodePoint Decode(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return {lead, 1};
  std::size_t length = 0;
  char32_t value = 0;
  char32_t least = 0;
  if ((lead & 0xE0) == 0xC0) {
    length = 2, value = lead & 0x1F, least = 0x80;
  } else if ((lead & 0xF0) == 0xE0) {
    length = 3, value = lead & 0x0F, least = 0x800;
  } else if ((lead & 0xF8) == 0xF0) {
    length = 4, value = lead & 0x07, least = 0x10000;
  } else {
    return {lead, 0};
  }
  if (text.size() < length) return {lead, 0};
  for (std::size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte & 0xC0) != 0x80) return {lead, 0};
    value = (value << 6) | (byte & 0x3F);
  }
  if (value < least || value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF)) return {lead, 0};
  return {value, length};
}

template <std::size_t N>
bool Contains(const std::array<Range, N>& ranges, char32_t value) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), value,
                                      [](char32_t v, const Range& r) { return v < r.first; });
  return after != ranges.begin() && value <= std::prev(after)->last;
}

// Characters that change how the rest is shown, or are not seen at all.
constexpr std::array kDeceptive{
    Range{0x00AD, 0x00AD},  Range{0x061C, 0x061C}, Range{0x115F, 0x1160}, Range{0x180E, 0x180E},
    Range{0x200B, 0x200F},  Range{0x2028, 0x202E}, Range{0x2060, 0x206F}, Range{0x3164, 0x3164},
    Range{0xFE00, 0xFE0F},  Range{0xFEFF, 0xFEFF}, Range{0xFFA0, 0xFFA0}, Range{0xFFF9, 0xFFFB},
    Range{0xE0000, 0xE0FFF}};

constexpr std::array kCombining{
    Range{0x0300, 0x036F}, Range{0x0483, 0x0489}, Range{0x0591, 0x05BD}, Range{0x0610, 0x061A},
    Range{0x064B, 0x065F}, Range{0x0900, 0x0902}, Range{0x093C, 0x093C}, Range{0x0E31, 0x0E31},
    Range{0x0E34, 0x0E3A}, Range{0x1AB0, 0x1AFF}, Range{0x1DC0, 0x1DFF}, Range{0x20D0, 0x20FF},
    Range{0x302A, 0x302D}, Range{0x3099, 0x309A}, Range{0xFE20, 0xFE2F}};

constexpr std::array kWide{
    Range{0x1100, 0x115E},   Range{0x231A, 0x231B},   Range{0x2329, 0x232A},
    Range{0x23E9, 0x23EC},   Range{0x2614, 0x2615},   Range{0x26A1, 0x26A1},
    Range{0x2705, 0x2705},   Range{0x274C, 0x274C},   Range{0x2753, 0x2755},
    Range{0x2757, 0x2757},   Range{0x2E80, 0x303E},   Range{0x3041, 0x33FF},
    Range{0x3400, 0x4DBF},   Range{0x4E00, 0x9FFF},   Range{0xA000, 0xA4CF},
    Range{0xA960, 0xA97F},   Range{0xAC00, 0xD7A3},   Range{0xF900, 0xFAFF},
    Range{0xFE30, 0xFE6F},   Range{0xFF00, 0xFF60},   Range{0xFFE0, 0xFFE6},
    Range{0x1F300, 0x1F64F}, Range{0x1F680, 0x1F6FF}, Range{0x1F900, 0x1F9FF},
    Range{0x20000, 0x3FFFD}};

bool IsControl(char32_t c) { return c < 0x20 || (c >= 0x7F && c < 0xA0); }

void AppendEscape(std::string& out, char32_t value) {
  switch (value) {
    case '\n':
      out += "\\n";
      return;
    case '\t':
      out += "\\t";
      return;
    case '\r':
      out += "\\r";
      return;
    default:
      break;
  }
  auto to = std::back_inserter(out);
  if (value < 0x80) {
    fmt::format_to(to, "\\x{:02x}", static_cast<std::uint32_t>(value));
  } else if (value <= 0xFFFF) {
    fmt::format_to(to, "\\u{:04x}", static_cast<std::uint32_t>(value));
  } else {
    fmt::format_to(to, "\\U{:08x}", static_cast<std::uint32_t>(value));
  }
}

std::string Escape(std::string_view text, bool keep_newlines, bool double_backslash) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint c = Decode(text);
    if (c.length == 0) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<std::uint32_t>(c.value));
      text.remove_prefix(1);
      continue;
    }
    if (keep_newlines && c.value == '\n') {
      out += '\n';
    } else if (IsControl(c.value) || Contains(kDeceptive, c.value)) {
      AppendEscape(out, c.value);
    } else if (double_backslash && c.value == '\\') {
      out += "\\\\";
    } else {
      out += text.substr(0, c.length);
    }
    text.remove_prefix(c.length);
  }
  return out;
}

std::size_t WidthOf(char32_t value) {
  if (Contains(kCombining, value)) return 0;
  return Contains(kWide, value) ? 2 : 1;
}

// Bytes of the longest beginning that fits into width columns, combining marks included.
std::size_t Fitting(std::string_view text, std::size_t width) {
  std::size_t bytes = 0;
  std::size_t used = 0;
  while (bytes < text.size()) {
    const CodePoint c = Decode(text.substr(bytes));
    const std::size_t columns = c.length == 0 ? 1 : WidthOf(c.value);
    if (used + columns > width) break;
    used += columns;
    bytes += std::max<std::size_t>(c.length, 1);
  }
  return bytes;
}

}  // namespace

std::string EscapeForTerminal(std::string_view text, bool keep_newlines) {
  return Escape(text, keep_newlines, false);
}

std::string EscapeForTsv(std::string_view text) { return Escape(text, false, true); }

std::size_t DisplayWidth(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const CodePoint c = Decode(text);
    width += c.length == 0 ? 1 : WidthOf(c.value);
    text.remove_prefix(std::max<std::size_t>(c.length, 1));
  }
  return width;
}

std::string Truncate(std::string_view text, std::size_t width) {
  if (Fitting(text, width) == text.size()) return std::string(text);
  if (width == 0) return {};
  return std::string(text.substr(0, Fitting(text, width - 1))) + "…";
}

std::string Wrap(std::string_view text, std::size_t width, std::size_t indent) {
  std::string out;
  const std::string margin = "\n" + std::string(indent, ' ');
  while (true) {
    std::size_t take = Fitting(text, std::max<std::size_t>(width, 8));
    if (take == text.size()) return out + std::string(text);
    const std::size_t space = text.substr(0, take + 1).rfind(' ');
    const bool at_space = space != std::string_view::npos && space > 0;
    if (at_space) take = space;
    out += text.substr(0, take);
    out += margin;
    text.remove_prefix(at_space ? take + 1 : take);
  }
}

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n\v\f") == std::string_view::npos;
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const CodePoint one = Decode(text);
    if (one.length == 0) return false;
    text.remove_prefix(one.length);
  }
  return true;
}

}  // namespace jit::core
