// The head of an answer as it goes out.
#pragma once

#include <string>
#include <string_view>

#include "http/message.h"

namespace jit::http {

struct Framing {
  bool keep_alive = false;
  bool chunked = false;
  bool head_only = false;  // the answer to HEAD
};

// `whole`: with the length of its body; else what follows comes in chunks, where `framing` has it
// so, and may end in the fields that `trailers` names.
std::string HeadOf(const Response& response, const Framing& framing, bool whole,
                   std::string_view trailers);

// One field as a line. No value that is sent ends its line.
void AppendField(std::string& out, std::string_view name, std::string_view value);

// Whether an answer of that status never has a body.
bool NoBody(int status);

}  // namespace jit::http
