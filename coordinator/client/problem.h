// A server's refusal as the command line tells it: what the database refused reads as if there
// were no server in between.
#pragma once

#include <string_view>

namespace jit::client {

// Of an answer that is no success. Throws pg::Error where it carries a SQLSTATE, else Error.
[[noreturn]] void Refuse(long status, std::string_view content_type, std::string_view body);

}  // namespace jit::client
