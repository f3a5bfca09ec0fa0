// Error texts: what a statement saw only masks of must not show the value in its error.

#pragma once

#include "pg/server.h"

extern "C" {
#include "executor/execdesc.h"
}

namespace jit::mask {

// This transaction writes to a table with columns that are masked for the user.
void NoteWrite();

// Takes the log hook, for errors at COMMIT. Once, from _PG_init.
void InitErrors();

// Runs `body(arg)`, a part of the statement's execution; errors leave without masked values.
void RunGuarded(const QueryDesc* desc, void (*body)(void* arg), void* arg);

// The same for a utility statement that runs others, or their deferred constraints.
void RunUtilityGuarded(void (*body)(void* arg), void* arg);

}  // namespace jit::mask
