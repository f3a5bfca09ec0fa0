// Keyed noise and keyed choice for numbers and dates, as SQL functions. The same value always gets
// the same noise: what differed from query to query could be averaged away.

#include <cfloat>
#include <cmath>

#include "mask_functions/key.h"
#include "pg/server.h"

extern "C" {
#include "common/int.h"
#include "utils/date.h"
#include "utils/numeric.h"
}

namespace jit::mask_functions {

namespace {

double CheckRatio(double ratio) {
  if (!(ratio > 0) || std::isinf(ratio))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("ratio of noise must be a positive number"),
                    errhint("As in: jit_mask_noise(salary, 0.2), for a fifth up or down")));
  return ratio;
}

// Evenly in [-1, 1).
double Shift(const void* value, size_t size) {
  return 2 * Fraction(KeyedDigest("noise", "", static_cast<const char*>(value), size)) - 1;
}

double Noisy(double value, double ratio, const void* bytes, size_t size) {
  CheckRatio(ratio);
  return value * (1 + ratio * Shift(bytes, size));
}

int64 NoisyInteger(int64 value, double ratio, int64 least, int64 most) {
  double noisy = std::rint(Noisy(static_cast<double>(value), ratio, &value, sizeof value));
  if (noisy <= static_cast<double>(least)) return least;
  // The greatest bigint is no double: the next one is beyond it.
  if (noisy >= static_cast<double>(most)) return most;
  return static_cast<int64>(noisy);
}

// An interval's length in microseconds, a month being 30 days.
double Spread(const Interval* spread) {
  double length = static_cast<double>(spread->time) +
                  (static_cast<double>(spread->month) * DAYS_PER_MONTH + spread->day) *
                      static_cast<double>(USECS_PER_DAY);
  if (!(length > 0))
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("spread of noise must be a positive interval"),
                    errhint("As in: jit_mask_noise(born, interval '1 year')")));
  return length;
}

Timestamp NoisyInstant(Timestamp value, const Interval* spread) {
  if (TIMESTAMP_NOT_FINITE(value)) return value;
  double length = Spread(spread);
  double shift = std::rint(length * Shift(&value, sizeof value));
  double moved = static_cast<double>(value) + shift;
  if (moved < static_cast<double>(MIN_TIMESTAMP) || moved >= static_cast<double>(END_TIMESTAMP) ||
      std::fabs(shift) > 9e18)
    return value > 0 ? END_TIMESTAMP - 1 : MIN_TIMESTAMP;
  return value + static_cast<int64>(shift);
}

void CheckOrder(bool ordered) {
  if (ordered) return;
  ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                  errmsg("the lower bound of a mask is above the upper one"),
                  errhint("As in: jit_mask_between(value, 1, 100)")));
}

void RequireFinite(bool finite) {
  if (finite) return;
  ereport(ERROR,
          (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the bounds of a mask must be finite"),
           errhint("As in: jit_mask_between(value, date '1950-01-01', date '2009-12-31')")));
}

uint64 Choice(FunctionCallInfo fcinfo) {
  const text* value = PG_GETARG_TEXT_PP(0);
  return Number(
      KeyedDigest("between", "", VARDATA_ANY(value), static_cast<size_t>(VARSIZE_ANY_EXHDR(value))),
      0);
}

// One of low … high.
int64 PickBetween(uint64 choice, int64 low, int64 high) {
  CheckOrder(low <= high);
  uint64 width = static_cast<uint64>(high) - static_cast<uint64>(low);
  uint64 step = width == PG_UINT64_MAX ? choice : choice % (width + 1);
  return static_cast<int64>(static_cast<uint64>(low) + step);
}

}  // namespace

}  // namespace jit::mask_functions

using namespace jit::mask_functions;

JIT_SQL_FUNCTION(jit_mask_noise_int2)
// jit_mask_noise(value smallint, ratio double precision).
Datum jit_mask_noise_int2(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  PG_RETURN_INT16(static_cast<int16>(
      NoisyInteger(PG_GETARG_INT16(0), PG_GETARG_FLOAT8(1), PG_INT16_MIN, PG_INT16_MAX)));
}

JIT_SQL_FUNCTION(jit_mask_noise_int4)
// jit_mask_noise(value integer, ratio double precision).
Datum jit_mask_noise_int4(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  PG_RETURN_INT32(static_cast<int32>(
      NoisyInteger(PG_GETARG_INT32(0), PG_GETARG_FLOAT8(1), PG_INT32_MIN, PG_INT32_MAX)));
}

JIT_SQL_FUNCTION(jit_mask_noise_int8)
// jit_mask_noise(value bigint, ratio double precision).
Datum jit_mask_noise_int8(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  PG_RETURN_INT64(
      NoisyInteger(PG_GETARG_INT64(0), PG_GETARG_FLOAT8(1), PG_INT64_MIN, PG_INT64_MAX));
}

JIT_SQL_FUNCTION(jit_mask_noise_float4)
// jit_mask_noise(value real, ratio double precision).
Datum jit_mask_noise_float4(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  float4 value = PG_GETARG_FLOAT4(0);
  if (std::isnan(value) || std::isinf(value)) PG_RETURN_FLOAT4(value);
  double noisy = Noisy(value, PG_GETARG_FLOAT8(1), &value, sizeof value);
  if (std::fabs(noisy) > static_cast<double>(FLT_MAX)) noisy = noisy > 0 ? FLT_MAX : -FLT_MAX;
  PG_RETURN_FLOAT4(static_cast<float4>(noisy));
}

JIT_SQL_FUNCTION(jit_mask_noise_float8)
// jit_mask_noise(value double precision, ratio double precision).
Datum jit_mask_noise_float8(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  float8 value = PG_GETARG_FLOAT8(0);
  if (std::isnan(value) || std::isinf(value)) PG_RETURN_FLOAT8(value);
  double noisy = Noisy(value, PG_GETARG_FLOAT8(1), &value, sizeof value);
  if (std::isinf(noisy)) noisy = noisy > 0 ? DBL_MAX : -DBL_MAX;
  PG_RETURN_FLOAT8(noisy);
}

JIT_SQL_FUNCTION(jit_mask_noise_numeric)
// jit_mask_noise(value numeric, ratio double precision): with the value's scale.
Datum jit_mask_noise_numeric(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  Datum value = PG_GETARG_DATUM(0);
  if (numeric_is_nan(DatumGetNumeric(value)) || numeric_is_inf(DatumGetNumeric(value)))
    return value;
  double ratio = CheckRatio(PG_GETARG_FLOAT8(1));
  // 1.0 and 1.00 are one value, and are to have one noise.
  char* digits = DatumGetCString(
      DirectFunctionCall1(numeric_out, DirectFunctionCall1(numeric_trim_scale, value)));
  double factor = 1 + ratio * Shift(digits, strlen(digits));
  Datum noisy = DirectFunctionCall2(numeric_mul, value,
                                    DirectFunctionCall1(float8_numeric, Float8GetDatum(factor)));
  int32 scale = DatumGetInt32(DirectFunctionCall1(numeric_scale, value));
  return DirectFunctionCall2(numeric_round, noisy, Int32GetDatum(scale));
}

JIT_SQL_FUNCTION(jit_mask_noise_date)
// jit_mask_noise(value date, spread interval).
Datum jit_mask_noise_date(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  DateADT value = PG_GETARG_DATEADT(0);
  if (DATE_NOT_FINITE(value)) PG_RETURN_DATEADT(value);
  double days = Spread(PG_GETARG_INTERVAL_P(1)) / static_cast<double>(USECS_PER_DAY);
  double moved = static_cast<double>(value) + std::rint(days * Shift(&value, sizeof value));
  constexpr double kLeast = DATETIME_MIN_JULIAN - POSTGRES_EPOCH_JDATE;
  constexpr double kMost = DATE_END_JULIAN - POSTGRES_EPOCH_JDATE - 1;
  PG_RETURN_DATEADT(static_cast<DateADT>(Min(Max(moved, kLeast), kMost)));
}

JIT_SQL_FUNCTION(jit_mask_noise_timestamp)
// jit_mask_noise(value timestamp, spread interval), and of timestamptz.
Datum jit_mask_noise_timestamp(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  PG_RETURN_TIMESTAMP(NoisyInstant(PG_GETARG_TIMESTAMP(0), PG_GETARG_INTERVAL_P(1)));
}

JIT_SQL_FUNCTION(jit_mask_between_int8)
// jit_mask_between(value text, low bigint, high bigint).
Datum jit_mask_between_int8(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  PG_RETURN_INT64(PickBetween(Choice(fcinfo), PG_GETARG_INT64(1), PG_GETARG_INT64(2)));
}

JIT_SQL_FUNCTION(jit_mask_between_date)
// jit_mask_between(value text, low date, high date).
Datum jit_mask_between_date(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  DateADT low = PG_GETARG_DATEADT(1);
  DateADT high = PG_GETARG_DATEADT(2);
  RequireFinite(!DATE_NOT_FINITE(low) && !DATE_NOT_FINITE(high));
  PG_RETURN_DATEADT(static_cast<DateADT>(PickBetween(Choice(fcinfo), low, high)));
}

JIT_SQL_FUNCTION(jit_mask_between_timestamptz)
// jit_mask_between(value text, low timestamptz, high timestamptz), and of timestamp.
Datum jit_mask_between_timestamptz(PG_FUNCTION_ARGS) {
  RequireMaskCall(fcinfo);
  TimestampTz low = PG_GETARG_TIMESTAMPTZ(1);
  TimestampTz high = PG_GETARG_TIMESTAMPTZ(2);
  RequireFinite(!TIMESTAMP_NOT_FINITE(low) && !TIMESTAMP_NOT_FINITE(high));
  PG_RETURN_TIMESTAMPTZ(PickBetween(Choice(fcinfo), low, high));
}
