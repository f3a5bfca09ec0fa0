#include "enforce/refusal.h"

#include "enforce/needs.h"
#include "pg/installed.h"
#include "tokens/session.h"

extern "C" {
#include "catalog/namespace.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/lsyscache.h"
}

namespace jit::enforce {

namespace {

// jit_request as the caller has to write it: qualified where their search_path does not show it.
const char* RequestFunction() {
  const pg::Installed* here = pg::GetInstalled();
  char* schema = here != nullptr ? get_namespace_name(here->functions) : nullptr;
  if (schema == nullptr) return "jit_request";
  List* name = list_make2(makeString(schema), makeString(pstrdup("jit_request")));
  Oid function = LookupFuncName(name, -1, nullptr, true);
  if (!OidIsValid(function) || FunctionIsVisible(function)) return "jit_request";
  return quote_qualified_identifier(schema, "jit_request");
}

}  // namespace

char* RequestHint(List* lacking) {
  const char* function = RequestFunction();
  StringInfoData out;
  initStringInfo(&out);
  ListCell* lc;
  foreach (lc, RenderNeedSpecs(lacking))
    appendStringInfo(&out, "%s %s(%s, '30 minutes', '<why>')",
                     out.len > 0 ? "," : "Ask for it: SELECT", function,
                     quote_literal_cstr(static_cast<char*>(lfirst(lc))));
  if (out.len == 0) return nullptr;
  appendStringInfoChar(&out, ';');
  return out.data;
}

void RethrowWithHint(List* lacking, MemoryContext context) {
  if (geterrcode() != ERRCODE_INSUFFICIENT_PRIVILEGE) PG_RE_THROW();
  MemoryContextSwitchTo(context);
  ErrorData* error = CopyErrorData();
  FlushErrorState();
  char* hint = RequestHint(lacking);
  // Whatever they hold: a token without that scope uses no grant. What nobody can ask for, it is
  // not about.
  if (hint != nullptr) tokens::RequireScope(tokens::kQuery);
  if (error->hint == nullptr) error->hint = hint;
  ReThrowError(error);
  pg_unreachable();
}

}  // namespace jit::enforce
