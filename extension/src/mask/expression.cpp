#include "mask/expression.h"

#include "access/parse_error.h"
#include "mask/anonymizer.h"
#include "mask/trial.h"
#include "mask/whitelist.h"
#include "pg/compat.h"
#include "pg/installed.h"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation_d.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parse_coerce.h"
#include "parser/parse_collate.h"
#include "parser/parse_expr.h"
#include "parser/parse_func.h"
#include "parser/parse_relation.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
}

namespace jit::mask {

namespace {

constexpr const char* kSelect = "SELECT ";

// The one expression of the text, which may not be more than that.
Node* ParseOne(const access::Source& source) {
  List* statements = access::ParseSource(source);
  const SelectStmt* select = nullptr;
  if (list_length(statements) == 1 && IsA(linitial_node(RawStmt, statements)->stmt, SelectStmt))
    select = castNode(SelectStmt, linitial_node(RawStmt, statements)->stmt);
  bool plain = select != nullptr && list_length(select->targetList) == 1 &&
               select->distinctClause == NIL && select->intoClause == nullptr &&
               select->fromClause == NIL && select->whereClause == nullptr &&
               select->groupClause == NIL && select->havingClause == nullptr &&
               select->windowClause == NIL && select->valuesLists == NIL &&
               select->sortClause == NIL && select->limitOffset == nullptr &&
               select->limitCount == nullptr && select->lockingClause == NIL &&
               select->withClause == nullptr && select->op == SETOP_NONE;
  const ResTarget* target = plain ? linitial_node(ResTarget, select->targetList) : nullptr;
  // The grammar takes * for an expression, the analysis of expressions does not.
  bool star = target != nullptr && IsA(target->val, ColumnRef) &&
              IsA(llast(castNode(ColumnRef, target->val)->fields), A_Star);
  if (target == nullptr || target->name != nullptr || target->indirection != NIL || star)
    ereport(ERROR, (errcode(ERRCODE_SYNTAX_ERROR), errmsg("a mask is to be one expression"),
                    errhint("As in: MASKED WITH FUNCTION jit_mask_partial(ssn, 0, '***-**-', 4)")));
  return target->val;
}

Node* Parse(const char* text) {
  access::Source source = {text, psprintf("%s%s", kSelect, text), static_cast<int>(strlen(kSelect)),
                           nullptr};
  return ParseOne(source);
}

struct Placeholder {
  const char* word;
  char* column;
};

// In place: raw trees are the caller's own.
bool ReplacePlaceholder(Node* node, void* context) {
  if (node == nullptr) return false;
  Placeholder* placeholder = static_cast<Placeholder*>(context);
  if (IsA(node, ColumnRef)) {
    ColumnRef* ref = castNode(ColumnRef, node);
    if (list_length(ref->fields) == 1 && IsA(linitial(ref->fields), String) &&
        strcmp(strVal(linitial(ref->fields)), placeholder->word) == 0)
      ref->fields = list_make1(makeString(placeholder->column));
    return false;
  }
  return pg::WalkRawExpression(node, ReplacePlaceholder, context);
}

// The parser's state with the relation's columns in view.
Node* Analyze(ParseState* state, Relation relation, Node* raw) {
  ParseNamespaceItem* item =
      addRangeTableEntryForRelation(state, relation, AccessShareLock, nullptr, false, true);
  addNSItemToQuery(state, item, false, true, true);
  Node* expression = transformExpr(state, raw, EXPR_KIND_OTHER);
  return expression;
}

void RefuseType(Node* expression, const FormData_pg_attribute* attribute) {
  const char* type = format_type_with_typemod(attribute->atttypid, attribute->atttypmod);
  ereport(ERROR, (errcode(ERRCODE_DATATYPE_MISMATCH),
                  errmsg("the mask is of type %s, but column \"%s\" is of type %s",
                         format_type_be(exprType(expression)), NameStr(attribute->attname), type),
                  errhint("Choose a mask of the column's type, or cast it: (...)::%s",
                          format_type_be(getBaseType(attribute->atttypid)))));
}

// For types that take the other's bytes as they are, citext from text; else null.
Node* RelabelAs(Node* expression, Oid type) {
  Oid function = InvalidOid;
  if (find_coercion_pathway(type, exprType(expression), COERCION_ASSIGNMENT, &function) !=
      COERCION_PATH_RELABELTYPE)
    return nullptr;
  return reinterpret_cast<Node*>(makeRelabelType(reinterpret_cast<Expr*>(expression), type, -1,
                                                 get_typcollation(type), COERCE_IMPLICIT_CAST));
}

// How these look as text depends on no setting.
bool IsPlain(Oid type) {
  switch (getBaseType(type)) {
    case BOOLOID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case NUMERICOID:
    case UUIDOID:
    case INETOID:
    case CIDROID:
    case JSONOID:
    case JSONBOID:
      return true;
  }
  char category;
  bool preferred;
  get_type_category_preferred(getBaseType(type), &category, &preferred);
  return category == TYPCATEGORY_STRING || category == TYPCATEGORY_ENUM;
}

// Casts to text go by jit_mask_text: else the reader's DateStyle or TimeZone would choose what a
// mask shows of a date.
Node* FixTexts(Node* node, void* context) {
  if (node == nullptr) return nullptr;
  node = pg::MutateExpression(node, FixTexts, context);
  if (!IsA(node, CoerceViaIO)) return node;
  CoerceViaIO* cast = castNode(CoerceViaIO, node);
  if (IsPlain(exprType(reinterpret_cast<Node*>(cast->arg)))) return node;
  const Oid types[] = {ANYELEMENTOID};
  List* name = list_make1(makeString(pstrdup("jit_mask_text")));
  FuncExpr* call =
      makeFuncExpr(LookupFuncName(name, 1, types, false), TEXTOID, list_make1(cast->arg),
                   DEFAULT_COLLATION_OID, InvalidOid, COERCE_EXPLICIT_CALL);
  if (cast->resulttype == TEXTOID) return reinterpret_cast<Node*>(call);
  cast->arg = reinterpret_cast<Expr*>(call);
  return node;
}

// The column's type, modifier and collation, by steps that cannot fail at run time.
Node* Coerce(ParseState* state, Node* expression, const FormData_pg_attribute* attribute) {
  int32 typmod = attribute->atttypmod;
  Oid base = getBaseTypeAndTypmod(attribute->atttypid, &typmod);
  Node* coerced = coerce_to_target_type(state, expression, exprType(expression), base, -1,
                                        COERCION_IMPLICIT, COERCE_IMPLICIT_CAST, -1);
  if (coerced == nullptr) coerced = RelabelAs(expression, base);
  if (coerced == nullptr) RefuseType(expression, attribute);
  if (typmod >= 0)
    coerced = coerce_to_target_type(state, coerced, base, base, typmod, COERCION_EXPLICIT,
                                    COERCE_EXPLICIT_CAST, -1);
  assign_expr_collations(state, coerced);
  if (exprType(coerced) == attribute->atttypid && exprTypmod(coerced) == attribute->atttypmod &&
      exprCollation(coerced) == attribute->attcollation)
    return coerced;
  // Not CoerceToDomain: a domain's constraint would fail with the value in its error.
  return reinterpret_cast<Node*>(makeRelabelType(reinterpret_cast<Expr*>(coerced),
                                                 attribute->atttypid, attribute->atttypmod,
                                                 attribute->attcollation, COERCE_IMPLICIT_CAST));
}

bool ReadsAnything(Node* node, void* context) {
  if (node == nullptr) return false;
  if (IsA(node, Var) || IsA(node, SubLink) || IsA(node, Param) || IsA(node, Aggref) ||
      IsA(node, WindowFunc))
    return true;
  return pg::WalkExpression(node, ReadsAnything, context);
}

ParseState* NewState(const char* text) {
  ParseState* state = make_parsestate(nullptr);
  state->p_sourcetext = text;
  return state;
}

// Errors of the analysis point into the label's text.
struct Redirected {
  ErrorContextCallback callback;
  access::Source source;
};

void RedirectTo(Redirected* redirected, const char* text) {
  redirected->source = {text, psprintf("%s%s", kSelect, text), static_cast<int>(strlen(kSelect)),
                        nullptr};
  access::RedirectErrors(&redirected->callback, &redirected->source);
}

const FormData_pg_attribute* AttributeOf(Relation relation, AttrNumber attno) {
  return TupleDescAttr(RelationGetDescr(relation), attno - 1);
}

void Pin(const char* name, const char* value) {
  (void)set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

}  // namespace

int PinMeaning() {
  int level = NewGUCNestLevel();
  Pin("datestyle", "ISO, MDY");
  Pin("intervalstyle", "postgres");
  Pin("timezone", "UTC");
  Pin("extra_float_digits", "3");
  OverrideSearchPath path = {};
  path.addCatalog = true;
  if (pg::GetInstalled() != nullptr) path.schemas = list_make1_oid(pg::GetInstalled()->functions);
  PushOverrideSearchPath(&path);
  return level;
}

void UnpinMeaning(int pinned) {
  PopOverrideSearchPath();
  AtEOXact_GUC(true, pinned);
}

Node* BindFunction(Relation relation, AttrNumber attno, const char* text, const char* placeholder) {
  const FormData_pg_attribute* attribute = AttributeOf(relation, attno);
  char* column = pstrdup(NameStr(attribute->attname));
  int pinned = PinMeaning();
  Node* raw = Parse(text);
  if (placeholder != nullptr) {
    Placeholder replacement = {placeholder, column};
    ReplacePlaceholder(reinterpret_cast<Node*>(list_make1(raw)), &replacement);
  }
  raw = TranslateAnonymizer(raw, column, getBaseType(attribute->atttypid));
  Redirected redirected;
  RedirectTo(&redirected, text);
  ParseState* state = NewState(redirected.source.parsed);
  Node* expression = Analyze(state, relation, raw);
  access::RestoreErrors(&redirected.callback);
  CheckExpression(expression, attno);
  expression = FixTexts(Coerce(state, expression, attribute), nullptr);
  fix_opfuncids(expression);
  CheckExpression(expression, attno);
  TryMask(expression);
  free_parsestate(state);
  UnpinMeaning(pinned);
  return expression;
}

Node* BindValue(Relation relation, AttrNumber attno, const char* text) {
  const FormData_pg_attribute* attribute = AttributeOf(relation, attno);
  int pinned = PinMeaning();
  Node* raw = Parse(text);
  Redirected redirected;
  RedirectTo(&redirected, text);
  ParseState* state = NewState(redirected.source.parsed);
  Node* expression = Analyze(state, relation, raw);
  if (ReadsAnything(expression, nullptr))
    ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                    errmsg("MASKED WITH VALUE takes a constant"),
                    errhint("Use MASKED WITH FUNCTION for what depends on the column.")));
  Node* coerced =
      coerce_to_target_type(state, expression, exprType(expression), attribute->atttypid,
                            attribute->atttypmod, COERCION_ASSIGNMENT, COERCE_IMPLICIT_CAST, -1);
  if (coerced == nullptr) RefuseType(expression, attribute);
  assign_expr_collations(state, coerced);
  fix_opfuncids(coerced);
  if (contain_volatile_functions(coerced))
    ereport(ERROR, (errcode(ERRCODE_INVALID_OBJECT_DEFINITION),
                    errmsg("MASKED WITH VALUE takes a constant"),
                    errhint("It calls a volatile function.")));
  Node* constant =
      reinterpret_cast<Node*>(evaluate_expr(reinterpret_cast<Expr*>(coerced), attribute->atttypid,
                                            attribute->atttypmod, attribute->attcollation));
  access::RestoreErrors(&redirected.callback);
  free_parsestate(state);
  UnpinMeaning(pinned);
  return constant;
}

}  // namespace jit::mask
