// jit_request_as.

#include "access/delegate.h"

#include "access/names.h"
#include "access/own_call.h"
#include "access/request.h"

extern "C" {
#include "utils/acl.h"
}

namespace jit::access {

namespace {

enum Argument { kRequester, kAccess, kDuration, kReason, kTicket, kStartsAt, kClientAddr };

// Membership that somebody gave; a superuser is not a member of every role here.
bool IsGranted(Oid role, const char* group) {
  Oid group_oid = get_role_oid(group, true);
  return OidIsValid(group_oid) && is_member_of_role_nosuper(role, group_oid);
}

void RefuseRequester(const char* requester, const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                  errmsg("role \"%s\" may not request access", requester), errhint("%s", hint)));
}

}  // namespace

Oid RequireDelegate(const char* requester) {
  Oid me = GetSessionUserId();
  if (!IsGranted(me, "jit_delegate"))
    ereport(ERROR,
            (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
             errmsg("role \"%s\" may not request access for others", GetUserNameFromId(me, false)),
             errhint("A DBA makes it a delegate: GRANT jit_delegate TO %s;",
                     QuoteName(GetUserNameFromId(me, false)))));
  Oid role = get_role_oid(requester, true);
  if (!OidIsValid(role))
    ereport(ERROR,
            (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("role \"%s\" does not exist", requester),
             errhint("Give the login of whoever is to have the access.")));
  if (!IsGranted(role, "jit_requester"))
    RefuseRequester(requester, psprintf("A DBA makes it a requester: GRANT jit_requester TO %s;",
                                        QuoteName(requester)));
  if (IsGranted(role, "jit_delegate"))
    RefuseRequester(requester, "It is a delegate, which asks for others and never for itself.");
  // Names would be looked up with rights that nothing limits.
  if (superuser_arg(role)) RefuseRequester(requester, "It is a superuser, who needs no grant.");
  return role;
}

Spec* ReadSpecFor(Oid requester, const char* access) {
  Oid caller;
  int context;
  GetUserIdAndSecContext(&caller, &context);
  Spec* spec = nullptr;
  PG_TRY();
  {
    // Names are looked up, nothing runs.
    SetUserIdAndSecContext(requester,
                           context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    spec = ReadSpec(access, true);
  }
  PG_FINALLY();
  { SetUserIdAndSecContext(caller, context); }
  PG_END_TRY();
  return spec;
}

}  // namespace jit::access

JIT_SQL_FUNCTION(jit_request_as)
// jit_request_as(requester name, access text, duration interval, reason text, ticket text,
//                starts_at timestamptz, client_addr inet)
Datum jit_request_as(PG_FUNCTION_ARGS) {
  using namespace jit::access;
  RequireOwnCall("jit_request_as");
  if (PG_ARGISNULL(kRequester))
    ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("requester must not be NULL"),
                    errhint("Give the login of whoever is to have the access.")));
  Oid requester = RequireDelegate(NameStr(*PG_GETARG_NAME(kRequester)));
  const char* access = RequiredText(fcinfo, kAccess, "access",
                                    "Say what for, as in: SELECT, UPDATE (status) ON sales.orders");
  Options options = {fcinfo->args[kDuration],      fcinfo->args[kReason],
                     fcinfo->args[kTicket],        fcinfo->args[kStartsAt],
                     {BoolGetDatum(false), false}, fcinfo->args[kClientAddr],
                     {BoolGetDatum(false), false}, fcinfo->args[kRequester]};
  return File("jit_request_as", options, list_make1(ReadSpecFor(requester, access)), access,
              nullptr);
}
