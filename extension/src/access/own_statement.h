// Whether what the client has sent is a decision of its own: jit_approve and the like, called there
// by name, with nothing beside them that somebody else could have made.

#pragma once

#include "pg/server.h"

extern "C" {
#include "nodes/params.h"
}

namespace jit::access {

// Of the text that the client sent (one or more statements): whether it calls `function`, and all
// of it is such calls, over nothing but jit's own views and PostgreSQL's own functions. A view or a
// function of a requester's beside the call could decide on their own request unnoticed.
// `params`: what it runs with; may be null.
bool IsOwnDecision(const char* text, const char* function, ParamListInfo params);

}  // namespace jit::access
