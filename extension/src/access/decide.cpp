// jit_approve, jit_deny, jit_cancel, jit_revoke, jit_extend, jit.review: the gate before the
// functions that decide by session_user. Code that somebody else made run - an index expression
// under ANALYZE or autovacuum, a SECURITY DEFINER function, a view that an approver reads - does
// not speak for the session's user.

#include <initializer_list>

#include "access/own_call.h"
#include "access/request.h"
#include "pg/own_code.h"
#include "pg/server.h"
#include "tokens/session.h"

extern "C" {
#include "catalog/namespace.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "utils/lsyscache.h"
}

namespace jit::access {

namespace {

constexpr char kPrefix[] = "jit_";

// jit_revoke, which is for one's own access and for others', asks itself.
void RequireScopeOf(const char* name) {
  for (const char* one : {"jit_approve", "jit_deny", "review"})
    if (strcmp(name, one) == 0) tokens::RequireScope(tokens::kApprove);
  for (const char* one : {"jit_cancel", "jit_extend"})
    if (strcmp(name, one) == 0) tokens::RequireScope(tokens::kRequest);
}

// jit.decide_<name>, of the same arguments: found by name and types, called past its ACL, running
// as the extension's owner because it says SECURITY DEFINER.
Oid DecidingFunction(Oid outer, const char* name) {
  const char* bare = strncmp(name, kPrefix, strlen(kPrefix)) == 0 ? name + strlen(kPrefix) : name;
  Oid* types;
  int count;
  get_func_signature(outer, &types, &count);
  List* inner = list_make2(makeString(pstrdup("jit")), makeString(psprintf("decide_%s", bare)));
  return LookupFuncName(inner, count, types, false);
}

}  // namespace

}  // namespace jit::access

JIT_SQL_FUNCTION(jit_decide)
Datum jit_decide(PG_FUNCTION_ARGS) {
  using namespace jit::access;
  Oid outer = fcinfo->flinfo->fn_oid;
  const char* name = get_func_name(outer);
  if (name == nullptr) elog(ERROR, "cache lookup failed for function %u", outer);
  RequireOwnCall(name);
  RequireScopeOf(name);
  if (strcmp(name, "jit_approve") == 0) RequireOwnStatement(name, name);
  if (strcmp(name, "review") == 0) RequireOwnStatement(name, "jit.review");
  if (strcmp(name, "jit_extend") == 0) NoteAsking(name);
  FmgrInfo function;
  fmgr_info(DecidingFunction(outer, name), &function);
  LOCAL_FCINFO(call, FUNC_MAX_ARGS);
  InitFunctionCallInfoData(*call, &function, fcinfo->nargs, InvalidOid, nullptr, nullptr);
  for (int i = 0; i < fcinfo->nargs; i++) call->args[i] = fcinfo->args[i];
  Datum result = jit::pg::CallOwnCode(call);
  fcinfo->isnull = call->isnull;
  return result;
}
