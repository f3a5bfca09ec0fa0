// Masks that make numbers, dates and addresses coarser, as SQL functions.

#include "mask_functions/arguments.h"
#include "pg/server.h"

extern "C" {
#include <sys/socket.h>

#include "common/int.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/inet.h"
#include "utils/numeric.h"
}

namespace jit::mask_functions {

namespace {

// The greatest multiple of step that is not above value; the type's least number where that lies
// below it.
int64 LowerBound(int64 value, int64 step, int64 least) {
  if (step <= 0)
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("step of a mask must be positive"),
             errhint("As in: jit_mask_range(salary, 10000)")));
  int64 rest = value % step;
  if (rest < 0) rest += step;
  int64 bound;
  if (pg_sub_s64_overflow(value, rest, &bound) || bound < least) return least;
  return bound;
}

int CheckBits(int bits, int most) {
  if (bits < 0 || bits > most)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("number of bits of a mask must be between 0 and %d", most),
                    errhint("As in: jit_mask_inet(address, 24, 48)")));
  return bits;
}

// The network of so many bits that the address lies in.
Datum NetworkOf(FunctionCallInfo fcinfo) {
  inet* address = PG_GETARG_INET_PP(0);
  int v4 = CheckBits(PG_GETARG_INT32(1), 32);
  int v6 = CheckBits(PG_GETARG_INT32(2), 128);
  int bits = Min(ip_family(address) == PGSQL_AF_INET ? v4 : v6, static_cast<int>(ip_bits(address)));
  Datum cut = DirectFunctionCall2(inet_set_masklen, InetPGetDatum(address), Int32GetDatum(bits));
  return DirectFunctionCall1(network_network, cut);
}

// Within what can be cut down to any unit: an error would tell that the value is far out.
Timestamp Within(Timestamp value) {
  constexpr int kLeastYear = -3999;
  Timestamp least = (date2j(kLeastYear, 1, 1) - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY;
  return TIMESTAMP_NOT_FINITE(value) ? value : Max(value, least);
}

Datum CutDown(Datum unit, Timestamp value) {
  return DirectFunctionCall2(timestamp_trunc, unit, TimestampGetDatum(Within(value)));
}

}  // namespace

}  // namespace jit::mask_functions

using namespace jit::mask_functions;

JIT_SQL_FUNCTION(jit_mask_range_int2)
// jit_mask_range(value smallint, step smallint).
Datum jit_mask_range_int2(PG_FUNCTION_ARGS) {
  PG_RETURN_INT16(
      static_cast<int16>(LowerBound(PG_GETARG_INT16(0), PG_GETARG_INT16(1), PG_INT16_MIN)));
}

JIT_SQL_FUNCTION(jit_mask_range_int4)
// jit_mask_range(value integer, step integer).
Datum jit_mask_range_int4(PG_FUNCTION_ARGS) {
  PG_RETURN_INT32(
      static_cast<int32>(LowerBound(PG_GETARG_INT32(0), PG_GETARG_INT32(1), PG_INT32_MIN)));
}

JIT_SQL_FUNCTION(jit_mask_range_int8)
// jit_mask_range(value bigint, step bigint).
Datum jit_mask_range_int8(PG_FUNCTION_ARGS) {
  PG_RETURN_INT64(LowerBound(PG_GETARG_INT64(0), PG_GETARG_INT64(1), PG_INT64_MIN));
}

JIT_SQL_FUNCTION(jit_mask_range_numeric)
// jit_mask_range(value numeric, step numeric); NaN and infinities become NaN.
Datum jit_mask_range_numeric(PG_FUNCTION_ARGS) {
  Datum value = PG_GETARG_DATUM(0);
  Datum step = PG_GETARG_DATUM(1);
  Datum zero = DirectFunctionCall1(int4_numeric, Int32GetDatum(0));
  if (numeric_is_nan(DatumGetNumeric(step)) || numeric_is_inf(DatumGetNumeric(step)) ||
      !DatumGetBool(DirectFunctionCall2(numeric_gt, step, zero)))
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("step of a mask must be positive"),
             errhint("As in: jit_mask_range(salary, 10000)")));
  if (numeric_is_nan(DatumGetNumeric(value)) || numeric_is_inf(DatumGetNumeric(value)))
    return DirectFunctionCall3(numeric_in, CStringGetDatum("NaN"), ObjectIdGetDatum(InvalidOid),
                               Int32GetDatum(-1));
  Datum rest = DirectFunctionCall2(numeric_mod, value, step);
  Datum bound = DirectFunctionCall2(numeric_sub, value, rest);
  if (DatumGetBool(DirectFunctionCall2(numeric_lt, rest, zero)))
    bound = DirectFunctionCall2(numeric_sub, bound, step);
  // The scale of the value would say how exact it was.
  return DirectFunctionCall1(numeric_trim_scale, bound);
}

JIT_SQL_FUNCTION(jit_mask_trunc_date)
// jit_mask_trunc(value date, unit text).
Datum jit_mask_trunc_date(PG_FUNCTION_ARGS) {
  DateADT value = PG_GETARG_DATEADT(0);
  if (DATE_NOT_FINITE(value)) PG_RETURN_DATEADT(value);
  // Dates go further than instants.
  constexpr DateADT kMost = TIMESTAMP_END_JULIAN - POSTGRES_EPOCH_JDATE - 1;
  Timestamp instant = static_cast<Timestamp>(Min(value, kMost)) * USECS_PER_DAY;
  return DirectFunctionCall1(timestamp_date, CutDown(PG_GETARG_DATUM(1), instant));
}

JIT_SQL_FUNCTION(jit_mask_trunc_timestamp)
// jit_mask_trunc(value timestamp, unit text).
Datum jit_mask_trunc_timestamp(PG_FUNCTION_ARGS) {
  return CutDown(PG_GETARG_DATUM(1), PG_GETARG_TIMESTAMP(0));
}

JIT_SQL_FUNCTION(jit_mask_trunc_timestamptz)
// jit_mask_trunc(value timestamptz, unit text): in UTC, whatever the session's zone is.
Datum jit_mask_trunc_timestamptz(PG_FUNCTION_ARGS) {
  // An instant's number of microseconds is that of its date and time in UTC.
  return CutDown(PG_GETARG_DATUM(1), PG_GETARG_TIMESTAMPTZ(0));
}

JIT_SQL_FUNCTION(jit_mask_inet)
// jit_mask_inet(value inet, v4_bits int, v6_bits int).
Datum jit_mask_inet(PG_FUNCTION_ARGS) { return NetworkOf(fcinfo); }

JIT_SQL_FUNCTION(jit_mask_cidr)
// jit_mask_cidr(value cidr, v4_bits int, v6_bits int).
Datum jit_mask_cidr(PG_FUNCTION_ARGS) { return NetworkOf(fcinfo); }
