#include "tokens/changes.h"

#include "pg/subtransactions.h"
#include "tokens/shared.h"

extern "C" {
#include "catalog/objectaccess.h"
#include "catalog/pg_class.h"
#include "commands/trigger.h"
#include "executor/spi.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
}

namespace jit::tokens {

namespace {

// A token whose sessions end at commit; 0: all tokens. In TopTransactionContext, newest first.
struct Ended {
  Ended* next;
  SubTransactionId subid;
  int64 token_id;
};

Ended* ended = nullptr;
object_access_hook_type previous_object_access = nullptr;

void Add(int64 token_id) {
  Ended* e = static_cast<Ended*>(MemoryContextAlloc(TopTransactionContext, sizeof(Ended)));
  *e = {ended, GetCurrentSubTransactionId(), token_id};
  ended = e;
}

void OnTransaction(XactEvent event, void*) {
  if (ended == nullptr) return;
  switch (event) {
    case XACT_EVENT_COMMIT:
      for (Ended* e = ended; e != nullptr; e = e->next) EndSessionsOf(e->token_id);
      ended = nullptr;
      break;
    case XACT_EVENT_ABORT:
    case XACT_EVENT_PREPARE:
      ended = nullptr;
      break;
    case XACT_EVENT_PRE_PREPARE:
      // COMMIT PREPARED calls no callback: nobody would be ended.
      ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                      errmsg("cannot PREPARE a transaction that has changed jit_access tokens"),
                      errhint("Use COMMIT.")));
      break;
    default:
      break;
  }
}

void OnSubtransaction(SubXactEvent event, SubTransactionId subid, SubTransactionId parent, void*) {
  pg::FollowSubtransaction(&ended, event, subid, parent);
}

// With the table goes every token: DROP EXTENSION.
void OnObjectAccess(ObjectAccessType access, Oid class_id, Oid object_id, int sub_id, void* arg) {
  if (previous_object_access) previous_object_access(access, class_id, object_id, sub_id, arg);
  if (access != OAT_DROP || class_id != RelationRelationId || sub_id != 0) return;
  const char* name = get_rel_name(object_id);
  if (name == nullptr || strcmp(name, "tokens") != 0) return;
  const char* schema = get_namespace_name(get_rel_namespace(object_id));
  if (schema != nullptr && strcmp(schema, "jit") == 0) Add(0);
}

}  // namespace

void InitChanges() {
  RegisterXactCallback(OnTransaction, nullptr);
  RegisterSubXactCallback(OnSubtransaction, nullptr);
  previous_object_access = object_access_hook;
  object_access_hook = OnObjectAccess;
}

}  // namespace jit::tokens

JIT_SQL_FUNCTION(jit_tokens_changed)
// AFTER trigger of jit.tokens: for each row that is changed (in more than when it was used) or
// deleted, and for each statement on TRUNCATE.
Datum jit_tokens_changed(PG_FUNCTION_ARGS) {
  if (!CALLED_AS_TRIGGER(fcinfo))
    ereport(ERROR, (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
                    errmsg("jit.tokens_changed must be called as a trigger")));
  TriggerData* data = reinterpret_cast<TriggerData*>(fcinfo->context);
  int64 id = 0;
  if (TRIGGER_FIRED_FOR_ROW(data->tg_event)) {
    bool isnull;
    int number = SPI_fnumber(RelationGetDescr(data->tg_relation), "id");
    Datum value = number > 0 ? heap_getattr(data->tg_trigtuple, number,
                                            RelationGetDescr(data->tg_relation), &isnull)
                             : static_cast<Datum>(0);
    if (number > 0 && !isnull) id = DatumGetInt64(value);
  }
  jit::tokens::Add(id);
  return PointerGetDatum(nullptr);
}
