#include "pg/clock.h"

namespace jit::pg {

Task<core::Instant> ServerTime(Connection& connection) {
  const Result found = co_await connection.Execute("SELECT pg_catalog.clock_timestamp() AS now");
  const auto now = found.Time(0, "now");
  if (!now) throw Error::OfConnection("the server's clock cannot be read");
  co_return *now;
}

}  // namespace jit::pg
