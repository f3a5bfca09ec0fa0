#include "api/cure.h"

#include "api/preview.h"

namespace jit::api {
namespace {

using core::Json;

// Names as the user's role would find them.
Task<std::optional<Json>> Preview(pg::Connection& connection, std::optional<std::string> access,
                                  std::optional<std::string> statement) {
  std::optional<Json> found;
  std::optional<pg::Error> failure;
  co_await connection.Execute("BEGIN READ ONLY");
  try {
    co_await connection.Execute("SET LOCAL search_path TO DEFAULT");
    std::optional<std::string> nobody;
    const pg::Result result =
        co_await connection.Execute(kPreview, pg::With(access, statement, nobody));
    if (!result.empty()) found = PreviewJson(result);
  } catch (const pg::Error& error) {
    failure = error;
  }
  if (failure && failure->connection_lost()) throw *failure;
  co_await connection.Execute("ROLLBACK");
  co_return found;
}

// Anybody's function may raise an error with any HINT. It is the executor's or the extension's that
// counts.
bool IsRefusal(const pg::ErrorFields& error) {
  return error.source == "aclchk.c" || error.source.ends_with(".cpp");
}

}  // namespace

std::optional<std::string> AccessOfHint(std::string_view hint) {
  static constexpr std::string_view kCall = "jit_request('";
  const std::size_t at = hint.find(kCall);
  if (at == std::string_view::npos) return std::nullopt;
  std::string access;
  for (std::size_t i = at + kCall.size(); i < hint.size(); ++i) {
    if (hint[i] == '\'') {
      if (i + 1 >= hint.size() || hint[i + 1] != '\'') return access;
      ++i;  // a doubled quote is one
    }
    access += hint[i];
  }
  return std::nullopt;
}

Task<Json> FindCure(Session& session, std::string sql, pg::ErrorFields refused) {
  if (!IsRefusal(refused)) co_return nullptr;
  const std::optional<std::string> hinted = AccessOfHint(refused.hint);
  if (!hinted) co_return nullptr;
  std::optional<Json> whole;
  std::optional<Json> part;
  std::string why;
  try {
    // Of the whole statement, where it is one that can be asked for; else of what was refused
    // first.
    const std::function<Task<std::optional<Json>>(pg::Connection&)> of_statement =
        [&](pg::Connection& c) { return Preview(c, std::nullopt, sql); };
    whole = co_await session.Run<std::optional<Json>>(of_statement);
    if (!whole) {
      const std::function<Task<std::optional<Json>>(pg::Connection&)> of_hint =
          [&](pg::Connection& c) { return Preview(c, *hinted, std::nullopt); };
      part = co_await session.Run<std::optional<Json>>(of_hint);
    }
  } catch (const std::exception& error) {
    why = error.what();  // the refusal is told nevertheless
  }
  if (whole) {
    const Json access = (*whole)["access"];
    co_return Json{{"access", access}, {"statement", sql}, {"preview", std::move(*whole)}};
  }
  co_return Json{
      {"access", *hinted}, {"statement", nullptr}, {"preview", part ? Json(*part) : Json(nullptr)}};
}

}  // namespace jit::api
