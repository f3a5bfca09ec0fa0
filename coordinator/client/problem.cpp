#include "client/problem.h"

#include <fmt/format.h>

#include "client/error.h"
#include "core/json_text.h"
#include "core/table.h"

namespace jit::client {
namespace {

using core::ExitCode;

std::string Text(const core::Json& body, const char* name) {
  const auto found = body.find(name);
  return found != body.end() && found->is_string() ? found->get<std::string>() : "";
}

ExitCode CodeOf(long status, std::string_view slug) {
  if (slug == "unknown-target") return ExitCode::kUsage;
  switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
    case 431:
      return ExitCode::kUsage;
    case 401:
    case 403:
      return ExitCode::kNotAllowed;
    case 404:
      return ExitCode::kNotFound;
    case 409:
      return ExitCode::kWrongState;
    case 502:
    case 503:
      return ExitCode::kUnreachable;
    case 504:
      return ExitCode::kTimedOut;
    default:
      return ExitCode::kFailed;
  }
}

std::string HintOf(std::string_view slug) {
  if (slug == "not-authenticated")
    return "Is the token in JIT_TOKEN or --token-file revoked, over, or of another target (-d)?";
  if (slug == "scope") return "`jit-coordinator token list` shows what each of your tokens may do.";
  if (slug == "unknown-target") return "`jit-coordinator targets` lists those of the server.";
  return "";
}

}  // namespace

void Refuse(long status, std::string_view content_type, std::string_view body) {
  static constexpr std::string_view kType = "urn:jit-access:problem:";
  core::Json problem;
  if (content_type.starts_with("application/problem+json")) problem = core::ParseJson(body);
  if (!problem.is_object() || !Text(problem, "type").starts_with(kType)) {
    throw Error(status == 502 || status == 503 || status == 504 ? ExitCode::kUnreachable
                                                                : ExitCode::kFailed,
                fmt::format("the answer of the server is not jit-coordinator's (HTTP {})", status),
                "Is --server, or JIT_SERVER, the address of its API, without /api/v1?");
  }
  pg::ErrorFields fields;
  fields.sqlstate = Text(problem, "sqlstate");
  fields.message = Text(problem, fields.sqlstate.empty() ? "detail" : "message");
  fields.detail = Text(problem, "database_detail");
  fields.hint = Text(problem, "hint");
  if (fields.message.empty()) fields.message = Text(problem, "title");
  if (!fields.sqlstate.empty()) throw pg::Error(pg::Error::Kind::kStatement, std::move(fields));
  const std::string slug = Text(problem, "type").substr(kType.size());
  throw Error(CodeOf(status, slug), std::move(fields.message), HintOf(slug));
}

}  // namespace jit::client
