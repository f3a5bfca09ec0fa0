#include "mask/raw_columns.h"

#include "mask/catalog.h"
#include "mask/marker.h"
#include "pg/compat.h"

extern "C" {
#include "catalog/pg_class.h"
#include "utils/lsyscache.h"
}

namespace jit::mask {

namespace {

List* AddColumns(List* found, Oid relid, const Bitmapset* columns) {
  if (bms_is_empty(columns)) return found;
  const char* relation =
      quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), get_rel_name(relid));
  int member = -1;
  while ((member = bms_next_member(columns, member)) >= 0) {
    const char* column = get_attname(relid, ColumnOf(member), true);
    if (column == nullptr) continue;
    char* name = psprintf("%s.%s", relation, quote_identifier(column));
    bool known = false;
    ListCell* lc;
    foreach (lc, found) known |= strcmp(static_cast<char*>(lfirst(lc)), name) == 0;
    if (!known) found = lappend(found, name);
  }
  return found;
}

// Of an entry that bears no mark: whoever runs it is exempt.
const Bitmapset* RawOfExempt(const RangeTblEntry* rte, const RelationMasks* masks) {
  if (bms_is_member(ColumnMember(InvalidAttrNumber), rte->selectedCols)) return masks->columns;
  return bms_intersect(masks->columns, rte->selectedCols);
}

}  // namespace

List* RawColumnsOf(const PlannedStmt* plan) {
  if (!AnyMasks()) return NIL;
  List* found = NIL;
  ListCell* lc;
  foreach (lc, plan->rtable) {
    const RangeTblEntry* rte = lfirst_node(RangeTblEntry, lc);
    if (!pg::CarriesPermissions(rte) || rte->relkind == RELKIND_VIEW) continue;
    Marker marker = {};
    if (ReadMark(rte, &marker)) {
      // What a policy of the table reads is not shown.
      if (!OidIsValid(marker.role)) found = AddColumns(found, marker.relid, marker.raw);
      continue;
    }
    const RelationMasks* masks = MasksOf(rte->relid);
    if (masks != nullptr) found = AddColumns(found, rte->relid, RawOfExempt(rte, masks));
  }
  return found;
}

}  // namespace jit::mask
