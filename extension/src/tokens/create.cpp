// jit_token_create.

#include "access/own_call.h"
#include "tokens/rows.h"
#include "tokens/session.h"

extern "C" {
#include "funcapi.h"
#include "utils/tuplestore.h"
}

namespace jit::tokens {

namespace {

enum Argument { kName, kScopes, kLifetime };

Row* Store(FunctionCallInfo fcinfo, const Secret& secret) {
  static const Oid types[] = {TEXTOID, TEXTARRAYOID, INTERVALOID, BYTEAOID};
  const NullableDatum values[] = {fcinfo->args[kName],
                                  fcinfo->args[kScopes],
                                  fcinfo->args[kLifetime],
                                  {HashDatum(HashOf(secret.text)), false}};
  NullableDatum row = CallInner("store_token", lengthof(types), types, values);
  return Row::Make(row.value, row.isnull);
}

}  // namespace
}  // namespace jit::tokens

JIT_SQL_FUNCTION(jit_token_create)
// jit_token_create(name text, scopes text[], lifetime interval): (id, token, expires_at)
Datum jit_token_create(PG_FUNCTION_ARGS) {
  using namespace jit::tokens;
  constexpr const char* kFunction = "jit_token_create";
  if (Current() != nullptr)
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                    errmsg("a session that began with a token makes no tokens"),
                    errhint("Log in with a password to make one.")));
  jit::access::RequireOwnCall(kFunction);
  jit::access::RequireOwnStatement(kFunction, kFunction);
  InitMaterializedSRF(fcinfo, 0);
  ReturnSetInfo* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  Secret secret = NewSecret();
  Row* row = Store(fcinfo, secret);
  if (!row->Exists()) elog(ERROR, "jit.store_token returned NULL");
  Datum values[] = {row->Value("id"), CStringGetTextDatum(secret.text), row->Value("expires_at")};
  bool nulls[lengthof(values)] = {};
  tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
  explicit_bzero(secret.text, sizeof secret.text);
  return static_cast<Datum>(0);
}
