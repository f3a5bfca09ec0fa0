#include "enforce/refusal.h"

#include "enforce/needs.h"

namespace jit::enforce {

char* RequestHint(List* lacking) {
  StringInfoData out;
  initStringInfo(&out);
  ListCell* lc;
  foreach (lc, RenderNeedSpecs(lacking))
    appendStringInfo(&out, "%s jit_request(%s, '30 minutes', '<why>')",
                     out.len > 0 ? "," : "Ask for it: SELECT",
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
  if (error->hint == nullptr) error->hint = RequestHint(lacking);
  ReThrowError(error);
  pg_unreachable();
}

}  // namespace jit::enforce
