#include "audit/log.h"

#include "audit/settings.h"
#include "pg/scratch.h"
#include "tokens/session.h"

extern "C" {
#include "access/xact.h"
#include "access/xlog.h"
#include "commands/dbcommands.h"
#include "utils/memutils.h"
}

namespace jit::audit {

namespace {

void Refuse(const char* why) {
  ereport(ERROR,
          (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
           errmsg("the statement cannot be recorded in the audit log: %s", why),
           errdetail("What cannot be recorded is not run (jit_access.audit_failure = deny)."),
           errhint("Try again. If it stays so, the server's log says what keeps the process "
                   "\"jit_access audit\" from writing.")));
}

void WarnOf(const char* why) {
  ereport(LOG_SERVER_ONLY,
          (errmsg("jit_access: the audit log cannot be written: %s", why), errhidestmt(true)));
}

// Detail and parameters may be long; what is too long loses the least first.
void EncodeBounded(StringInfo out, const Record& record) {
  initStringInfo(out);
  Encode(out, record);
  if (out->len <= static_cast<int>(kLongestRecord)) return;
  Record shorter = record;
  shorter.parameters = list_make1(const_cast<char*>("(left out: too long)"));
  if (list_length(shorter.relations) > 100)
    shorter.relations = list_truncate(list_copy(shorter.relations), 100);
  if (list_length(shorter.raw_columns) > 100)
    shorter.raw_columns = list_truncate(list_copy(shorter.raw_columns), 100);
  resetStringInfo(out);
  Encode(out, shorter);
  if (out->len <= static_cast<int>(kLongestRecord)) return;
  shorter.detail = tokens::WithAuditDetail("{\"left_out\": \"too long\"}");
  resetStringInfo(out);
  Encode(out, shorter);
}

}  // namespace

void WriteToServerLog(const Record& record) {
  MemoryContext own =
      AllocSetContextCreate(TopMemoryContext, "jit_access audit line", ALLOCSET_DEFAULT_SIZES);
  MemoryContext caller = MemoryContextSwitchTo(own);
  const char* database =
      IsTransactionState() && OidIsValid(MyDatabaseId) ? get_database_name(MyDatabaseId) : nullptr;
  ereport(LOG_SERVER_ONLY, (errmsg_internal("jit_access audit: %s", RenderJson(record, database)),
                            errhidestmt(true), errhidecontext(true)));
  MemoryContextSwitchTo(caller);
  MemoryContextDelete(own);
}

Place Enter(const Record& record, uint32 promise, bool may_refuse) {
  Place place = {-1, 0};
  if (RecoveryInProgress()) {
    WriteToServerLog(record);
    return place;
  }
  bool deny = may_refuse && on_failure == kDeny;
  const char* why = nullptr;
  // An asynchronous log that cannot be written would not be noticed before its buffer is full.
  if (deny && mode == kModeAsync && IsFailing(&why)) Refuse(why);
  StringInfoData bytes;
  EncodeBounded(&bytes, record);
  bool done = Put(bytes.data, bytes.len, promise, true, &place, &why);
  pfree(bytes.data);
  if (done) return place;
  if (deny) Refuse(why);
  WarnOf(why);
  WriteToServerLog(record);
  return {-1, 0};
}

void EnterPromised(const Record& record, const Place& promised) {
  if (promised.channel < 0) {
    WriteToServerLog(record);
    return;
  }
  // In memory of its own: it may be called while an error, or the session, is being cleaned up.
  static char buffer[kEndSize];
  StringInfoData bytes = {buffer, 0, kEndSize, 0};
  Encode(&bytes, record);
  PutPromised(bytes.data, bytes.len, promised);
}

void RequireDurable(const Place& place, bool may_refuse) {
  const char* why = nullptr;
  if (place.channel < 0 || mode != kModeSync || AwaitDurable(place, &why)) return;
  if (may_refuse && on_failure == kDeny) Refuse(why);
  WarnOf(why);
}

void RequireRecorded(const Place& place) {
  const char* why = "its buffer is full";
  if (place.channel < 0 || !AwaitDurable(place, &why)) Refuse(why);
}

bool EnterNow(const Record& record) {
  StringInfoData bytes;
  EncodeBounded(&bytes, record);
  Place place;
  const char* why;
  bool done = Put(bytes.data, bytes.len, 0, false, &place, &why);
  pfree(bytes.data);
  return done;
}

}  // namespace jit::audit
