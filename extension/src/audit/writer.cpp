#include "audit/writer.h"

#include "audit/chain.h"
#include "audit/joining.h"
#include "audit/row.h"
#include "audit/settings.h"
#include "pg/installed.h"

extern "C" {
#include "access/genam.h"
#include "access/heapam.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/dependency.h"
#include "catalog/indexing.h"
#include "catalog/pg_class.h"
#include "commands/dbcommands.h"
#include "commands/extension.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "executor/tuptable.h"
#include "storage/lmgr.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
}

namespace jit::audit {

namespace {

// jit.audit_state, in the order of its columns.
enum StateColumn : AttrNumber { kStateOnlyRow = 1, kLastSeq, kLastHash, kSettings };

// The end of the chain.
struct Head {
  int64 seq;
  uint8 hash[kSha256Size];
};

// The partition that the last record went to.
struct Partition {
  Oid oid;
  TimestampTz from;
  TimestampTz to;
};

Partition known_partition = {};

Oid OwnTable(const char* name) {
  const pg::Installed* here = pg::GetInstalled();
  if (here == nullptr) return InvalidOid;
  Oid relid = get_relname_relid(name, here->schema);
  bool ours = OidIsValid(relid) && getExtensionOfObject(RelationRelationId, relid) ==
                                       get_extension_oid("jit_access", true);
  return ours ? relid : InvalidOid;
}

Datum Call(const char* query, int count, Oid* types, Datum* arguments, int column, bool* isnull) {
  if (SPI_execute_with_args(query, count, types, arguments, nullptr, false, 1) != SPI_OK_SELECT ||
      SPI_processed != 1)
    elog(ERROR, "jit_access audit: %s gave no row", query);
  return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, column, isnull);
}

// Asks SQL for the partition of an instant; it is made where there is none.
Partition FindPartition(TimestampTz at) {
  Oid types[] = {TIMESTAMPTZOID};
  Datum arguments[] = {TimestampTzGetDatum(at)};
  bool isnull;
  SPI_connect();
  Partition found = {};
  found.oid =
      DatumGetObjectId(Call("SELECT p.oid, p.from_at, p.to_at FROM jit.audit_partition_of($1) p", 1,
                            types, arguments, 1, &isnull));
  found.from =
      DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull));
  found.to =
      DatumGetTimestampTz(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 3, &isnull));
  SPI_finish();
  CommandCounterIncrement();
  return found;
}

TimestampTz AskFloor() {
  SPI_connect();
  bool isnull;
  Datum floor = Call("SELECT jit.audit_floor()", 0, nullptr, nullptr, 1, &isnull);
  SPI_finish();
  return isnull ? DT_NOBEGIN : DatumGetTimestampTz(floor);
}

const char* SettingsText(Datum jsonb) {
  Jsonb* json = DatumGetJsonbP(jsonb);
  return JsonbToCString(nullptr, &json->root, VARSIZE(json));
}

// Rows go to the table this many at a time.
constexpr int kRowsAtOnce = 64;

// One batch under way.
struct Batch {
  Head head;
  TimestampTz floor;
  Relation partition;
  ResultRelInfo* indexes;
  EState* executor;
  TupleTableSlot* slots[kRowsAtOnce];
  int waiting;  // how many of them hold a row
  MemoryContext context;
  MemoryContext row_context;   // of one row's values
  MemoryContext rows_context;  // of the rows that wait
  const char* database;
};

// Past triggers, which refuse everybody else.
void InsertWaiting(Batch* batch) {
  if (batch->waiting == 0) return;
  // Not CatalogTuplesMultiInsertWithInfo: it takes no notice of where long rows have gone.
  heap_multi_insert(batch->partition, batch->slots, batch->waiting, GetCurrentCommandId(true), 0,
                    nullptr);
  for (int i = 0; i < batch->waiting; i++) {
    ExecInsertIndexTuples(batch->indexes, batch->slots[i], batch->executor, false, false, nullptr,
                          NIL);
    ResetPerTupleExprContext(batch->executor);
    ExecClearTuple(batch->slots[i]);
  }
  batch->waiting = 0;
  MemoryContextReset(batch->rows_context);
}

void ClosePartition(Batch* batch) {
  if (batch->partition == nullptr) return;
  InsertWaiting(batch);
  for (TupleTableSlot*& slot : batch->slots) {
    if (slot != nullptr) ExecDropSingleTupleTableSlot(slot);
    slot = nullptr;
  }
  CatalogCloseIndexes(batch->indexes);
  FreeExecutorState(batch->executor);
  table_close(batch->partition, NoLock);
  batch->partition = nullptr;
}

void OpenPartition(Batch* batch, TimestampTz at) {
  if (batch->partition != nullptr && at >= known_partition.from && at < known_partition.to) return;
  ClosePartition(batch);
  for (int i = 0; i < 3; i++) {
    if (!OidIsValid(known_partition.oid) || at < known_partition.from || at >= known_partition.to)
      known_partition = FindPartition(at);
    batch->partition = try_table_open(known_partition.oid, RowExclusiveLock);
    // It may have been detached, or dropped, since it was looked up.
    if (batch->partition != nullptr && batch->partition->rd_rel->relispartition &&
        RelationGetNumberOfAttributes(batch->partition) == kColumnCount) {
      batch->indexes = CatalogOpenIndexes(batch->partition);
      batch->executor = CreateExecutorState();
      return;
    }
    if (batch->partition != nullptr) table_close(batch->partition, RowExclusiveLock);
    batch->partition = nullptr;
    known_partition = {};
  }
  elog(ERROR, "jit.audit_log has no partition for its records");
}

void Write(Batch* batch, Record record) {
  // Records come a little out of order, and clocks are set back; parts of the chain do not overlap.
  record.at = Max(record.at, batch->floor);
  // What it opens outlives the row.
  MemoryContext caller = MemoryContextSwitchTo(batch->context);
  OpenPartition(batch, record.at);
  MemoryContextSwitchTo(caller);
  TupleDesc desc = RelationGetDescr(batch->partition);
  Row row;
  row.Set(kSeq, Int64GetDatum(batch->head.seq + 1));
  FillRow(&row, record, batch->database);
  uint8 hash[kSha256Size];
  HashRow(desc, row.values(), row.nulls(), batch->head.hash, hash);
  row.SetHash(kPrevHash, batch->head.hash);
  row.SetHash(kHash, hash);
  MemoryContext own = MemoryContextSwitchTo(batch->rows_context);
  HeapTuple tuple = heap_form_tuple(desc, row.values(), row.nulls());
  MemoryContextSwitchTo(batch->context);
  TupleTableSlot*& slot = batch->slots[batch->waiting++];
  if (slot == nullptr) slot = MakeSingleTupleTableSlot(desc, &TTSOpsHeapTuple);
  ExecStoreHeapTuple(tuple, slot, false);
  if (batch->waiting == kRowsAtOnce) InsertWaiting(batch);
  MemoryContextSwitchTo(own);
  batch->head.seq++;
  batch->floor = Max(batch->floor, known_partition.from);
  memcpy(batch->head.hash, hash, kSha256Size);
}

void WriteInContext(void* arg, const Record& record) {
  Batch* batch = static_cast<Batch*>(arg);
  MemoryContext caller = MemoryContextSwitchTo(batch->row_context);
  Write(batch, record);
  MemoryContextSwitchTo(caller);
  MemoryContextReset(batch->row_context);
}

// The end of the chain as this process has written it, and where the row that says so is: while
// somebody's old snapshot keeps its former versions, looking for it would take longer and longer.
struct {
  bool known;
  Head head;
  TimestampTz floor;  // where the last row's partition begins
  ItemPointerData tid;
  char* settings;  // in TopMemoryContext; null for NULL
} state;

void KeepSettings(const char* settings) {
  if (state.settings != nullptr) pfree(state.settings);
  state.settings = settings != nullptr ? MemoryContextStrdup(TopMemoryContext, settings) : nullptr;
}

void ReadState(Relation table) {
  SysScanDesc scan = systable_beginscan(table, InvalidOid, false, nullptr, 0, nullptr);
  HeapTuple tuple = systable_getnext(scan);
  if (!HeapTupleIsValid(tuple))
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("jit.audit_state has no row"),
                    errdetail("It holds the end of the audit log's chain."),
                    errhint("Put it back: INSERT INTO jit.audit_state (last_seq, last_hash) with "
                            "the seq and hash of the last row of jit.audit_log.")));
  TupleDesc desc = RelationGetDescr(table);
  bool isnull;
  state.head.seq = DatumGetInt64(heap_getattr(tuple, kLastSeq, desc, &isnull));
  const bytea* hash = DatumGetByteaPP(heap_getattr(tuple, kLastHash, desc, &isnull));
  if (VARSIZE_ANY_EXHDR(hash) != kSha256Size)
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("jit.audit_state holds no hash")));
  memcpy(state.head.hash, VARDATA_ANY(hash), kSha256Size);
  Datum settings = heap_getattr(tuple, kSettings, desc, &isnull);
  KeepSettings(isnull ? nullptr : SettingsText(settings));
  state.tid = tuple->t_self;
  systable_endscan(scan);
  state.floor = AskFloor();
  state.known = true;
}

void WriteState(Relation table, const Batch& batch) {
  Row hash;
  hash.SetHash(kHash, batch.head.hash);
  Datum values[] = {BoolGetDatum(true), Int64GetDatum(batch.head.seq), hash.values()[kHash - 1], 0};
  bool nulls[] = {false, false, false, state.settings == nullptr};
  if (state.settings != nullptr)
    values[kSettings - 1] = DirectFunctionCall1(jsonb_in, CStringGetDatum(state.settings));
  HeapTuple tuple = heap_form_tuple(RelationGetDescr(table), values, nulls);
  // Fails where somebody else has changed the row meanwhile; it is read anew then.
  CatalogTupleUpdate(table, &state.tid, tuple);
  state.tid = tuple->t_self;
  state.head = batch.head;
  state.floor = batch.floor;
}

// Runs fn(batch) between the chain's end as it is and as it is then; fn returns whether the
// settings in `state` are new.
template <typename Fn>
bool Within(Fn fn) {
  Oid state_oid = OwnTable("audit_state");
  if (!OidIsValid(state_oid) || !OidIsValid(OwnTable("audit_log"))) return false;
  Relation table = table_open(state_oid, RowExclusiveLock);
  if (!state.known) ReadState(table);
  Batch batch = {};
  batch.head = state.head;
  batch.floor = state.floor;
  batch.database = get_database_name(MyDatabaseId);
  batch.context = CurrentMemoryContext;
  batch.row_context =
      AllocSetContextCreate(CurrentMemoryContext, "jit_access audit row", ALLOCSET_DEFAULT_SIZES);
  batch.rows_context =
      AllocSetContextCreate(CurrentMemoryContext, "jit_access audit rows", ALLOCSET_DEFAULT_SIZES);
  bool new_settings = fn(&batch);
  ClosePartition(&batch);
  if (batch.head.seq != state.head.seq || new_settings) WriteState(table, batch);
  table_close(table, NoLock);
  MemoryContextDelete(batch.row_context);
  MemoryContextDelete(batch.rows_context);
  return true;
}

void WriteOwn(Batch* batch, const char* kind, const char* detail) {
  Record record;
  record.at = GetCurrentTimestamp();
  record.kind = kind;
  record.detail = detail;
  record.pid = MyProcPid;
  MemoryContext caller = MemoryContextSwitchTo(batch->row_context);
  Write(batch, record);
  MemoryContextSwitchTo(caller);
}

// One text of one row; null where it is NULL.
char* AskText(const char* query) {
  SPI_connect();
  bool isnull;
  Datum value = Call(query, 0, nullptr, nullptr, 1, &isnull);
  char* copy = nullptr;
  if (!isnull) {
    const char* found = TextDatumGetCString(value);
    copy = static_cast<char*>(SPI_palloc(strlen(found) + 1));
    strcpy(copy, found);
  }
  SPI_finish();
  return copy;
}

}  // namespace

void ForgetHead() {
  state.known = false;
  known_partition = {};
}

bool WriteRecords(const StringInfoData& records) {
  return Within([&](Batch* batch) {
    MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "jit_access audit batch",
                                                  ALLOCSET_DEFAULT_SIZES);
    MemoryContext caller = MemoryContextSwitchTo(context);
    VisitJoined(records, mode == kModeAsync, WriteInContext, batch);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(context);
    return false;
  });
}

void WriteSettings(bool first_start) {
  if (!OidIsValid(OwnTable("audit_state"))) return;
  char* now = AskText("SELECT jit.audit_settings()::pg_catalog.text");
  char* changes = AskText("SELECT jit.audit_settings_changed()::pg_catalog.text");
  Within([&](Batch* batch) {
    if (first_start || state.settings == nullptr)
      WriteOwn(batch, "audit_started", psprintf("{\"settings\": %s}", now));
    else if (changes == nullptr)
      return false;
    if (changes != nullptr) WriteOwn(batch, "setting_changed", changes);
    KeepSettings(now);
    return true;
  });
}

void TendPartitions() {
  if (!OidIsValid(OwnTable("audit_state"))) return;
  char* detached = AskText("SELECT jit.audit_tend_partitions()::pg_catalog.text");
  if (detached == nullptr) return;
  Within([&](Batch* batch) {
    WriteOwn(batch, "audit_detached", detached);
    return false;
  });
}

}  // namespace jit::audit
