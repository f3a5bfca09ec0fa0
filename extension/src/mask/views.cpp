// What jit.masked_columns asks of the masks.

#include "mask/catalog.h"
#include "mask/exemption.h"
#include "mask/expression.h"

extern "C" {
#include "access/relation.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/ruleutils.h"
}

using namespace jit::mask;

JIT_SQL_FUNCTION(jit_mask_of)
// jit.mask_of(relation oid, column_number smallint): the mask in force, as SQL; NULL where there is
// none.
Datum jit_mask_of(PG_FUNCTION_ARGS) {
  Oid relid = PG_GETARG_OID(0);
  AttrNumber attno = PG_GETARG_INT16(1);
  if (attno <= 0 || !AnyMasks()) PG_RETURN_NULL();
  Relation relation = try_relation_open(relid, AccessShareLock);
  if (relation == nullptr) PG_RETURN_NULL();
  const RelationMasks* masks = MasksOf(relid);
  char* text = nullptr;
  if (masks != nullptr && bms_is_member(ColumnMember(attno), masks->columns)) {
    Node* expression = static_cast<Node*>(copyObjectImpl(masks->expressions[attno - 1]));
    int pinned = PinMeaning();
    List* context = deparse_context_for(RelationGetRelationName(relation), relid);
    text = deparse_expression(expression, context, false, false);
    UnpinMeaning(pinned);
  }
  relation_close(relation, AccessShareLock);
  if (text == nullptr) PG_RETURN_NULL();
  PG_RETURN_TEXT_P(cstring_to_text(text));
}

JIT_SQL_FUNCTION(jit_is_masked_for)
// jit.is_masked_for(relation oid, column_number smallint, role oid): whether the role sees the mask
// now; UNMASK grants count for the current user only.
Datum jit_is_masked_for(PG_FUNCTION_ARGS) {
  Oid relid = PG_GETARG_OID(0);
  const RelationMasks* masks = PG_GETARG_INT16(1) > 0 && AnyMasks() ? MasksOf(relid) : nullptr;
  if (masks == nullptr) PG_RETURN_BOOL(false);
  Sight sight = SightOf(PG_GETARG_OID(2), masks);
  PG_RETURN_BOOL(bms_is_member(ColumnMember(PG_GETARG_INT16(1)), sight.hidden));
}
