#include "audit/row.h"

extern "C" {
#include "utils/array.h"
#include "utils/inet.h"
#include "utils/jsonb.h"
}

namespace jit::audit {

void FillRow(Row* row, const Record& record, const char* database) {
  row->Set(kAt, TimestampTzGetDatum(record.at));
  row->SetText(kKind, record.kind);
  row->SetName(kSessionUserName, record.session_user);
  row->SetName(kCurrentUserName, record.current_user);
  row->SetName(kAuthenticatedUserName, record.authenticated_user);
  row->SetNumbers(kRequestIds, record.request_ids, record.request_count);
  row->SetNumber(kStatementId, record.statement_id);
  row->SetNumber(kParentId, record.parent_id);
  row->SetNumber(kTransactionId, record.transaction_id);
  row->SetText(kCommand, record.command);
  row->SetText(kStatement, record.statement);
  row->SetNumber(kStatementLength, record.statement_length);
  if (record.statement_sha256 != nullptr) row->SetHash(kStatementSha256, record.statement_sha256);
  row->SetTexts(kParameters, record.parameters);
  row->SetNumber(kQueryId, record.query_id);
  row->SetTexts(kRelations, record.relations);
  row->SetTexts(kRawColumns, record.raw_columns);
  if (record.rows >= 0) row->Set(kRows, Int64GetDatum(record.rows));
  if (record.duration_ms >= 0) row->Set(kDurationMs, Float8GetDatum(record.duration_ms));
  row->SetText(kSqlstate, record.sqlstate);
  row->SetText(kMessage, record.message);
  if (record.detail != nullptr)
    row->Set(kDetail, DirectFunctionCall1(jsonb_in, CStringGetDatum(record.detail)));
  if (record.client_addr != nullptr)
    row->Set(kClientAddr, DirectFunctionCall1(inet_in, CStringGetDatum(record.client_addr)));
  if (record.client_port > 0) row->Set(kClientPort, Int32GetDatum(record.client_port));
  row->SetText(kApplicationName, record.application_name);
  row->SetName(kDatabaseName, database);
  if (record.pid > 0) row->Set(kPid, Int32GetDatum(record.pid));
  if (record.session_start != 0) row->Set(kSessionStart, TimestampTzGetDatum(record.session_start));
}

}  // namespace jit::audit
