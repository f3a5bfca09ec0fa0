#include "pg/result.h"

#include <charconv>
#include <stdexcept>

namespace jit::pg {

std::optional<std::string_view> Result::Value(int row, const char* column) const {
  const int number = PQfnumber(result_.get(), column);
  if (number < 0 || row < 0 || row >= rows())
    throw std::out_of_range(std::string("no column ") + column);
  if (PQgetisnull(result_.get(), row, number) != 0) return std::nullopt;
  return std::string_view(PQgetvalue(result_.get(), row, number),
                          static_cast<std::size_t>(PQgetlength(result_.get(), row, number)));
}

std::optional<std::string> Result::Text(int row, const char* column) const {
  const auto value = Value(row, column);
  return value ? std::optional<std::string>(*value) : std::nullopt;
}

std::optional<std::int64_t> Result::Integer(int row, const char* column) const {
  const auto value = Value(row, column);
  std::int64_t number = 0;
  if (!value ||
      std::from_chars(value->data(), value->data() + value->size(), number).ec != std::errc{}) {
    return std::nullopt;
  }
  return number;
}

std::optional<double> Result::Real(int row, const char* column) const {
  const auto value = Value(row, column);
  double number = 0;
  if (!value ||
      std::from_chars(value->data(), value->data() + value->size(), number).ec != std::errc{}) {
    return std::nullopt;
  }
  return number;
}

bool Result::Bool(int row, const char* column) const { return Value(row, column) == "t"; }

std::optional<std::vector<std::string>> Result::List(int row, const char* column) const {
  const auto value = Value(row, column);
  return value ? std::optional(ParseArray(*value)) : std::nullopt;
}

std::vector<std::string> ParseArray(std::string_view text) {
  std::vector<std::string> out;
  if (text.size() < 2 || text.front() != '{' || text.back() != '}') return out;
  text = text.substr(1, text.size() - 2);
  std::size_t at = 0;
  while (at < text.size()) {
    std::string item;
    bool quoted = false;
    for (bool inside = false; at < text.size() && (inside || text[at] != ','); ++at) {
      if (text[at] == '"') {
        inside = !inside;
        quoted = true;
      } else {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        item += text[at];
      }
    }
    ++at;  // the comma
    if (quoted || item != "NULL") out.push_back(std::move(item));
  }
  return out;
}

std::string FormatArray(const std::vector<std::string>& items) {
  std::string out = "{";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ',';
    out += '"';
    for (const char c : item) {
      if (c == '"' || c == '\\') out += '\\';
      out += c;
    }
    out += '"';
  }
  return out + "}";
}

}  // namespace jit::pg
