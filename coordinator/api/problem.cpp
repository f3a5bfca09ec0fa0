#include "api/problem.h"

#include <fmt/format.h>

#include <array>
#include <charconv>

namespace jit::api {
namespace {

struct Rule {
  std::string_view prefix;
  int status;
  std::string_view slug;
  std::string_view title;
};

// The first that fits, so the longer stand before the shorter.
constexpr std::array kRules{
    Rule{"28", 401, "not-authenticated", "Not authenticated"},
    Rule{"42501", 403, "forbidden", "Not allowed"},
    Rule{"42704", 404, "not-found", "Not found"},
    Rule{"3D000", 503, "target-unavailable", "Target not available"},
    Rule{"0A", 422, "not-supported", "Not supported"},
    Rule{"54", 422, "not-supported", "Not supported"},
    Rule{"0LP01", 422, "invalid-value", "Invalid value"},
    Rule{"22", 422, "invalid-value", "Invalid value"},
    Rule{"P0001", 422, "raised", "Refused by the database"},
    Rule{"42", 400, "invalid-sql", "Invalid SQL"},
    Rule{"3F000", 400, "invalid-sql", "Invalid SQL"},
    Rule{"55", 409, "wrong-state", "Not in this state"},
    Rule{"25", 409, "wrong-transaction-state", "Not in this state of the transaction"},
    Rule{"40", 409, "serialization-failure", "Changed meanwhile"},
    Rule{"23", 409, "constraint-violated", "Constraint violated"},
    Rule{"57014", 409, "cancelled", "Cancelled"},
    Rule{"53300", 503, "target-unavailable", "Target not available"},
    Rule{"53400", 429, "limit-reached", "Limit reached"},
    Rule{"08P01", 400, "invalid-sql", "Invalid SQL"},  // more or fewer parameters than it has
    Rule{"08", 503, "target-unavailable", "Target not available"},
    Rule{"57P", 503, "target-unavailable", "Target not available"},
};

constexpr Rule kOther{"", 500, "database-error", "Error of the database"};

const Rule& RuleOf(std::string_view sqlstate) {
  for (const Rule& rule : kRules) {
    if (sqlstate.starts_with(rule.prefix)) return rule;
  }
  return kOther;
}

bool IsStatementTimeout(const pg::ErrorFields& fields) {
  return fields.sqlstate == "57014" && fields.message.find("timeout") != std::string::npos;
}

}  // namespace

int StatusOf(std::string_view sqlstate) { return RuleOf(sqlstate).status; }

Problem FromDatabase(const pg::ErrorFields& fields) {
  const Rule& rule = RuleOf(fields.sqlstate);
  Problem problem{rule.status, std::string(rule.slug), std::string(rule.title), fields.message};
  if (IsStatementTimeout(fields)) {
    problem.status = 504;
    problem.slug = "timed-out";
    problem.title = "Took too long";
  }
  const auto add = [&](const char* name, const std::string& value) {
    if (!value.empty()) problem.more[name] = value;
  };
  add("sqlstate", fields.sqlstate);
  add("message", fields.message);
  add("database_detail", fields.detail);
  add("hint", fields.hint);
  int position = 0;
  const char* last = fields.position.data() + fields.position.size();
  if (std::from_chars(fields.position.data(), last, position).ec == std::errc{})
    problem.more["position"] = position;
  return problem;
}

Problem FromDatabase(const pg::Error& error) {
  Problem problem = FromDatabase(error.fields());
  if (error.kind() == pg::Error::Kind::kTimeout) {
    problem.status = 504;
    problem.slug = "timed-out";
    problem.title = "Took too long";
  } else if (error.connection_lost() && problem.status == 500) {
    problem.status = 503;
    problem.slug = "target-unavailable";
    problem.title = "Target not available";
  }
  if (problem.status == 503) problem.headers.Add("Retry-After", "5");
  return problem;
}

Json Body(const Problem& problem) {
  Json body = {{"type", "urn:jit-access:problem:" + problem.slug},
               {"title", problem.title},
               {"status", problem.status},
               {"detail", problem.detail}};
  body.update(problem.more);
  return body;
}

http::Response ToResponse(const Problem& problem) {
  http::Response response{problem.status, "application/problem+json", problem.headers,
                          Body(problem).dump(-1, ' ', false, Json::error_handler_t::replace)};
  if (problem.status == 401)
    response.headers.Add("WWW-Authenticate", "Bearer realm=\"jit-coordinator\"");
  return response;
}

Problem NotAuthenticated(std::string detail) {
  return {401, "not-authenticated", "Not authenticated", std::move(detail)};
}
Problem SessionEnded(std::string detail) {
  return {401, "session-ended", "Session ended", std::move(detail)};
}
Problem Csrf(std::string detail) {
  return {403, "csrf", "Not sent by a page of ours", std::move(detail)};
}
Problem MissingScope(std::string_view token, std::string_view scope) {
  return {403, "scope", "Token without this scope",
          fmt::format("token \"{}\" lacks the scope \"{}\"", token, scope), Json{{"scope", scope}}};
}
Problem Unreached(const pg::Error& error) {
  static constexpr std::string_view kServersOwn = "FATAL:  ";
  pg::ErrorFields fields = error.fields();
  const std::size_t own = fields.message.find(kServersOwn);
  fields.message = fields.sqlstate.empty() || own == std::string::npos
                       ? "the database cannot be reached; the daemon's log says why"
                       : fields.message.substr(own + kServersOwn.size());
  fields.detail.clear();
  fields.hint.clear();
  return FromDatabase(pg::Error(error.kind(), std::move(fields)));
}
Problem UnknownHost() {
  return {421, "unknown-host", "Not a name of this server",
          "over plain HTTP the daemon answers to addresses, localhost, the machine's name and the "
          "host of public_url in its configuration"};
}
Problem NotFound(std::string detail) { return {404, "not-found", "Not found", std::move(detail)}; }
Problem UnknownTarget(std::string detail) {
  return {404, "unknown-target", "Unknown target", std::move(detail)};
}
Problem InvalidField(std::string_view field, std::string detail) {
  return {422, "invalid-field", "Invalid field", std::move(detail), Json{{"field", field}}};
}
Problem BadJson(std::string detail) {
  return {400, "bad-json", "Not the JSON that is wanted", std::move(detail)};
}
Problem NotAcceptable(std::string detail) {
  return {406, "not-acceptable", "Not in this form", std::move(detail)};
}
Problem UnsupportedMediaType() {
  return {415, "unsupported-media-type", "Not application/json",
          "the body must be application/json, in UTF-8"};
}
Problem TooManyAttempts(int seconds) {
  Problem problem{429, "too-many-attempts", "Too many attempts",
                  fmt::format("too many attempts to log in; try again in {} s", seconds)};
  problem.headers.Add("Retry-After", fmt::to_string(seconds));
  return problem;
}
Problem TooManySessions(std::string detail) {
  return {429, "too-many-sessions", "Too many sessions", std::move(detail)};
}
Problem SessionBusy(std::string detail) { return {409, "session-busy", "Busy", std::move(detail)}; }
Problem TargetUnavailable(std::string detail) {
  Problem problem{503, "target-unavailable", "Target not available", std::move(detail)};
  problem.headers.Add("Retry-After", "5");
  return problem;
}
Problem Internal() {
  return {500, "internal", "Error of the server's own",
          "something went wrong that should not; the server's log has it"};
}
Problem Unread(int status, std::string_view why) {
  std::string_view slug = "bad-request";
  if (status == 413) slug = "body-too-large";
  if (status == 431) slug = "header-too-large";
  if (status == 503) slug = "busy";
  if (status == 500) slug = "internal";
  return {status, std::string(slug), std::string(http::ReasonOf(status)), std::string(why)};
}

}  // namespace jit::api
