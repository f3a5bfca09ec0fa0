// Begin and end of a statement that are written in one go become one row: nobody waits for the
// begin alone.

#pragma once

#include "audit/record.h"

namespace jit::audit {

// Calls fn for each of the records that Peek has copied, in order. With `join`, one that begins a
// statement whose end is among them speaks for both. Allocates in the current context.
using RecordWriter = void (*)(void* arg, const Record& record);
void VisitJoined(const StringInfoData& copied, bool join, RecordWriter fn, void* arg);

}  // namespace jit::audit
