// How states and ids are shown, the same in every list.
#pragma once

#include <optional>
#include <string>

#include "core/table.h"

namespace jit::views {

// Of a request or a token.
core::Style StyleOfStatus(std::string_view status);
core::Cell StatusCell(const std::string& status);

// Ids are names, not amounts: no separators of thousands.
core::Cell IdCell(std::optional<std::int64_t> id);

}  // namespace jit::views
