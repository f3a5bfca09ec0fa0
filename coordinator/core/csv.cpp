#include "core/csv.h"

#include "core/text.h"

namespace jit::core {
namespace {

// Line breaks become '\n', whatever they were; tabs stay.
std::string Visible(std::string_view text) {
  std::string out;
  while (true) {
    const std::size_t end = text.find_first_of("\t\r");
    out += EscapeForTerminal(text.substr(0, end), true);
    if (end == std::string_view::npos) return out;
    const bool line_break = text.substr(end, 2) == "\r\n";
    out += text[end] == '\t' ? "\t" : line_break ? "\n" : "\\r";
    text.remove_prefix(end + (line_break ? 2 : 1));
  }
}

bool LooksLikeFormula(std::string_view text) {
  return !text.empty() && std::string_view("=+-@\t").find(text.front()) != std::string_view::npos;
}

}  // namespace

std::string CsvField(std::string_view text, bool is_text) {
  std::string field = Visible(text);
  if (is_text && LooksLikeFormula(field)) field.insert(0, 1, '\'');
  if (field.find_first_of(",\"\n") == std::string::npos && !field.starts_with(' ') &&
      !field.ends_with(' ')) {
    return field;
  }
  std::string out = "\"";
  for (const char c : field) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

std::string RenderCsv(const Table& table, bool header) {
  std::string out;
  if (header) {
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      if (i != 0) out += ',';
      out += CsvField(table.columns[i].name);
    }
    out += "\r\n";
  }
  for (const auto& row : table.rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i != 0) out += ',';
      out += CsvField(row[i].plain, !row[i].json.is_number());
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace jit::core
