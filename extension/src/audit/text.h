// The text of a statement as the log keeps it: its own part of the source, without secrets, no
// longer than the settings allow.

#pragma once

#include "pg/server.h"

extern "C" {
#include "nodes/params.h"
}

namespace jit::audit {

struct StatementText {
  const char* text;
  int64 length;         // in bytes, of the whole
  const uint8* sha256;  // of the whole, where it was cut; else null
  bool blanked;         // something was left out: errors may name it
};

// The part of `source` that begins at `location` (-1: all of it) and has `length` bytes (0: to the
// end). `blank_values`: without any constant. In the current context.
StatementText TextOf(const char* source, int location, int length, bool blank_values);

// The values of a statement's parameters, as texts; null for SQL's NULL. Runs output functions.
List* ParametersOf(ParamListInfo params, bool blank_values);

// At most `longest` bytes of a text, whole characters. In the current context, or the text itself.
const char* Cut(const char* text, int longest);

}  // namespace jit::audit
