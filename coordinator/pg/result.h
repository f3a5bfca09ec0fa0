// A result of a statement: owned, read by the names of its columns.
#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/rows.h"

namespace jit::pg {

class Result : public core::Rows {
 public:
  // Takes ownership. A null pointer is libpq out of memory.
  explicit Result(PGresult* result) : result_(result) {}

  PGresult* get() const { return result_.get(); }
  int rows() const override { return PQntuples(result_.get()); }
  bool Has(const char* column) const override { return PQfnumber(result_.get(), column) >= 0; }

  // Each throws std::out_of_range for a column that is not there: a mistake in our statement.
  std::optional<std::string> Text(int row, const char* column) const override;
  std::optional<std::int64_t> Integer(int row, const char* column) const override;
  std::optional<double> Real(int row, const char* column) const override;
  bool Bool(int row, const char* column) const override;
  // Of text[] and name[] in one dimension.
  std::optional<std::vector<std::string>> List(int row, const char* column) const override;

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
