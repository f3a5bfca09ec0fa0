#include "mask/anonymizer.h"

#include "pg/compat.h"

extern "C" {
#include "catalog/pg_type_d.h"
#include "nodes/makefuncs.h"
#include "parser/gramparse.h"
#include "parser/parser.h"
}

namespace jit::mask {

namespace {

// How a call is put over.
enum class Way {
  kRename,     // the same arguments
  kFirst,      // only the first argument, as text: salts and algorithms are the key's business
  kPseudonym,  // of the first argument, as text; `detail` is the kind
  kFake,       // of the column; `detail` is the kind
  kDigits,     // a keyed hash of the column, as long as the argument says
  kBetween,    // between the two arguments, picked by the column
  kAnyDate,    // between 1900 and 2030, picked by the column
  kConstant,   // `detail` itself
  kTernary,    // CASE
};

struct Rule {
  const char* name;
  Way way;
  const char* detail;
};

constexpr Rule kRules[] = {
    {"partial", Way::kRename, "jit_mask_partial"},
    {"partial_email", Way::kRename, "jit_mask_email"},
    {"noise", Way::kRename, "jit_mask_noise"},
    {"dnoise", Way::kRename, "jit_mask_noise"},
    {"hash", Way::kFirst, "jit_mask_hash"},
    {"digest", Way::kFirst, "jit_mask_hash"},
    {"pseudo_first_name", Way::kPseudonym, "first_name"},
    {"pseudo_last_name", Way::kPseudonym, "last_name"},
    {"pseudo_email", Way::kPseudonym, "email"},
    {"pseudo_city", Way::kPseudonym, "city"},
    {"pseudo_company", Way::kPseudonym, "company"},
    {"pseudo_iban", Way::kPseudonym, "iban"},
    {"fake_first_name", Way::kFake, "first_name"},
    {"fake_last_name", Way::kFake, "last_name"},
    {"fake_email", Way::kFake, "email"},
    {"fake_city", Way::kFake, "city"},
    {"fake_company", Way::kFake, "company"},
    {"fake_iban", Way::kFake, "iban"},
    {"fake_address", Way::kFake, "street"},
    {"fake_postcode", Way::kFake, "postcode"},
    {"dummy_first_name", Way::kFake, "first_name"},
    {"dummy_last_name", Way::kFake, "last_name"},
    {"dummy_name", Way::kFake, "full_name"},
    {"dummy_free_email", Way::kFake, "email"},
    {"dummy_safe_email", Way::kFake, "email"},
    {"dummy_city_name", Way::kFake, "city"},
    {"dummy_company_name", Way::kFake, "company"},
    {"dummy_street_name", Way::kFake, "street"},
    {"dummy_zip_code", Way::kFake, "postcode"},
    {"dummy_post_code", Way::kFake, "postcode"},
    {"dummy_phone_number", Way::kFake, "phone"},
    {"dummy_cell_number", Way::kFake, "phone"},
    {"dummy_username", Way::kFake, "login"},
    {"random_first_name", Way::kFake, "first_name"},
    {"random_last_name", Way::kFake, "last_name"},
    {"random_email", Way::kFake, "email"},
    {"random_city", Way::kFake, "city"},
    {"random_company", Way::kFake, "company"},
    {"random_iban", Way::kFake, "iban"},
    {"random_zip", Way::kFake, "postcode"},
    {"random_phone", Way::kFake, "phone"},
    {"random_string", Way::kDigits, "jit_mask_hash"},
    {"random_int_between", Way::kBetween, "jit_mask_between"},
    {"random_bigint_between", Way::kBetween, "jit_mask_between"},
    {"random_date_between", Way::kBetween, "jit_mask_between"},
    {"random_date", Way::kAnyDate, "jit_mask_between"},
    {"lorem_ipsum", Way::kConstant, "Lorem ipsum dolor sit amet"},
    {"ternary", Way::kTernary, nullptr},
};

Node* Text(const char* value) {
  A_Const* constant = makeNode(A_Const);
  constant->val.sval.type = T_String;
  constant->val.sval.sval = pstrdup(value);
  constant->location = -1;
  return reinterpret_cast<Node*>(constant);
}

Node* Cast(Node* value, const char* type) {
  TypeCast* cast = makeNode(TypeCast);
  cast->arg = value;
  cast->typeName = SystemTypeName(pstrdup(type));
  cast->location = -1;
  return reinterpret_cast<Node*>(cast);
}

Node* ColumnAsText(const char* column) {
  ColumnRef* ref = makeNode(ColumnRef);
  ref->fields = list_make1(makeString(pstrdup(column)));
  ref->location = -1;
  return Cast(reinterpret_cast<Node*>(ref), "text");
}

Node* Call(const char* function, List* arguments) {
  return reinterpret_cast<Node*>(
      makeFuncCall(list_make1(makeString(pstrdup(function))), arguments, COERCE_EXPLICIT_CALL, -1));
}

const Rule* RuleFor(const char* name) {
  for (const Rule& rule : kRules)
    if (strcmp(rule.name, name) == 0) return &rule;
  return nullptr;
}

void RequireArguments(const FuncCall* call, const Rule* rule, int at_least) {
  if (list_length(call->args) >= at_least) return;
  ereport(ERROR, (errcode(ERRCODE_UNDEFINED_FUNCTION),
                  errmsg_plural("anon.%s needs %d argument", "anon.%s needs %d arguments",
                                static_cast<unsigned long>(at_least), rule->name, at_least),
                  errhint("Write it as PostgreSQL Anonymizer documents it.")));
}

// The column that is masked.
struct Column {
  const char* name;
  Oid type;
};

// The type of what is picked between two bounds: the column's, where it is of that kind.
const char* NumberType(const Rule* rule, Oid type) {
  switch (type) {
    case INT2OID:
      return "int2";
    case INT4OID:
      return "int4";
    case INT8OID:
      return "int8";
    default:
      return strcmp(rule->name, "random_bigint_between") == 0 ? "int8" : "int4";
  }
}

const char* DateType(Oid type) {
  return type == TIMESTAMPOID ? "timestamp" : type == TIMESTAMPTZOID ? "timestamptz" : "date";
}

Node* DateBetween(const Column& column, Node* low, Node* high) {
  const char* type = DateType(column.type);
  return Call("jit_mask_between",
              list_make3(ColumnAsText(column.name), Cast(low, type), Cast(high, type)));
}

Node* Apply(const FuncCall* call, const Rule* rule, const Column& column) {
  switch (rule->way) {
    case Way::kRename:
      return Call(rule->detail, call->args);
    case Way::kFirst:
      RequireArguments(call, rule, 1);
      return Call(rule->detail, list_make1(Cast(static_cast<Node*>(linitial(call->args)), "text")));
    case Way::kPseudonym:
      RequireArguments(call, rule, 1);
      return Call(
          "jit_mask_pseudonym",
          list_make2(Cast(static_cast<Node*>(linitial(call->args)), "text"), Text(rule->detail)));
    case Way::kFake:
      return Call("jit_mask_pseudonym", list_make2(ColumnAsText(column.name), Text(rule->detail)));
    case Way::kDigits:
      RequireArguments(call, rule, 1);
      return Call(rule->detail, list_make2(ColumnAsText(column.name), linitial(call->args)));
    case Way::kBetween:
      RequireArguments(call, rule, 2);
      if (strcmp(rule->name, "random_date_between") == 0)
        return DateBetween(column, static_cast<Node*>(linitial(call->args)),
                           static_cast<Node*>(lsecond(call->args)));
      return Cast(Call(rule->detail, list_make3(ColumnAsText(column.name), linitial(call->args),
                                                lsecond(call->args))),
                  NumberType(rule, column.type));
    case Way::kAnyDate:
      return DateBetween(column, Text("1900-01-01"), Text("2029-12-31"));
    case Way::kConstant:
      return Text(rule->detail);
    case Way::kTernary: {
      RequireArguments(call, rule, 3);
      CaseWhen* when = makeNode(CaseWhen);
      when->expr = static_cast<Expr*>(linitial(call->args));
      when->result = static_cast<Expr*>(lsecond(call->args));
      when->location = -1;
      CaseExpr* choice = makeNode(CaseExpr);
      choice->args = list_make1(when);
      choice->defresult = static_cast<Expr*>(lthird(call->args));
      choice->location = -1;
      return reinterpret_cast<Node*>(choice);
    }
  }
  return nullptr;
}

bool IsOfAnonymizer(const FuncCall* call) {
  return list_length(call->funcname) == 2 && strcmp(strVal(linitial(call->funcname)), "anon") == 0;
}

Node* Translate(FuncCall* call, const Column& column) {
  const char* name = strVal(lsecond(call->funcname));
  if (const Rule* rule = RuleFor(name)) return Apply(call, rule, column);
  bool generalizes = strncmp(name, "generalize_", 11) == 0;
  ereport(ERROR,
          (errcode(ERRCODE_UNDEFINED_FUNCTION), errmsg("anon.%s has no counterpart here", name),
           generalizes ? errhint("A mask keeps the column's type: use jit_mask_range for numbers "
                                 "and jit_mask_trunc for dates.")
                       : errhint("docs/masking.md lists what PostgreSQL Anonymizer's functions "
                                 "become; jit_mask_default fits every column.")));
  return nullptr;
}

// Bottom up, by hand: there is no mutator for raw trees. Reaches calls, casts, operators, CASE,
// COALESCE and lists; a call of anon.* anywhere else does not resolve, and is refused as unknown.
Node* Rewrite(Node* node, const Column& column) {
  if (node == nullptr) return nullptr;
  check_stack_depth();
  switch (nodeTag(node)) {
    case T_FuncCall: {
      FuncCall* call = castNode(FuncCall, node);
      Rewrite(reinterpret_cast<Node*>(call->args), column);
      return IsOfAnonymizer(call) ? Translate(call, column) : node;
    }
    case T_TypeCast:
      castNode(TypeCast, node)->arg = Rewrite(castNode(TypeCast, node)->arg, column);
      return node;
    case T_A_Expr: {
      A_Expr* expression = castNode(A_Expr, node);
      expression->lexpr = Rewrite(expression->lexpr, column);
      expression->rexpr = Rewrite(expression->rexpr, column);
      return node;
    }
    case T_CollateClause:
      castNode(CollateClause, node)->arg = Rewrite(castNode(CollateClause, node)->arg, column);
      return node;
    case T_CaseExpr: {
      CaseExpr* choice = castNode(CaseExpr, node);
      choice->arg = reinterpret_cast<Expr*>(Rewrite(reinterpret_cast<Node*>(choice->arg), column));
      Rewrite(reinterpret_cast<Node*>(choice->args), column);
      choice->defresult =
          reinterpret_cast<Expr*>(Rewrite(reinterpret_cast<Node*>(choice->defresult), column));
      return node;
    }
    case T_CaseWhen: {
      CaseWhen* when = castNode(CaseWhen, node);
      when->expr = reinterpret_cast<Expr*>(Rewrite(reinterpret_cast<Node*>(when->expr), column));
      when->result =
          reinterpret_cast<Expr*>(Rewrite(reinterpret_cast<Node*>(when->result), column));
      return node;
    }
    case T_CoalesceExpr:
      Rewrite(reinterpret_cast<Node*>(castNode(CoalesceExpr, node)->args), column);
      return node;
    case T_List: {
      ListCell* lc;
      foreach (lc, castNode(List, node))
        lfirst(lc) = Rewrite(static_cast<Node*>(lfirst(lc)), column);
      return node;
    }
    default:
      return node;
  }
}

}  // namespace

Node* TranslateAnonymizer(Node* raw, const char* column, Oid type) {
  return Rewrite(raw, {column, type});
}

}  // namespace jit::mask
