// Whether to use colour, as users and terminals ask for it.
#pragma once

namespace jit::core {

using Getenv = const char* (*)(const char*);

// NO_COLOR (not empty) forbids it, CLICOLOR_FORCE (not empty, not 0) demands it; otherwise only on
// a terminal, and not where CLICOLOR=0 or TERM=dumb.
bool UseColour(Getenv getenv, bool terminal);

}  // namespace jit::core
