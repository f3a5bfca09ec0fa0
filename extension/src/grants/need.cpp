#include "grants/need.h"

namespace jit::grants {

bool IsEmpty(const Need& need) { return MaskOf(need) == 0; }

PrivilegeMask MaskOf(const Need& need) {
  return need.table_mask | (bms_is_empty(need.select_cols) ? 0 : kSelect) |
         (bms_is_empty(need.insert_cols) ? 0 : kInsert) |
         (bms_is_empty(need.update_cols) ? 0 : kUpdate) |
         (bms_is_empty(need.unmask_cols) ? 0 : kUnmask);
}

Need* CopyNeed(const Need& need) {
  Need* copy = static_cast<Need*>(palloc(sizeof(Need)));
  *copy = need;
  copy->select_cols = bms_copy(need.select_cols);
  copy->insert_cols = bms_copy(need.insert_cols);
  copy->update_cols = bms_copy(need.update_cols);
  copy->unmask_cols = bms_copy(need.unmask_cols);
  return copy;
}

Bitmapset** ColumnsFor(Need* need, PrivilegeMask bit) {
  switch (bit) {
    case kSelect:
      return &need->select_cols;
    case kInsert:
      return &need->insert_cols;
    case kUpdate:
      return &need->update_cols;
    case kUnmask:
      return &need->unmask_cols;
  }
  return nullptr;
}

void MergeNeed(Need* into, const Need& from) {
  // A column privilege asked for by name is stricter than "any column"; whole-table is strictest.
  PrivilegeMask strict = (into->table_mask & ~into->any_mask) | (from.table_mask & ~from.any_mask);
  PrivilegeMask any = (into->any_mask | from.any_mask) & ~strict;
  into->select_cols = bms_add_members(into->select_cols, from.select_cols);
  into->insert_cols = bms_add_members(into->insert_cols, from.insert_cols);
  into->update_cols = bms_add_members(into->update_cols, from.update_cols);
  into->unmask_cols = bms_add_members(into->unmask_cols, from.unmask_cols);
  for (PrivilegeMask bit : {kSelect, kInsert, kUpdate, kUnmask}) {
    Bitmapset** cols = ColumnsFor(into, bit);
    if (!bms_is_empty(*cols)) any &= ~bit;
    if (strict & bit) *cols = nullptr;
  }
  into->any_mask = any;
  into->table_mask = strict | any;
}

List* AddNeed(List* needs, const Need& need) {
  if (IsEmpty(need)) return needs;
  ListCell* lc;
  foreach (lc, needs) {
    Need* known = static_cast<Need*>(lfirst(lc));
    if (known->relid == need.relid) {
      MergeNeed(known, need);
      return needs;
    }
  }
  return lappend(needs, CopyNeed(need));
}

}  // namespace jit::grants
