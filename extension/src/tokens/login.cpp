// jit.token_login and jit.session_token: the session that a token opens.

#include "audit/who.h"
#include "pg/installed.h"
#include "tokens/become.h"
#include "tokens/first_statement.h"
#include "tokens/rows.h"
#include "tokens/session.h"
#include "tokens/shared.h"

extern "C" {
#include "access/xlog.h"
#include "funcapi.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/tuplestore.h"
}

namespace jit::tokens {

namespace {

bool tried = false;

void Refuse(const char* why, const char* hint) {
  ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("%s", why), errhint("%s", hint)));
}

// To the client one answer, whatever is wrong with the token; the reason to the server's log. An
// ERROR, whose SQLSTATE reaches every client: the connection is good for nothing more (see
// `tried`).
void Fail(int64 id, const char* why) {
  Publish(0);
  ereport(ERROR, (errcode(ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION),
                  errmsg("token authentication failed"),
                  id == 0 ? errdetail_log("The token of login \"%s\" is no good: %s.",
                                          GetUserNameFromId(GetSessionUserId(), true), why)
                          : errdetail_log("Token " INT64_FORMAT " of login \"%s\" is no good: %s.",
                                          id, GetUserNameFromId(GetSessionUserId(), true), why)));
}

void RequireGateway() {
  Oid me = GetSessionUserId();
  Oid gateway = get_role_oid("jit_gateway", true);
  if (MyBackendType != B_BACKEND || !pg::RunsAsChosenUser() || GetUserId() != me ||
      GetAuthenticatedUserId() != me || !OidIsValid(gateway) || superuser_arg(me) ||
      !is_member_of_role_nosuper(me, gateway))
    Refuse("permission denied to log in with a token",
           "The login of a server that takes tokens does: a member of jit_gateway, and no "
           "superuser.");
  if (RecoveryInProgress())
    ereport(ERROR, (errcode(ERRCODE_READ_ONLY_SQL_TRANSACTION),
                    errmsg("tokens are of no use on a replica"),
                    errhint("Connect to the primary: a token that is revoked there would still be "
                            "good here.")));
  if (tried || !IsFirstStatement())
    ereport(ERROR,
            (errcode(ERRCODE_ACTIVE_SQL_TRANSACTION),
             errmsg("jit.token_login() must be the first statement of a session"),
             errhint("Connect anew and send nothing before: SELECT * FROM jit.token_login()")));
  if (const char* what = WhatWouldStay())
    ereport(ERROR,
            (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
             errmsg("the session cannot be handed to the owner of a token: %s", what),
             errhint("ALTER ROLE ... RESET ALL on the login, and connect with options that any "
                     "user may set.")));
}

Row* Find(const SecretHash& hash) {
  static const Oid types[] = {BYTEAOID};
  const NullableDatum values[] = {{HashDatum(hash), false}};
  NullableDatum row = CallInner("find_token", 1, types, values);
  return Row::Make(row.value, row.isnull);
}

// Notes the use; false where the token is no good by now. Keeps its row locked until the
// transaction ends.
bool Use(int64 id) {
  static const Oid types[] = {INT8OID};
  const NullableDatum values[] = {{Int64GetDatum(id), false}};
  NullableDatum done = CallInner("use_token", 1, types, values);
  return !done.isnull && DatumGetBool(done.value);
}

Token TokenOf(const Row& row) {
  Token token = {};
  token.id = DatumGetInt64(row.Value("id"));
  strlcpy(token.name, TextDatumGetCString(row.Value("name")), sizeof token.name);
  token.scopes = ScopesOf(row.Value("scopes"));
  token.expires_at = DatumGetTimestampTz(row.Value("expires_at"));
  token.owner = DatumGetObjectId(row.Value("owner_oid"));
  token.owner_name = *DatumGetName(row.Value("owner"));
  strlcpy(NameStr(token.gateway), GetUserNameFromId(GetSessionUserId(), false), NAMEDATALEN);
  return token;
}

Datum ScopesDatum(uint32 scopes) {
  Datum names[lengthof(kScopeNames)];
  int count = 0;
  for (const ScopeName& known : kScopeNames)
    if (scopes & known.scope) names[count++] = CStringGetTextDatum(known.name);
  return PointerGetDatum(construct_array(names, count, TEXTOID, -1, false, TYPALIGN_INT));
}

Token LogIn() {
  SecretHash hash;
  tried = true;
  if (!TakeSecret(&hash)) Fail(0, "the connection brought none");
  Row* row = Find(hash);
  if (!row->Exists()) Fail(0, "there is no such token in this database");
  Token token = TokenOf(*row);
  // First listed, then used: a revocation that the use does not see finds the session listed.
  Publish(token.id);
  if (!Use(token.id)) Fail(token.id, "it has ended or was revoked");
  if (const char* why = WhyNoLogin(token.owner, NameStr(token.owner_name))) Fail(token.id, why);
  // First: whatever goes wrong from here on ends the session.
  BeginSession(token);
  Become(token.owner, NameStr(token.owner_name));
  audit::IsSessionAudited();  // known from here on where no catalog can be asked
  ereport(LOG_SERVER_ONLY,
          (errmsg("jit_access: token " INT64_FORMAT " \"%s\" of \"%s\" used by \"%s\"", token.id,
                  token.name, NameStr(token.owner_name), NameStr(token.gateway)),
           errhidestmt(true)));
  return token;
}

}  // namespace
}  // namespace jit::tokens

JIT_SQL_FUNCTION(jit_token_login)
// jit.token_login(): (id bigint, name text, owner name, scopes text[], expires_at timestamptz)
Datum jit_token_login(PG_FUNCTION_ARGS) {
  using namespace jit::tokens;
  RequireGateway();
  InitMaterializedSRF(fcinfo, 0);
  ReturnSetInfo* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  Token token = LogIn();
  Datum values[] = {Int64GetDatum(token.id), CStringGetTextDatum(token.name),
                    NameGetDatum(&token.owner_name), ScopesDatum(token.scopes),
                    TimestampTzGetDatum(token.expires_at)};
  bool nulls[lengthof(values)] = {};
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  return static_cast<Datum>(0);
}

JIT_SQL_FUNCTION(jit_session_token)
// jit.session_token(): (id bigint, name text, scopes text[], expires_at timestamptz), or no row
Datum jit_session_token(PG_FUNCTION_ARGS) {
  using namespace jit::tokens;
  InitMaterializedSRF(fcinfo, 0);
  ReturnSetInfo* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  const Token* token = Current();
  if (token == nullptr) return static_cast<Datum>(0);
  Datum values[] = {Int64GetDatum(token->id), CStringGetTextDatum(token->name),
                    ScopesDatum(token->scopes), TimestampTzGetDatum(token->expires_at)};
  bool nulls[lengthof(values)] = {};
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  return static_cast<Datum>(0);
}
