#include "mask/catalog.h"

#include "mask/safe_functions.h"
#include "mask/store.h"
#include "pg/compat.h"
#include "pg/installed.h"

extern "C" {
#include "access/genam.h"
#include "access/parallel.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/pg_inherits.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "rewrite/rewriteHandler.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/relcache.h"
}

namespace jit::mask {

namespace {

struct Entry {
  Oid relid;  // the hash key
  bool current;
  uint64 epoch;
  MemoryContext context;  // of what `masks` points to
  RelationMasks* masks;   // null: none
};

// A relation, and the entries that were made from its labels.
struct Watch {
  Oid relid;  // the hash key
  Entry** entries;
  int count;
  int capacity;
};

HTAB* entries = nullptr;
HTAB* watches = nullptr;
uint64 epoch = 1;  // an invalidation of everything makes all entries old
// Whether any label exists: known until jit.masks changes, which every change of a label touches.
Oid masks_table = InvalidOid;
bool any_known = false;
bool any = false;

// An invalidation callback: sets flags only. Entries and watches are never freed.
void OnRelationChange(Oid relid) {
  if (relid == InvalidOid) {
    epoch++;
    any_known = false;
    return;
  }
  if (relid == masks_table) any_known = false;
  if (watches == nullptr) return;
  const Watch* watch = static_cast<Watch*>(hash_search(watches, &relid, HASH_FIND, nullptr));
  if (watch == nullptr) return;
  for (int i = 0; i < watch->count; i++) watch->entries[i]->current = false;
}

HTAB* MakeTable(const char* name, Size entry_size) {
  HASHCTL control = {};
  control.keysize = sizeof(Oid);
  control.entrysize = entry_size;
  control.hcxt = CacheMemoryContext;
  return hash_create(name, 256, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

void WatchFor(Entry* entry, Oid relid) {
  bool found = false;
  Watch* watch = static_cast<Watch*>(hash_search(watches, &relid, HASH_ENTER, &found));
  if (!found) {
    watch->entries = nullptr;
    watch->count = 0;
    watch->capacity = 0;
  }
  for (int i = 0; i < watch->count; i++)
    if (watch->entries[i] == entry) return;
  if (watch->count == watch->capacity) {
    int capacity = Max(4, watch->capacity * 2);
    Size size = capacity * sizeof(Entry*);
    watch->entries = static_cast<Entry**>(watch->entries == nullptr
                                              ? MemoryContextAlloc(CacheMemoryContext, size)
                                              : repalloc(watch->entries, size));
    watch->capacity = capacity;
  }
  watch->entries[watch->count++] = entry;
}

List* ParentsOf(Oid relid) {
  List* parents = NIL;
  Relation inherits = table_open(InheritsRelationId, AccessShareLock);
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(relid));
  SysScanDesc scan =
      systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, nullptr, 1, &key);
  HeapTuple tuple;
  while (HeapTupleIsValid(tuple = systable_getnext(scan)))
    parents = lappend_oid(parents, reinterpret_cast<Form_pg_inherits>(GETSTRUCT(tuple))->inhparent);
  systable_endscan(scan);
  table_close(inherits, AccessShareLock);
  return parents;
}

struct Building {
  Entry* entry;
  Relation relation;
  int natts;
  Node** expressions;
  int* distance;  // by attribute: of the source that gave its mask; 0: none yet
  Bitmapset* columns;
  Bitmapset* labelled;  // with a label of the relation's own
  bool below;           // what is taken is taken from below
  List* labelled_below;
};

Node* NullFor(const FormData_pg_attribute* attribute) {
  return reinterpret_cast<Node*>(makeConst(attribute->atttypid, attribute->atttypmod,
                                           attribute->attcollation, attribute->attlen,
                                           static_cast<Datum>(0), true, attribute->attbyval));
}

Node* RenumberVars(Node* node, void* context) {
  if (node == nullptr) return nullptr;
  if (IsA(node, Var)) {
    Var* var = static_cast<Var*>(copyObjectImpl(node));
    var->varattno = *static_cast<AttrNumber*>(context);
    var->varattnosyn = var->varattno;
    return reinterpret_cast<Node*>(var);
  }
  return pg::MutateExpression(node, RenumberVars, context);
}

bool FitsColumn(Node* expression, const FormData_pg_attribute* attribute) {
  return exprType(expression) == attribute->atttypid &&
         exprTypmod(expression) == attribute->atttypmod &&
         exprCollation(expression) == attribute->attcollation;
}

// Distance 1 is the relation's own label. What is nearer wins; two at one distance that differ hide
// the column whole.
void Take(Building* b, AttrNumber attno, const StoredMask* mask, int distance) {
  const FormData_pg_attribute* attribute = TupleDescAttr(RelationGetDescr(b->relation), attno - 1);
  int before = b->distance[attno - 1];
  if (before != 0 && before < distance) return;
  Node* expression =
      mask->kind == Kind::kExpression ? RenumberVars(mask->tree, &attno) : NullFor(attribute);
  if (!FitsColumn(expression, attribute)) expression = NullFor(attribute);
  if (before == distance && !equal(expression, b->expressions[attno - 1]))
    expression = NullFor(attribute);
  b->expressions[attno - 1] = expression;
  b->distance[attno - 1] = distance;
  b->columns = bms_add_member(b->columns, ColumnMember(attno));
}

void TakeFrom(Building* b, Oid source, int distance) {
  WatchFor(b->entry, source);
  bool own = source == RelationGetRelid(b->relation);
  ListCell* lc;
  foreach (lc, MasksOnRelation(source)) {
    const StoredMask* mask = static_cast<const StoredMask*>(lfirst(lc));
    AttrNumber attno = mask->attno;
    if (own) {
      b->labelled = bms_add_member(b->labelled, ColumnMember(attno));
    } else {
      const char* name = get_attname(source, attno, true);
      attno = name != nullptr ? get_attnum(RelationGetRelid(b->relation), name) : InvalidAttrNumber;
    }
    if (mask->kind == Kind::kNone || attno <= 0 || attno > b->natts) continue;
    Take(b, attno, mask, distance);
    if (b->below) b->labelled_below = list_append_unique_oid(b->labelled_below, source);
  }
}

// From what `relid` inherits from, the nearest first. Adds to `seen` and leaves out what is there.
// Returns the distance of the furthest.
int TakeFromAncestors(Building* b, Oid relid, int distance, List** seen) {
  List* level = ParentsOf(relid);
  while (level != NIL) {
    distance++;
    List* above = NIL;
    ListCell* lc;
    foreach (lc, level) {
      Oid parent = lfirst_oid(lc);
      if (list_member_oid(*seen, parent)) continue;
      *seen = lappend_oid(*seen, parent);
      TakeFrom(b, parent, distance);
      above = list_concat(above, ParentsOf(parent));
    }
    level = above;
  }
  return distance;
}

// A scan of the relation reads what inherits from it, and that may have masks from other parents.
void TakeFromDescendants(Building* b, int distance, List** seen) {
  Oid relid = RelationGetRelid(b->relation);
  if (!has_subclass(relid)) return;
  List* descendants = find_all_inheritors(relid, NoLock, nullptr);
  *seen = list_concat(*seen, descendants);
  b->below = true;
  ListCell* lc;
  foreach (lc, descendants) {
    if (lfirst_oid(lc) == relid) continue;
    TakeFrom(b, lfirst_oid(lc), distance);
    TakeFromAncestors(b, lfirst_oid(lc), distance, seen);
  }
}

// A stored column computed from a masked one tells it; unless somebody has labelled it.
void HideGenerated(Building* b) {
  TupleDesc desc = RelationGetDescr(b->relation);
  if (b->columns == nullptr || desc->constr == nullptr || !desc->constr->has_generated_stored)
    return;
  Bitmapset* masked = bms_add_member(bms_copy(b->columns), ColumnMember(InvalidAttrNumber));
  for (AttrNumber attno = 1; attno <= b->natts; attno++) {
    const FormData_pg_attribute* attribute = TupleDescAttr(desc, attno - 1);
    if (attribute->attgenerated == '\0' || attribute->attisdropped || b->distance[attno - 1] != 0 ||
        bms_is_member(ColumnMember(attno), b->labelled))
      continue;
    Bitmapset* read = nullptr;
    pull_varattnos(build_column_default(b->relation, attno), 1, &read);
    if (!bms_overlap(read, masked)) continue;
    b->expressions[attno - 1] = NullFor(attribute);
    b->columns = bms_add_member(b->columns, ColumnMember(attno));
  }
}

// In the entry's context.
RelationMasks* Gather(Entry* entry, Relation relation) {
  Building b = {};
  b.entry = entry;
  b.relation = relation;
  b.natts = RelationGetNumberOfAttributes(relation);
  b.expressions = static_cast<Node**>(palloc0(Max(1, b.natts) * sizeof(Node*)));
  b.distance = static_cast<int*>(palloc0(Max(1, b.natts) * sizeof(int)));
  TakeFrom(&b, entry->relid, 1);
  List* seen = NIL;
  int furthest = TakeFromAncestors(&b, entry->relid, 1, &seen);
  TakeFromDescendants(&b, furthest + 1, &seen);
  HideGenerated(&b);
  if (b.columns == nullptr) return nullptr;
  RelationMasks* masks = static_cast<RelationMasks*>(palloc0(sizeof(RelationMasks)));
  masks->relid = entry->relid;
  masks->columns = b.columns;
  masks->expressions = b.expressions;
  masks->labelled_below = b.labelled_below;
  for (int i = 0; i < b.natts; i++) {
    if (b.expressions[i] == nullptr) continue;
    masks->may_fail |= !IsSafeExpression(b.expressions[i]);
    MarkAsMaskCalls(b.expressions[i]);
  }
  return masks;
}

void Build(Entry* entry) {
  if (entry->context != nullptr) MemoryContextReset(entry->context);
  if (entry->context == nullptr)
    entry->context = AllocSetContextCreate(CacheMemoryContext, "jit_access masks of a relation",
                                           ALLOCSET_SMALL_SIZES);
  entry->masks = nullptr;
  // Set first: what changes meanwhile clears it again.
  entry->current = true;
  entry->epoch = epoch;
  WatchFor(entry, entry->relid);
  Relation relation = RelationIdGetRelation(entry->relid);
  if (!RelationIsValid(relation)) return;
  MemoryContext caller = MemoryContextSwitchTo(entry->context);
  PG_TRY();
  { entry->masks = Gather(entry, relation); }
  PG_CATCH();
  {
    entry->current = false;
    PG_RE_THROW();
  }
  PG_END_TRY();
  MemoryContextSwitchTo(caller);
  RelationClose(relation);
  // Most relations of a database have no masks.
  if (entry->masks == nullptr) {
    MemoryContextDelete(entry->context);
    entry->context = nullptr;
  }
}

}  // namespace

void InitCatalog() { pg::SetRelationListener(OnRelationChange); }

void CatchUp() {
  // Where nobody has changed anything this reads two flags; else it does what the next lock would.
  if (!IsParallelWorker() && pg::GetInstalled() != nullptr) AcceptInvalidationMessages();
}

bool AnyMasks() {
  if (any_known) return any;
  if (!IsTransactionState()) return false;
  const pg::Installed* here = pg::GetInstalled();
  if (here == nullptr) return false;
  masks_table = here->masks;
  any_known = true;
  bool found = AnyLabels();
  any = found;
  return found;
}

const RelationMasks* MasksOf(Oid relid) {
  if (relid < FirstNormalObjectId) return nullptr;
  if (entries == nullptr) {
    watches = MakeTable("jit_access relations with labels", sizeof(Watch));
    entries = MakeTable("jit_access masks", sizeof(Entry));
  }
  bool found = false;
  Entry* entry = static_cast<Entry*>(hash_search(entries, &relid, HASH_ENTER, &found));
  if (!found) {
    entry->current = false;
    entry->epoch = 0;
    entry->context = nullptr;
    entry->masks = nullptr;
  }
  if (!entry->current || entry->epoch != epoch) Build(entry);
  return entry->masks;
}

int ColumnMember(AttrNumber attno) { return attno - FirstLowInvalidHeapAttributeNumber; }

AttrNumber ColumnOf(int member) {
  return static_cast<AttrNumber>(member + FirstLowInvalidHeapAttributeNumber);
}

}  // namespace jit::mask
