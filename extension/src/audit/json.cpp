// A record as JSON: what the server's log shows of it on a replica, and when the log cannot be
// written.

#include "audit/record.h"

extern "C" {
#include "utils/datetime.h"
#include "utils/json.h"
}

namespace jit::audit {

namespace {

void PutName(StringInfo out, const char* name) {
  appendStringInfo(out, "%s\"%s\":", out->len > 1 ? "," : "", name);
}

void PutText(StringInfo out, const char* name, const char* text) {
  if (text == nullptr) return;
  PutName(out, name);
  escape_json(out, text);
}

void PutNumber(StringInfo out, const char* name, int64 number, bool present) {
  if (!present) return;
  PutName(out, name);
  appendStringInfo(out, INT64_FORMAT, number);
}

void PutTime(StringInfo out, const char* name, TimestampTz time) {
  char text[MAXDATELEN + 1];
  fsec_t fraction;
  struct pg_tm tm;
  // Always UTC: whoever reads the log knows no session's time zone.
  if (time == 0 || timestamp2tm(time, nullptr, &tm, &fraction, nullptr, nullptr) != 0) return;
  EncodeDateTime(&tm, fraction, false, 0, nullptr, USE_XSD_DATES, text);
  PutText(out, name, psprintf("%sZ", text));
}

void PutTexts(StringInfo out, const char* name, const List* texts) {
  if (texts == NIL) return;
  PutName(out, name);
  const char* before = "[";
  ListCell* lc;
  foreach (lc, texts) {
    appendStringInfoString(out, before);
    before = ",";
    const char* text = static_cast<const char*>(lfirst(lc));
    if (text != nullptr)
      escape_json(out, text);
    else
      appendStringInfoString(out, "null");
  }
  appendStringInfoChar(out, ']');
}

void PutRequests(StringInfo out, const Record& record) {
  if (record.request_count == 0) return;
  PutName(out, "request_ids");
  for (int i = 0; i < record.request_count; i++)
    appendStringInfo(out, "%c" INT64_FORMAT, i == 0 ? '[' : ',', record.request_ids[i]);
  appendStringInfoChar(out, ']');
}

void PutDigest(StringInfo out, const uint8* digest) {
  if (digest == nullptr) return;
  PutName(out, "statement_sha256");
  appendStringInfoChar(out, '"');
  for (int i = 0; i < kSha256Size; i++) appendStringInfo(out, "%02x", digest[i]);
  appendStringInfoChar(out, '"');
}

}  // namespace

char* RenderJson(const Record& record, const char* database) {
  StringInfoData out;
  initStringInfo(&out);
  appendStringInfoChar(&out, '{');
  PutTime(&out, "at", record.at);
  PutText(&out, "kind", record.kind);
  PutText(&out, "session_user_name", record.session_user);
  PutText(&out, "current_user_name", record.current_user);
  PutText(&out, "authenticated_user_name", record.authenticated_user);
  PutRequests(&out, record);
  PutNumber(&out, "statement_id", record.statement_id, record.statement_id != 0);
  PutNumber(&out, "parent_id", record.parent_id, record.parent_id != 0);
  PutNumber(&out, "transaction_id", record.transaction_id, record.transaction_id != 0);
  PutText(&out, "command", record.command);
  PutText(&out, "statement", record.statement);
  PutNumber(&out, "statement_length", record.statement_length, record.statement_length > 0);
  PutDigest(&out, record.statement_sha256);
  PutTexts(&out, "parameters", record.parameters);
  PutNumber(&out, "query_id", record.query_id, record.query_id != 0);
  PutTexts(&out, "relations", record.relations);
  PutTexts(&out, "raw_columns", record.raw_columns);
  PutNumber(&out, "rows", record.rows, record.rows >= 0);
  if (record.duration_ms >= 0) {
    PutName(&out, "duration_ms");
    appendStringInfo(&out, "%.3f", record.duration_ms);
  }
  PutText(&out, "sqlstate", record.sqlstate);
  PutText(&out, "message", record.message);
  if (record.detail != nullptr) {
    PutName(&out, "detail");
    appendStringInfoString(&out, record.detail);
  }
  PutText(&out, "client_addr", record.client_addr);
  PutNumber(&out, "client_port", record.client_port, record.client_port > 0);
  PutText(&out, "application_name", record.application_name);
  PutText(&out, "database_name", database);
  PutNumber(&out, "pid", record.pid, record.pid > 0);
  PutTime(&out, "session_start", record.session_start);
  appendStringInfoChar(&out, '}');
  return out.data;
}

}  // namespace jit::audit
