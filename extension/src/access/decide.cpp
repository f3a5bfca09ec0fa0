// jit_approve, jit_deny, jit_cancel, jit_revoke, jit_extend, jit.review: the gate before the
// functions that decide by session_user. Code that somebody else made run - an index expression
// under ANALYZE or autovacuum, a SECURITY DEFINER function, a view that an approver reads - does
// not speak for the session's user.

#include <cctype>

#include "pg/installed.h"

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

bool IsPartOfName(char c) { return isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '$'; }

// Whether the statement that the client sent names the function.
bool ClientNames(const char* function) {
  if (debug_query_string == nullptr) return false;
  size_t length = strlen(function);
  for (const char* at = debug_query_string; *at != '\0'; at++) {
    if (pg_strncasecmp(at, function, length) != 0 || IsPartOfName(at[length])) continue;
    if (at == debug_query_string || !IsPartOfName(at[-1])) return true;
  }
  return false;
}

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
  if (grants_access && !ClientNames(name))
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("%s was called by a view, function or prepared statement", name),
                    errhint("Call it directly, in a statement of your own that names it.")));
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
  Datum result = FunctionCallInvoke(call);
  fcinfo->isnull = call->isnull;
  return result;
}
