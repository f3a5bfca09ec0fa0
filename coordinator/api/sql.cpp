// The user's own SQL on the user's own connection: its rows go out as they come in.
#include <fmt/format.h>

#include <algorithm>

#include "api/api.h"
#include "api/fields.h"
#include "api/sql_run.h"
#include "core/interval.h"
#include "core/json_text.h"

namespace jit::api {
namespace {

constexpr int kMostConnections = 4;

Json StateJson(int number, WorkConnection* work) {
  if (work == nullptr) {
    return {{"connection", number},
            {"state", "not open"},
            {"since", nullptr},
            {"backend_pid", nullptr}};
  }
  std::string state = "idle";
  if (work->running()) {
    state = "running";
  } else {
    const auto transaction = work->connection.transaction();
    if (transaction == PQTRANS_INTRANS) state = "in transaction";
    if (transaction == PQTRANS_INERROR) state = "failed transaction";
  }
  return {{"connection", number},
          {"state", state},
          {"since", core::FormatRfc3339(work->since)},
          {"backend_pid", work->connection.backend_pid()}};
}

int NumberOf(BodyFields& fields) {
  return static_cast<int>(fields.Integer("connection", 1, kMostConnections).value_or(1));
}

// Opens it where that takes no password of anybody's.
Task<WorkConnection*> ConnectionOf(Call& call, int number) {
  Session& session = *call.session;
  auto& all = session.work();
  if (session.token()) {
    // One after the other, or several at once would open one each.
    const Turn::Hold hold = co_await session.opening().Take();
    std::optional<pg::Error> refused;
    try {
      // Those before it come first: a number says how many there are at most.
      while (static_cast<int>(all.size()) < number && !session.ended()) {
        const config::Target target = call.api.TargetOf(session.target());
        co_await call.api.connector().AddWork(call.session, target, call.token, call.request().peer,
                                              call.api.limits());
      }
    } catch (const pg::Error& error) {
      refused = error;
    }
    if (refused) {
      // The token is no longer good, and neither is what it has opened.
      if (refused->sqlstate().starts_with("28")) {
        session.End("the token is not valid any more");
        throw Failure(NotAuthenticated("the token is not valid"));
      }
      throw *refused;
    }
  }
  if (static_cast<int>(all.size()) < number) {
    throw Failure(InvalidField(
        "connection", fmt::format("the session has {} connections for SQL; more are opened by the "
                                  "login's \"connections\"",
                                  all.size())));
  }
  co_return all[static_cast<std::size_t>(number - 1)].get();
}

std::string TextOf(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.dump();  // numbers, booleans, and JSON for a parameter of type json
}

std::optional<pg::Values> ParametersOf(BodyFields& fields) {
  const Json* node = fields.Any("parameters");
  if (node == nullptr) return std::nullopt;
  if (!node->is_array() || node->size() > 65535)
    throw Failure(InvalidField("parameters", "\"parameters\" must be a list"));
  pg::Values values;
  for (const Json& value : *node) {
    if (value.is_null()) {
      values.emplace_back(std::nullopt);
      continue;
    }
    std::string text = TextOf(value);
    if (text.find('\0') != std::string::npos)
      throw Failure(InvalidField("parameters", "a parameter holds a NUL character"));
    values.emplace_back(std::move(text));
  }
  return values;
}

std::chrono::milliseconds TimeoutOf(BodyFields& fields, std::chrono::milliseconds most) {
  const auto text = fields.Text("timeout");
  if (!text) return most;
  const auto wait = core::ParseWait(*text);
  if (!wait || *wait > most) {
    throw Failure(
        InvalidField("timeout", fmt::format("\"timeout\" must be a length of time such as "
                                            "\"30s\", at most {}",
                                            core::FormatSpan(most))));
  }
  return *wait;
}

std::string SqlOf(BodyFields& fields) {
  std::string sql = fields.RequiredText("sql");
  if (sql.empty()) throw Failure(InvalidField("sql", "\"sql\" is empty"));
  return sql;
}

bool ReadsTrailers(const http::Request& request) {
  const auto te = request.headers.Get("te");
  return te && te->find("trailers") != std::string_view::npos;
}

RowForm FormFor(const http::Request& request) {
  const auto accept = request.headers.Get("accept");
  if (!accept) return RowForm::kJsonLines;
  const auto media = http::Preferred(*accept, {"application/x-ndjson", "application/json",
                                               "application/*", "*/*", "text/csv", "text/*"});
  if (!media) throw Failure(NotAcceptable("rows come as application/x-ndjson or text/csv"));
  return media->starts_with("text/") ? RowForm::kCsv : RowForm::kJsonLines;
}

Task<Answer> RunSql(Call& call) {
  const RowForm form = FormFor(call.request());
  const Json body = ParseBody(call.request(), false);
  BodyFields fields(body);
  SqlRun run;
  run.form = form;
  run.sql = SqlOf(fields);
  run.parameters = ParametersOf(fields);
  const int number = NumberOf(fields);
  const config::Api& settings = call.api.settings();
  const auto max_rows = fields.Integer("max_rows", 1, settings.max_rows);
  const auto max_bytes = fields.Integer("max_bytes", 1, settings.max_bytes);
  run.max_rows = max_rows.value_or(settings.max_rows);
  run.max_bytes = max_bytes.value_or(settings.max_bytes);
  run.may_cut = max_rows || max_bytes || ReadsTrailers(call.request());
  run.timeout = TimeoutOf(fields, settings.statement_timeout);
  run.spreadsheet = fields.Bool("spreadsheet").value_or(false);
  fields.Finish();
  WorkConnection* work = co_await ConnectionOf(call, number);
  run.work = work;
  const Turn::Hold hold = work->turn.TryTake();
  if (!hold) {
    throw Failure(SessionBusy(
        fmt::format("connection {} runs a statement; POST /api/v1/sql/cancel ends it", number)));
  }
  Answer answer = co_await Run(call, run);
  co_return answer;
}

Task<Answer> Explain(Call& call) {
  const Json body = ParseBody(call.request(), false);
  BodyFields fields(body);
  SqlRun run;
  const std::string sql = SqlOf(fields);
  run.parameters = ParametersOf(fields);
  const int number = NumberOf(fields);
  std::string options = "FORMAT JSON";
  for (const char* option : {"analyze", "verbose", "buffers", "settings"}) {
    if (fields.Bool(option).value_or(false)) options += fmt::format(", {}", option);
  }
  run.timeout = TimeoutOf(fields, call.api.settings().statement_timeout);
  fields.Finish();
  run.sql = fmt::format("EXPLAIN ({}) {}", options, sql);
  // By the extended protocol, which takes one statement: EXPLAIN is of the whole text.
  if (!run.parameters) run.parameters = pg::Values{};
  WorkConnection* work = co_await ConnectionOf(call, number);
  run.work = work;
  run.max_rows = 1;
  run.max_bytes = call.api.settings().max_bytes;
  const Turn::Hold hold = work->turn.TryTake();
  if (!hold) throw Failure(SessionBusy(fmt::format("connection {} runs a statement", number)));
  const std::string plan = co_await RunForText(call, run);
  const Json parsed = core::ParseJson(plan);
  if (parsed.is_null())
    throw Failure(InvalidField("sql", "that is no statement whose plan can be shown"));
  co_return JsonResponse({{"plan", parsed}});
}

Task<Answer> CancelSql(Call& call) {
  const Json body = ParseBody(call.request(), true);
  BodyFields fields(body);
  const int number = NumberOf(fields);
  fields.Finish();
  auto& all = call.session->work();
  bool cancelled = false;
  if (number <= static_cast<int>(all.size())) {
    WorkConnection& work = *all[static_cast<std::size_t>(number - 1)];
    if (work.running()) {
      work.interrupt();
      cancelled = true;
    }
  }
  co_return JsonResponse({{"cancelled", cancelled}});
}

Task<Answer> ListConnections(Call& call) {
  Json list = Json::array();
  auto& all = call.session->work();
  const int most = call.session->token() ? kMostConnections : static_cast<int>(all.size());
  for (int i = 1; i <= most; ++i) {
    list.push_back(StateJson(i, i <= static_cast<int>(all.size())
                                    ? all[static_cast<std::size_t>(i - 1)].get()
                                    : nullptr));
  }
  co_return JsonResponse({{"connections", std::move(list)}});
}

}  // namespace

void AddSqlRoutes(http::Router<Route>& router) {
  router.Add("POST", "/api/v1/sql", {"run_sql", Scope::kQuery, RunSql});
  router.Add("POST", "/api/v1/sql/explain", {"explain_sql", Scope::kQuery, Explain});
  router.Add("POST", "/api/v1/sql/cancel", {"cancel_sql", Scope::kQuery, CancelSql});
  router.Add("GET", "/api/v1/sql/connections",
             {"list_connections", Scope::kQuery, ListConnections});
}

}  // namespace jit::api
