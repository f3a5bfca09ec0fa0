// The token by which this session runs, if it does: its scopes, and its end.

#pragma once

#include "pg/server.h"

namespace jit::tokens {

enum Scope : uint32 {
  kRequest = 1 << 0,  // asking for access, and handing it back
  kApprove = 1 << 1,  // deciding on others'
  kRead = 1 << 2,     // reading, where a server in front asks for it
  kQuery = 1 << 3,    // using grants
};

struct ScopeName {
  Scope scope;
  const char* name;
};

inline constexpr ScopeName kScopeNames[] = {
    {kRequest, "request"}, {kApprove, "approve"}, {kRead, "read"}, {kQuery, "query"}};

struct Token {
  int64 id;
  char name[512];  // of at most 100 characters
  uint32 scopes;
  TimestampTz expires_at;
  Oid owner;
  NameData owner_name;
  NameData gateway;  // the login that brought it
};

// Registers callbacks. Once, from _PG_init.
void InitSession();

// The token; null where the session runs by none.
const Token* Current();

// Whether the session may do what the scope stands for: every session without a token may.
bool HasScope(Scope scope);
// 42501 where it may not.
void RequireScope(Scope scope);

// The session is the token's from here on, as soon as the transaction commits; until then nothing
// more may run, and if it does not commit, or not within seconds, the session ends.
void BeginSession(const Token& token);

// Ends the session where its token has ended, or its owner may no longer log in. Called before
// anything runs; cheap, and cheaper where there is no token.
void RequireLive();

// 42501 for statements that would reach beyond the session: whoever has a token must not become who
// knows the password, or lie in wait for the owner's other sessions.
void RefuseRoleChange(const Node* utility);

// {"token": 12}: what each record of such a session says; null where there is no token.
const char* AuditDetail();

// The same put first into `detail`, a JSON object or null. In the current context.
const char* WithAuditDetail(const char* detail);

}  // namespace jit::tokens
