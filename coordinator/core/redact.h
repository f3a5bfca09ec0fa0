// Takes passwords out of text that goes into a log.
#pragma once

#include <string>
#include <string_view>

namespace jit::core {

// 'password=…' (quoted or not, any keyword ending in "password") and the password in
// 'scheme://user:…@host' become '***'. Nothing of ours logs one; libpq's or a server's message
// might repeat one.
std::string Redact(std::string_view text);

}  // namespace jit::core
