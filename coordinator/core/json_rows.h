// An array of objects as rows: what RenderJson wrote, read back on the other side.
#pragma once

#include "core/rows.h"
#include "core/table.h"

namespace jit::core {

// The other side may be of another version, or mistaken: what is missing or of another type is as
// NULL, nothing throws.
class JsonRows : public Rows {
 public:
  // Anything but an array has no rows.
  explicit JsonRows(Json array);

  int rows() const override;
  bool Has(const char* column) const override;  // in the first row
  std::optional<std::string> Text(int row, const char* column) const override;
  std::optional<std::int64_t> Integer(int row, const char* column) const override;
  std::optional<double> Real(int row, const char* column) const override;
  bool Bool(int row, const char* column) const override;
  std::optional<std::vector<std::string>> List(int row, const char* column) const override;

 private:
  // Null for NULL.
  const Json* Value(int row, const char* column) const;

  Json array_;
};

// As PostgreSQL writes a jsonb: a space after each comma and colon.
std::string DumpAsPostgres(const Json& json);

}  // namespace jit::core
