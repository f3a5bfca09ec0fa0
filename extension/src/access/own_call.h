// Whether a call is the session's user's own.

#pragma once

namespace jit::access {

// Whether the session's user is who is acting.
bool IsOwnCall();

// Whether the client's statement calls the function itself, and nothing else that could.
bool IsOwnStatement(const char* function);

// 42501 unless the session's user is who is acting: neither after SET ROLE, nor in code that
// somebody else made run with other rights (SECURITY DEFINER functions, index expressions,
// autovacuum).
void RequireOwnCall(const char* function);

// 42501 unless the client's statement calls the function itself, and nothing else that could: a
// view or a function of somebody else's must not do it for whoever looks at it. `shown` is the name
// to be written.
void RequireOwnStatement(const char* function, const char* shown);

}  // namespace jit::access
