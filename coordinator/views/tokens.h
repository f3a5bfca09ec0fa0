// Bearer tokens for the API, newest first; never what they are made of.
#pragma once

#include "core/rows.h"
#include "core/table.h"
#include "pg/connection.h"

namespace jit::views {

struct TokenFilter {
  bool all = false;  // also those of others, where the caller may see them
};

Task<core::Table> ReadTokens(pg::Connection& connection, TokenFilter filter);

// Of rows that have the columns of the table, by their names.
core::Table TokenTable(const core::Rows& found, core::Instant now);

}  // namespace jit::views
