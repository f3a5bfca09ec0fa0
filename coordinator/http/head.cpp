#include "http/head.h"

#include <fmt/format.h>

namespace jit::http {

void AppendField(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  out += "\r\n";
}

std::string HeadOf(const Response& response, const Framing& framing, bool whole,
                   std::string_view trailers) {
  std::string out = fmt::format("HTTP/1.1 {} {}\r\n", response.status, ReasonOf(response.status));
  if (!response.content_type.empty()) AppendField(out, "Content-Type", response.content_type);
  if (whole) {
    if (!NoBody(response.status))
      AppendField(out, "Content-Length", fmt::to_string(response.body.size()));
  } else if (framing.chunked) {
    AppendField(out, "Transfer-Encoding", "chunked");
    if (!trailers.empty()) AppendField(out, "Trailer", trailers);
  }
  for (const auto& [name, value] : response.headers.all()) AppendField(out, name, value);
  if (!framing.keep_alive) AppendField(out, "Connection", "close");
  out += "\r\n";
  return out;
}

bool NoBody(int status) { return status == 204 || status == 304; }

}  // namespace jit::http
