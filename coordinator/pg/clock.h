// The server's clock: what is shown as '3 minutes ago' is counted from it.
#pragma once

#include "core/timestamp.h"
#include "pg/connection.h"

namespace jit::pg {

Task<core::Instant> ServerTime(Connection& connection);

}  // namespace jit::pg
