// What the functions that ask have in common: the options, and filing.

#pragma once

#include "access/grant_text.h"

namespace jit::access {

// What is asked for besides the access itself.
struct Options {
  NullableDatum duration;
  NullableDatum reason;
  NullableDatum ticket;
  NullableDatum starts_at;
  NullableDatum session_only;
  NullableDatum client_addr;
  NullableDatum break_glass;
  NullableDatum on_behalf_of;  // name; NULL: the session's user asks
};

// Those of jit_request and jit_request_for. Refuses arguments that nothing answers to yet.
Options OptionsOf(FunctionCallInfo fcinfo);

// An argument that must not be NULL, as a C string; `hint` says what to give.
const char* RequiredText(FunctionCallInfo fcinfo, int argument, const char* name, const char* hint);

// The least that a statement lacks for the caller to run it. List of Spec.
List* SpecsForStatement(const char* statement);

// The canonical text of all specs.
char* RenderSpecs(List* specs);

// Files the specs. Returns the request's id.
// `function`: by which. What opens access at once (break-glass, a policy without approvals) takes a
// statement of the session's user's own: 42501 where somebody's view or function asks.
Datum File(const char* function, const Options& options, List* specs, const char* asked,
           const char* statement);

// Before the function that files is called by another way: whether the user asks in person.
void NoteAsking(const char* function);

// A function of schema jit that nobody may call but the functions here: found by name and types,
// called past its ACL, and running as the extension's owner because it says SECURITY DEFINER.
Oid InnerFunction(const char* name, int count, const Oid* types);

}  // namespace jit::access
