#include "audit/fastpath.h"

#include "audit/log.h"
#include "audit/open_statements.h"
#include "audit/settings.h"
#include "audit/statements.h"
#include "audit/who.h"

extern "C" {
#include "access/xact.h"
#include "catalog/objectaccess.h"
#include "catalog/pg_proc.h"
#include "utils/backend_status.h"
#include "utils/regproc.h"
}

namespace jit::audit {

namespace {

object_access_hook_type previous_object_access = nullptr;

// The last call, from its permission check to the next one's, or the end of its transaction.
OpenStatement call;
// When its message arrived: what it calls in turn comes by the same one.
TimestampTz call_message = 0;

// Of a function that is called by a statement the executor's hooks know.
bool IsFastpath() {
  return MyBEEntry != nullptr && MyBEEntry->st_state == STATE_FASTPATH && RunningStatement() == 0;
}

void EndCall(bool finished) {
  call.finished = finished;
  Close(&call);
  call = {};
}

void OnObjectAccess(ObjectAccessType access, Oid class_id, Oid object, int sub_id, void* arg) {
  if (previous_object_access) previous_object_access(access, class_id, object, sub_id, arg);
  if (access != OAT_FUNCTION_EXECUTE || mode == kModeOff || !IsClient() || !IsFastpath() ||
      !IsSessionAudited())
    return;
  TimestampTz message = GetCurrentStatementStartTimestamp();
  if (call.id != 0 && call_message == message) return;
  if (call.id != 0) EndCall(true);
  call_message = message;
  EnterCall(&call, format_procedure_qualified(object));
}

// Its transaction ends with it, or is one that the client had begun.
void OnTransaction(XactEvent event, void*) {
  if (call.id == 0) return;
  if (event == XACT_EVENT_COMMIT || event == XACT_EVENT_PREPARE)
    EndCall(true);
  else if (event == XACT_EVENT_ABORT)
    EndCall(false);
}

}  // namespace

void InitFastpath() {
  previous_object_access = object_access_hook;
  object_access_hook = OnObjectAccess;
  RegisterXactCallback(OnTransaction, nullptr);
}

}  // namespace jit::audit
