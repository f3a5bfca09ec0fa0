// JSON from the other side of a connection.
#pragma once

#include <string_view>

#include "core/table.h"

namespace jit::core {

// Reads a document; null where it is none, or nests deeper than a thousand levels: whoever goes
// through the tree, to write it say, calls itself for each.
Json ParseJson(std::string_view text);

}  // namespace jit::core
