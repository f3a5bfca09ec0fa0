// Whether a login with a token is the first thing that a session does.

#pragma once

namespace jit::tokens {

// Registers a hook. Once, from _PG_init.
void InitFirstStatement();

// A statement is analysed: called from the parse hook, whoever sent it.
void NoteAnalysed();

// Whether the statement that runs is the first of the session, sent by the client as it is, outside
// of a transaction block, and nothing but a call of jit.token_login().
bool IsFirstStatement();

}  // namespace jit::tokens
