// What happens to labelled columns: renamed, retyped, dropped, detached from a parent.

#pragma once

#include "pg/server.h"

namespace jit::mask {

// Takes the object-access hook. Once, from _PG_init.
void InitLabelChanges();

// After each utility statement: labels whose text no longer says what they mean are written anew,
// and what left a parent takes the parent's labels along. Cheap when nothing has happened.
void AfterUtility();

}  // namespace jit::mask
