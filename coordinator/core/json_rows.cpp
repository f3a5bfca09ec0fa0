#include "core/json_rows.h"

#include <fmt/format.h>

#include <charconv>

namespace jit::core {
namespace {

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string TextOf(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_structured() ? DumpAsPostgres(value) : Dump(value);
}

template <typename Number>
std::optional<Number> Parse(const std::string& text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

JsonRows::JsonRows(Json array) : array_(std::move(array)) {
  if (!array_.is_array()) array_ = Json::array();
}

int JsonRows::rows() const { return static_cast<int>(array_.size()); }

bool JsonRows::Has(const char* column) const {
  return !array_.empty() && array_.front().is_object() && array_.front().contains(column);
}

const Json* JsonRows::Value(int row, const char* column) const {
  if (row < 0 || row >= rows()) return nullptr;
  const Json& object = array_[static_cast<std::size_t>(row)];
  if (!object.is_object()) return nullptr;
  const auto found = object.find(column);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> JsonRows::Text(int row, const char* column) const {
  const Json* value = Value(row, column);
  return value == nullptr ? std::nullopt : std::optional(TextOf(*value));
}

std::optional<std::int64_t> JsonRows::Integer(int row, const char* column) const {
  const Json* value = Value(row, column);
  if (value == nullptr) return std::nullopt;
  if (value->is_number_integer()) return value->get<std::int64_t>();
  return value->is_string() ? Parse<std::int64_t>(value->get<std::string>()) : std::nullopt;
}

std::optional<double> JsonRows::Real(int row, const char* column) const {
  const Json* value = Value(row, column);
  if (value == nullptr) return std::nullopt;
  if (value->is_number()) return value->get<double>();
  return value->is_string() ? Parse<double>(value->get<std::string>()) : std::nullopt;
}

bool JsonRows::Bool(int row, const char* column) const {
  const Json* value = Value(row, column);
  return value != nullptr && value->is_boolean() && value->get<bool>();
}

std::optional<std::vector<std::string>> JsonRows::List(int row, const char* column) const {
  const Json* value = Value(row, column);
  if (value == nullptr || !value->is_array()) return std::nullopt;
  std::vector<std::string> items;
  for (const Json& item : *value) {
    if (!item.is_null()) items.push_back(TextOf(item));
  }
  return items;
}

std::string DumpAsPostgres(const Json& json) {
  std::string out;
  const auto next = [&out] { out += out.size() > 1 ? ", " : ""; };
  if (json.is_object()) {
    out = "{";
    for (const auto& [key, value] : json.items()) {
      next();
      out += fmt::format("{}: {}", Dump(key), DumpAsPostgres(value));
    }
    return out + "}";
  }
  if (json.is_array()) {
    out = "[";
    for (const Json& value : json) {
      next();
      out += DumpAsPostgres(value);
    }
    return out + "]";
  }
  return Dump(json);
}

}  // namespace jit::core
