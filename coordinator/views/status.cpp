#include "views/status.h"

namespace jit::views {

core::Style StyleOfStatus(std::string_view status) {
  if (status == "pending") return core::Style::kWarning;
  if (status == "approved" || status == "active") return core::Style::kGood;
  if (status == "denied" || status == "revoked") return core::Style::kBad;
  return core::Style::kDim;
}

core::Cell StatusCell(const std::string& status) {
  return core::Cell::Text(status, StyleOfStatus(status));
}

core::Cell IdCell(std::optional<std::int64_t> id) {
  core::Cell cell = core::Cell::Number(id);
  cell.human = cell.plain;
  return cell;
}

}  // namespace jit::views
