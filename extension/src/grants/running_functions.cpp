// jit.running() and jit.cancel_ended(): the statements that run under grants, for the coordinator
// and for people.

#include "grants/shared.h"
#include "pg/installed.h"

extern "C" {
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/acl.h"
}

namespace jit::grants {

namespace {

struct Rows {
  ReturnSetInfo* result;
};

void PutRunning(void* arg, int pid, Oid grantee, const RunningEntry& entry) {
  ReturnSetInfo* result = static_cast<Rows*>(arg)->result;
  const char* name = GetUserNameFromId(grantee, true);
  NameData grantee_name;
  namestrcpy(&grantee_name, name != nullptr ? name : "");
  Datum values[] = {Int32GetDatum(pid), Int64GetDatum(entry.request_id),
                    NameGetDatum(&grantee_name)};
  bool nulls[] = {false, false, name == nullptr};
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

// Whether the request has an active grant left. Runs as the extension's owner.
bool IsOver(int64 request_id) {
  Oid types[] = {INT8OID};
  Datum values[] = {Int64GetDatum(request_id)};
  int code = SPI_execute_with_args(
      "SELECT FROM jit.grants WHERE request_id OPERATOR(pg_catalog.=) $1 AND revoked_at IS NULL "
      "AND expires_at OPERATOR(pg_catalog.>) pg_catalog.clock_timestamp()",
      1, types, values, nullptr, true, 1);
  return code == SPI_OK_SELECT && SPI_processed == 0;
}

void CancelIfOver(void* arg, int pid, Oid, const RunningEntry& entry) {
  ReturnSetInfo* result = static_cast<Rows*>(arg)->result;
  if (!IsOver(entry.request_id) || (entry.extension_id != 0 && !IsOver(entry.extension_id))) return;
  if (CancelRunning(entry.request_id, pid) == 0) return;
  Datum values[] = {Int32GetDatum(pid), Int64GetDatum(entry.request_id)};
  bool nulls[] = {false, false};
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

}  // namespace

}  // namespace jit::grants

JIT_SQL_FUNCTION(jit_running)
Datum jit_running(PG_FUNCTION_ARGS) {
  InitMaterializedSRF(fcinfo, 0);
  jit::grants::Rows rows = {reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo)};
  jit::grants::VisitRunning(jit::grants::PutRunning, &rows);
  return static_cast<Datum>(0);
}

JIT_SQL_FUNCTION(jit_cancel_ended)
// SECURITY DEFINER in SQL: it reads jit.grants.
Datum jit_cancel_ended(PG_FUNCTION_ARGS) {
  InitMaterializedSRF(fcinfo, 0);
  jit::grants::Rows rows = {reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo)};
  SPI_connect();
  jit::grants::VisitRunning(jit::grants::CancelIfOver, &rows);
  SPI_finish();
  return static_cast<Datum>(0);
}
