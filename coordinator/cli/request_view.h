// How a request's parts are shown, the same in every command.
#pragma once

#include <string>

#include "core/table.h"

namespace jit::cli {

core::Style StyleOfStatus(std::string_view status);
core::Cell StatusCell(const std::string& status);

}  // namespace jit::cli
