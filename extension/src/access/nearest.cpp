#include "access/nearest.h"

#include "access/names.h"

extern "C" {
#include "access/genam.h"
#include "access/table.h"
#include "catalog/namespace.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_class.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/varlena.h"
}

namespace jit::access {

namespace {

// More edits than this, or than half the name, is another name.
constexpr int kMostEdits = 3;

struct Nearest {
  const char* wanted;
  int distance;
  Oid schema;
  char name[NAMEDATALEN];
};

Nearest Start(const char* wanted) {
  Nearest nearest = {};
  nearest.wanted = wanted;
  nearest.distance = Min(kMostEdits, static_cast<int>(strlen(wanted)) / 2) + 1;
  return nearest;
}

void Consider(Nearest* nearest, const char* name, Oid schema) {
  int distance = varstr_levenshtein_less_equal(
      nearest->wanted, static_cast<int>(strlen(nearest->wanted)), name,
      static_cast<int>(strlen(name)), 1, 1, 1, nearest->distance, true);
  // Of several as close, the first in the alphabet: the answer must not depend on the scan's order.
  bool closer = distance < nearest->distance;
  bool tie =
      nearest->name[0] != '\0' && distance == nearest->distance && strcmp(name, nearest->name) < 0;
  if (!closer && !tie) return;
  nearest->distance = distance;
  nearest->schema = schema;
  strlcpy(nearest->name, name, sizeof(nearest->name));
}

bool HoldsData(char relkind) {
  return relkind == RELKIND_RELATION || relkind == RELKIND_PARTITIONED_TABLE ||
         relkind == RELKIND_VIEW || relkind == RELKIND_MATVIEW;
}

// There is no index by schema alone; only somebody who mistyped a name pays for this scan.
void ConsiderSchema(Nearest* nearest, Relation classes, Oid schema) {
  ScanKeyData key;
  ScanKeyInit(&key, Anum_pg_class_relnamespace, BTEqualStrategyNumber, F_OIDEQ,
              ObjectIdGetDatum(schema));
  SysScanDesc scan = systable_beginscan(classes, InvalidOid, false, nullptr, 1, &key);
  for (HeapTuple tuple = systable_getnext(scan); HeapTupleIsValid(tuple);
       tuple = systable_getnext(scan)) {
    const FormData_pg_class* row = reinterpret_cast<const FormData_pg_class*>(GETSTRUCT(tuple));
    if (HoldsData(row->relkind)) Consider(nearest, NameStr(row->relname), schema);
  }
  systable_endscan(scan);
}

}  // namespace

const char* NearestRelation(const RangeVar* name) {
  List* schemas = name->schemaname != nullptr
                      ? list_make1_oid(get_namespace_oid(name->schemaname, true))
                      : fetch_search_path(false);
  Nearest nearest = Start(name->relname);
  Relation classes = table_open(RelationRelationId, AccessShareLock);
  ListCell* lc;
  foreach (lc, schemas)
    if (OidIsValid(lfirst_oid(lc))) ConsiderSchema(&nearest, classes, lfirst_oid(lc));
  table_close(classes, AccessShareLock);
  if (nearest.name[0] == '\0') return nullptr;
  const char* schema = get_namespace_name(nearest.schema);
  if (schema == nullptr) return nullptr;
  return psprintf("%s.%s", QuoteName(schema), QuoteName(nearest.name));
}

const char* NearestColumn(Oid relation, const char* name) {
  Nearest nearest = Start(name);
  HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
  if (!HeapTupleIsValid(tuple)) return nullptr;
  AttrNumber count = reinterpret_cast<const FormData_pg_class*>(GETSTRUCT(tuple))->relnatts;
  ReleaseSysCache(tuple);
  for (AttrNumber number = 1; number <= count; number++) {
    const char* column = get_attname(relation, number, true);  // nullptr: dropped
    if (column != nullptr) Consider(&nearest, column, InvalidOid);
  }
  return nearest.name[0] == '\0' ? nullptr : pstrdup(QuoteName(nearest.name));
}

}  // namespace jit::access
