// What to ask for after a refusal, as data.
#pragma once

#include "api/session.h"
#include "core/table.h"

namespace jit::api {

// The request that would let a refused statement through: {access, statement, preview}; null where
// there is none. Throws nothing.
Task<core::Json> FindCure(Session& session, std::string sql, pg::ErrorFields refused);

// The access that a refusal's HINT says to ask for; none where it says nothing of the kind. Pure.
std::optional<std::string> AccessOfHint(std::string_view hint);

}  // namespace jit::api
