// jit_approve, jit_deny, jit_cancel, jit_revoke, jit_extend, jit.review: the gate before the
// functions that decide by session_user. Code that somebody else made run - an index expression
// under ANALYZE or autovacuum, a SECURITY DEFINER function, a view that an approver reads - does
// not speak for the session's user.

#include "access/own_statement.h"
#include "pg/installed.h"
#include "pg/own_code.h"

extern "C" {
#include "catalog/namespace.h"
#include "nodes/value.h"
#include "parser/parse_func.h"
#include "tcop/tcopprot.h"
#include "utils/lsyscache.h"
}

namespace jit::access {

namespace {

constexpr char kPrefix[] = "jit_";

void RequireOwnCall(const char* name) {
  bool own =
      MyBackendType == B_BACKEND && pg::RunsAsChosenUser() && GetUserId() == GetSessionUserId();
  if (!own)
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("%s cannot be called on somebody else's behalf", name),
                    errhint("Call it in your own session, after RESET ROLE, outside of SECURITY "
                            "DEFINER functions, index expressions and the like.")));
  // A view or a function of the requester's must not approve for whoever looks at it.
  bool grants_access = strcmp(name, "jit_approve") == 0 || strcmp(name, "review") == 0;
  if (!grants_access) return;
  if (debug_query_string == nullptr || !IsOwnDecision(debug_query_string, name))
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("%s must be called by a statement of its own", name),
                    errdetail("A view, function or table of somebody else's in the same statement "
                              "could decide as well."),
                    errhint("Send it alone: SELECT %s(...); it may read the views of schema jit.",
                            strcmp(name, "review") == 0 ? "jit.review" : name)));
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
  FmgrInfo function;
  fmgr_info(DecidingFunction(outer, name), &function);
  LOCAL_FCINFO(call, FUNC_MAX_ARGS);
  InitFunctionCallInfoData(*call, &function, fcinfo->nargs, InvalidOid, nullptr, nullptr);
  for (int i = 0; i < fcinfo->nargs; i++) call->args[i] = fcinfo->args[i];
  Datum result = jit::pg::CallOwnCode(call);
  fcinfo->isnull = call->isnull;
  return result;
}
