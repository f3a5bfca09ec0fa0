// jit_audit_verify: goes through the chain from its beginning.

#include "audit/chain.h"
#include "audit/record.h"

extern "C" {
#include "catalog/pg_class_d.h"
#include "catalog/pg_type_d.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/portal.h"
}

namespace jit::audit {

namespace {

constexpr long kAtATime = 1000;

// The columns, as the log is made with them. By another name a value would say something else.
constexpr struct {
  const char* name;
  Oid type;
} kLayout[kColumnCount] = {{"seq", INT8OID},
                           {"at", TIMESTAMPTZOID},
                           {"kind", TEXTOID},
                           {"session_user_name", NAMEOID},
                           {"current_user_name", NAMEOID},
                           {"authenticated_user_name", NAMEOID},
                           {"request_ids", INT8ARRAYOID},
                           {"statement_id", INT8OID},
                           {"parent_id", INT8OID},
                           {"transaction_id", INT8OID},
                           {"command", TEXTOID},
                           {"statement", TEXTOID},
                           {"statement_length", INT8OID},
                           {"statement_sha256", BYTEAOID},
                           {"parameters", TEXTARRAYOID},
                           {"query_id", INT8OID},
                           {"relations", TEXTARRAYOID},
                           {"raw_columns", TEXTARRAYOID},
                           {"rows", INT8OID},
                           {"duration_ms", FLOAT8OID},
                           {"sqlstate", TEXTOID},
                           {"message", TEXTOID},
                           {"detail", JSONBOID},
                           {"client_addr", INETOID},
                           {"client_port", INT4OID},
                           {"application_name", TEXTOID},
                           {"database_name", NAMEOID},
                           {"pid", INT4OID},
                           {"session_start", TIMESTAMPTZOID},
                           {"prev_hash", BYTEAOID},
                           {"hash", BYTEAOID}};

// Where a chain, or a part of it, is known to begin or to end. Seq 0: not known.
struct End {
  int64 seq;
  uint8 hash[kSha256Size];
};

struct Outcome {
  int64 checked;
  int64 first_bad;  // 0: none
};

bool CopyHash(Datum value, bool isnull, uint8* hash) {
  if (isnull) return false;
  const bytea* bytes = DatumGetByteaPP(value);
  if (VARSIZE_ANY_EXHDR(bytes) != kSha256Size) return false;
  memcpy(hash, VARDATA_ANY(bytes), kSha256Size);
  return true;
}

// The one row (bigint, bytea) of a query; seq 0 where there is none.
End ReadEnd(const char* query, int count, Oid* types, Datum* arguments) {
  End end = {};
  if (SPI_execute_with_args(query, count, types, arguments, nullptr, true, 1) != SPI_OK_SELECT)
    elog(ERROR, "jit_audit_verify: %s", query);
  if (SPI_processed != 1) return end;
  TupleDesc desc = SPI_tuptable->tupdesc;
  bool isnull;
  Datum seq = SPI_getbinval(SPI_tuptable->vals[0], desc, 1, &isnull);
  if (isnull) return end;
  Datum hash = SPI_getbinval(SPI_tuptable->vals[0], desc, 2, &isnull);
  if (CopyHash(hash, isnull, end.hash)) end.seq = DatumGetInt64(seq);
  return end;
}

// The end of the part that was cut off before the first row there is: by the register of what was
// detached.
End CutBefore(int64 first_seq) {
  Oid types[] = {INT8OID};
  Datum arguments[] = {Int64GetDatum(first_seq - 1)};
  return ReadEnd(
      "SELECT p.last_seq, p.last_hash FROM jit.audit_partitions p"
      " WHERE p.detached_at IS NOT NULL AND p.last_seq OPERATOR(pg_catalog.=) $1 LIMIT 1",
      1, types, arguments);
}

End StateEnd() {
  return ReadEnd("SELECT s.last_seq, s.last_hash FROM jit.audit_state s", 0, nullptr, nullptr);
}

// Of a detached partition, what the register says: which row it ends with, or the seq of its first
// row and the hash before that.
End Registered(Oid partition, const char* seq, const char* hash) {
  Oid types[] = {OIDOID};
  Datum arguments[] = {ObjectIdGetDatum(partition)};
  return ReadEnd(psprintf("SELECT p.%s, p.%s FROM jit.audit_partitions p JOIN pg_catalog.pg_class c"
                          " ON c.relname OPERATOR(pg_catalog.=) p.partition"
                          " WHERE c.oid OPERATOR(pg_catalog.=) $1 AND p.detached_at IS NOT NULL",
                          seq, hash),
                 1, types, arguments);
}

struct Walk {
  bool whole;  // the log, not one partition of it
  bool started;
  End first;   // of a detached partition: its first row's seq, and the hash before it
  End before;  // the row before the next
  // Of what was cut off before the first row, which a record is to tell of.
  const char* untold_cut;
  int64 cut_seq;
  MemoryContext context;
  Outcome outcome;
};

// What the register says of a cut counts if the chain says it as well.
void BeginAfterCut(Walk* walk, int64 first_seq) {
  walk->before = CutBefore(first_seq);
  if (walk->before.seq == 0) return;
  char* hash = static_cast<char*>(palloc(2 * kSha256Size + 1));
  hex_encode(reinterpret_cast<const char*>(walk->before.hash), kSha256Size, hash);
  hash[2 * kSha256Size] = '\0';
  walk->untold_cut = hash;
  walk->cut_seq = walk->before.seq;
}

void LookForCut(Walk* walk, const Datum* values, const bool* nulls) {
  if (walk->untold_cut == nullptr || nulls[kKind - 1] || nulls[kDetail - 1]) return;
  if (strcmp(TextDatumGetCString(values[kKind - 1]), "audit_detached") != 0) return;
  Jsonb* detail = DatumGetJsonbP(values[kDetail - 1]);
  const char* text = JsonbToCString(nullptr, &detail->root, VARSIZE(detail));
  if (strstr(text, walk->untold_cut) != nullptr) walk->untold_cut = nullptr;
}

bool CheckFirst(Walk* walk, int64 seq, const uint8* previous) {
  walk->started = true;
  if (!walk->whole) {
    // What came before is not here: by the register, or the first row is believed.
    walk->before.seq = walk->first.seq != 0 ? walk->first.seq - 1 : seq - 1;
    memcpy(walk->before.hash, walk->first.seq != 0 ? walk->first.hash : previous, kSha256Size);
    return true;
  }
  if (seq == 1) {
    walk->before = {};  // the chain begins with zeros
    return true;
  }
  MemoryContext caller = MemoryContextSwitchTo(walk->context);
  BeginAfterCut(walk, seq);
  MemoryContextSwitchTo(caller);
  return walk->before.seq == seq - 1;
}

bool CheckRow(Walk* walk, HeapTuple tuple, TupleDesc desc) {
  Datum values[kColumnCount];
  bool nulls[kColumnCount];
  heap_deform_tuple(tuple, desc, values, nulls);
  int64 seq = DatumGetInt64(values[kSeq - 1]);
  uint8 previous[kSha256Size];
  uint8 hash[kSha256Size];
  uint8 computed[kSha256Size];
  bool readable = CopyHash(values[kPrevHash - 1], nulls[kPrevHash - 1], previous) &&
                  CopyHash(values[kHash - 1], nulls[kHash - 1], hash);
  bool first = !walk->started;
  if (readable && first && !CheckFirst(walk, seq, previous)) {
    walk->outcome.first_bad = seq - 1;
    return false;
  }
  if (seq != walk->before.seq + 1 && readable) {
    // The row that should stand here does not; or one stands here twice.
    walk->outcome.first_bad = Min(seq, walk->before.seq + 1);
    return false;
  }
  if (readable) HashRow(desc, values, nulls, previous, computed);
  if (!readable || memcmp(previous, walk->before.hash, kSha256Size) != 0 ||
      memcmp(hash, computed, kSha256Size) != 0) {
    walk->outcome.first_bad = seq;
    return false;
  }
  LookForCut(walk, values, nulls);
  walk->before.seq = seq;
  memcpy(walk->before.hash, hash, kSha256Size);
  walk->outcome.checked++;
  return true;
}

void CheckLayout(TupleDesc desc, const char* table) {
  bool same = desc->natts == kColumnCount;
  for (int i = 0; same && i < kColumnCount; i++) {
    const FormData_pg_attribute* column = TupleDescAttr(desc, i);
    same = strcmp(NameStr(column->attname), kLayout[i].name) == 0 &&
           column->atttypid == kLayout[i].type;
  }
  if (!same)
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("\"%s\" is no part of the audit log", table),
                    errdetail("Its columns are not those that jit.audit_log was made with."),
                    errhint("jit.audit_partitions lists the partitions there are and were.")));
}

void WalkRows(Walk* walk, const char* table) {
  char* query = psprintf("SELECT * FROM %s ORDER BY seq USING OPERATOR(pg_catalog.<)", table);
  Portal portal = SPI_cursor_open_with_args(nullptr, query, 0, nullptr, nullptr, nullptr, true,
                                            CURSOR_OPT_NO_SCROLL);
  CheckLayout(portal->tupDesc, table);
  MemoryContext row_context =
      AllocSetContextCreate(CurrentMemoryContext, "jit_access audit rows", ALLOCSET_DEFAULT_SIZES);
  bool good = true;
  while (good) {
    CHECK_FOR_INTERRUPTS();
    SPI_cursor_fetch(portal, true, kAtATime);
    // Queries on the way overwrite what SPI shows.
    SPITupleTable* rows = SPI_tuptable;
    uint64 count = SPI_processed;
    if (count == 0) break;
    for (uint64 i = 0; i < count && good; i++) {
      MemoryContext caller = MemoryContextSwitchTo(row_context);
      good = CheckRow(walk, rows->vals[i], rows->tupdesc);
      MemoryContextSwitchTo(caller);
      MemoryContextReset(row_context);
    }
    SPI_freetuptable(rows);
  }
  SPI_cursor_close(portal);
}

// The end must be the one that is known: rows removed from it leave no gap.
void CheckEnd(Walk* walk, const End& known) {
  if (walk->outcome.first_bad != 0) return;
  if (walk->whole && !walk->started) BeginAfterCut(walk, known.seq + 1);  // all is cut off
  if (walk->untold_cut != nullptr) {
    walk->outcome.first_bad = walk->cut_seq;
    return;
  }
  if (walk->before.seq == known.seq &&
      (known.seq == 0 || memcmp(walk->before.hash, known.hash, kSha256Size) == 0))
    return;
  walk->outcome.first_bad = walk->before.seq < known.seq ? walk->before.seq + 1 : known.seq + 1;
}

const char* TableOf(Oid relation) {
  const char* name = get_rel_name(relation);
  if (name == nullptr)
    ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE),
                    errmsg("relation with OID %u does not exist", relation)));
  // Whoever verifies is not to run what stands in somebody's view.
  const char* first = get_attname(relation, kSeq, true);
  if (get_rel_relkind(relation) != RELKIND_RELATION || first == nullptr ||
      strcmp(first, kLayout[0].name) != 0)
    ereport(ERROR,
            (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is no part of the audit log", name),
             errhint("jit.audit_partitions lists the partitions there are and were.")));
  return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), name);
}

Outcome Verify(Oid partition) {
  Walk walk = {};
  walk.whole = !OidIsValid(partition);
  SPI_connect();
  walk.context = CurrentMemoryContext;
  const char* table = walk.whole ? "jit.audit_log" : TableOf(partition);
  if (!walk.whole) walk.first = Registered(partition, "first_seq", "first_prev_hash");
  // All by the statement's one snapshot: the log may grow meanwhile.
  WalkRows(&walk, table);
  End known = walk.whole ? StateEnd() : Registered(partition, "last_seq", "last_hash");
  if (walk.whole || known.seq != 0) CheckEnd(&walk, known);
  SPI_finish();
  return walk.outcome;
}

}  // namespace

}  // namespace jit::audit

JIT_SQL_FUNCTION(jit_audit_verify)
// jit_audit_verify() and jit_audit_verify(partition regclass)
Datum jit_audit_verify(PG_FUNCTION_ARGS) {
  TupleDesc desc;
  if (get_call_result_type(fcinfo, nullptr, &desc) != TYPEFUNC_COMPOSITE)
    elog(ERROR, "jit_audit_verify must return a row");
  Oid partition = PG_NARGS() > 0 && !PG_ARGISNULL(0) ? PG_GETARG_OID(0) : InvalidOid;
  jit::audit::Outcome outcome = jit::audit::Verify(partition);
  Datum values[] = {Int64GetDatum(outcome.checked), Int64GetDatum(outcome.first_bad)};
  bool nulls[] = {false, outcome.first_bad == 0};
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}
