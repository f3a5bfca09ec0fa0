// What must not enter the audit log, found in the text of statements. Plain C++: no server headers.

#pragma once

#include <string>
#include <string_view>

namespace jit::audit {

// Whether BlankSecrets would have a close look. Cheap, and true for many texts without a secret.
bool MayHoldSecrets(std::string_view text);

// The text with passwords of CREATE/ALTER ROLE, and all string constants of user mappings, servers
// and subscriptions, replaced by '<blanked>'; also where such a statement stands inside a string
// or a body of code. `backslashes`: whether plain strings have backslash escapes
// (standard_conforming_strings = off). May throw std::bad_alloc.
std::string BlankSecrets(std::string_view text, bool backslashes);

// Whether a value, by itself, is a statement or connection string with a password.
bool IsSecret(std::string_view value);

// The text with every constant replaced by '?': for policies that keep values out of the log.
std::string BlankConstants(std::string_view text, bool backslashes);

}  // namespace jit::audit
