// A result of a statement: owned, read by the names of its columns.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/interval.h"
#include "core/timestamp.h"

namespace jit::pg {

class Result {
 public:
  // Takes ownership. A null pointer is libpq out of memory.
  explicit Result(PGresult* result) : result_(result) {}

  PGresult* get() const { return result_.get(); }
  int rows() const { return PQntuples(result_.get()); }
  bool empty() const { return rows() == 0; }

  // Each throws std::out_of_range for a column that is not there: a mistake in our statement.
  std::optional<std::string> Text(int row, const char* column) const;
  std::string TextOr(int row, const char* column, const std::string& fallback = {}) const;
  std::optional<std::int64_t> Integer(int row, const char* column) const;
  std::optional<double> Real(int row, const char* column) const;
  bool Bool(int row, const char* column) const;  // NULL is false
  std::optional<core::Instant> Time(int row, const char* column) const;
  std::optional<core::Interval> Length(int row, const char* column) const;
  // Of text[] and name[] in one dimension.
  std::optional<std::vector<std::string>> List(int row, const char* column) const;

 private:
  struct Clear {
    void operator()(PGresult* result) const { PQclear(result); }
  };
  // No value for NULL.
  std::optional<std::string_view> Value(int row, const char* column) const;

  std::unique_ptr<PGresult, Clear> result_;
};

// '{a,"b c",NULL}' to its elements; NULL elements are left out.
std::vector<std::string> ParseArray(std::string_view text);

// The other way, for a parameter.
std::string FormatArray(const std::vector<std::string>& items);

}  // namespace jit::pg
