// What jit_request and jit_request_for share: the options, and filing.

#pragma once

#include "access/grant_text.h"

namespace jit::access {

// Refuses what is asked for with arguments that nothing answers to yet.
void CheckOptions(FunctionCallInfo fcinfo);

// An argument that must not be NULL, as a C string; `hint` says what to give.
const char* RequiredText(FunctionCallInfo fcinfo, int argument, const char* name, const char* hint);

// Files the specs with the options of the SQL call (duration and what follows it), as the session's
// user. Returns the request's id.
Datum File(FunctionCallInfo fcinfo, List* specs, const char* asked, const char* statement);

}  // namespace jit::access
