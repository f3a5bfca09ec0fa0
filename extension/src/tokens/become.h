// Becoming the owner of a token: the session is theirs, in all that the server knows of it.

#pragma once

#include "pg/server.h"

namespace jit::tokens {

// Sees to it that nobody comes back from the owner to the gateway. Once, from _PG_init.
void InitBecome();

// What of this session would be carried over to the owner and must not be; null: nothing.
const char* WhatWouldStay();

// Why the role may not log in to this database; null: it may. By OID and name.
const char* WhyNoLogin(Oid role, const char* name);

// Makes the role the session's user, for good: rolling back does not undo it (and ends the session,
// see BeginSession). The authenticated user stays the gateway.
void Become(Oid role, const char* name);

}  // namespace jit::tokens
