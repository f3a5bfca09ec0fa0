// Rows by the names of their columns, wherever they come from: a database's result or a JSON array.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/interval.h"
#include "core/timestamp.h"

namespace jit::core {

class Rows {
 public:
  virtual ~Rows() = default;
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  virtual int rows() const = 0;
  virtual bool Has(const char* column) const = 0;

  // No value for NULL, and for what cannot be read in that type.
  virtual std::optional<std::string> Text(int row, const char* column) const = 0;
  virtual std::optional<std::int64_t> Integer(int row, const char* column) const = 0;
  virtual std::optional<double> Real(int row, const char* column) const = 0;
  virtual bool Bool(int row, const char* column) const = 0;  // NULL is false
  virtual std::optional<std::vector<std::string>> List(int row, const char* column) const = 0;

  bool empty() const { return rows() == 0; }
  std::string TextOr(int row, const char* column, const std::string& fallback = {}) const {
    return Text(row, column).value_or(fallback);
  }
  std::optional<Instant> Time(int row, const char* column) const {
    const auto text = Text(row, column);
    return text ? ParseTimestamp(*text) : std::nullopt;
  }
  std::optional<Interval> Length(int row, const char* column) const {
    const auto text = Text(row, column);
    return text ? ParseInterval(*text) : std::nullopt;
  }

 protected:
  Rows() = default;
  Rows(Rows&&) = default;
  Rows& operator=(Rows&&) = default;
};

}  // namespace jit::core
