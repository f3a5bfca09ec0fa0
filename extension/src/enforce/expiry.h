// Hard expiry and revocation: an elevated statement runs only while its grants last.

#pragma once

#include "enforce/elevation.h"

namespace jit::enforce {

// Registers the transaction callbacks. Once, from _PG_init.
void InitExpiry();

// Runs `body(arg)`, a part of the statement's execution, under watch: refused when its grants no
// longer cover it, aborted (57014) at the instant they cease to.
void RunWatched(Elevated* statement, void (*body)(void* arg), void* arg);

// For a statement that uses no grant itself: refuses to hand out more of what statements inside it
// have read by grants that have ended.
void RequireRowsCovered(const QueryDesc* desc);

// Whether the error being thrown was raised because access had ended.
bool WasEndedByGrant();

// Sets the timer to the earliest end of what runs; see grants::EnterRunning.
void WatchRunning();

}  // namespace jit::enforce
