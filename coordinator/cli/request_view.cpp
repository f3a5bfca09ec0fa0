#include "cli/request_view.h"

namespace jit::cli {

core::Style StyleOfStatus(std::string_view status) {
  if (status == "pending") return core::Style::kWarning;
  if (status == "approved" || status == "active") return core::Style::kGood;
  if (status == "denied" || status == "revoked") return core::Style::kBad;
  return core::Style::kDim;
}

core::Cell StatusCell(const std::string& status) {
  return core::Cell::Text(status, StyleOfStatus(status));
}

}  // namespace jit::cli
