// Requests: asking, looking, and what would come of asking.
#include <fmt/format.h>

#include "api/api.h"
#include "api/fields.h"
#include "api/preview.h"
#include "views/calls.h"
#include "views/request.h"
#include "views/requests.h"

namespace jit::api {
namespace {

const std::vector<std::string> kStatuses{"open",   "all",       "pending", "approved", "active",
                                         "denied", "cancelled", "lapsed",  "expired",  "revoked"};

Task<Answer> ListRequests(Call& call) {
  QueryFields query(call.request());
  views::RequestFilter filter;
  filter.status = query.OneOf("status", kStatuses).value_or("open");
  filter.requester = query.Text("requester");
  filter.mine = query.Bool("mine");
  filter.reviewable = query.Bool("reviewable");
  filter.ticket = query.Text("ticket");
  filter.created_after = query.Time("created_after");
  filter.created_before = query.Time("created_before");
  filter.limit = query.Integer("limit", 1, 500).value_or(30);
  if (const auto cursor = query.Text("cursor")) {
    const Json place = ReadCursor(*cursor);
    if (place.size() != 1 || !place[0].is_number_integer())
      throw Failure(InvalidField("cursor", "\"cursor\" is not of this list"));
    filter.before_id = place[0].get<std::int64_t>();
  }
  query.Finish();
  const auto more = std::make_shared<bool>(false);
  const std::function<Task<core::Table>(pg::Connection&)> read = [filter, more](pg::Connection& c) {
    return views::ReadRequests(c, filter, *more);
  };
  const core::Table table = co_await call.session->Run<core::Table>(read);
  Json rows = core::RenderJson(table);
  Json next = nullptr;
  if (*more && !rows.empty()) next = MakeCursor(Json::array({rows.back()["id"]}));
  co_return JsonResponse({{"requests", std::move(rows)}, {"next_cursor", next}});
}

Task<Json> ReadOne(Session& session, std::int64_t id) {
  const std::function<Task<Json>(pg::Connection&)> read = [id](pg::Connection& c) {
    return views::ReadRequestJson(c, id);
  };
  Json json = co_await session.Run<Json>(read);
  co_return json;
}

Task<Answer> ShowRequest(Call& call) {
  const Json body = co_await ReadOne(*call.session, call.id());
  co_return JsonResponse(body);
}

Task<Answer> Created(Call& call, std::int64_t id) {
  const Json body = co_await ReadOne(*call.session, id);
  http::Response response = JsonResponse(body, 201);
  response.headers.Add("Location", fmt::format("/api/v1/requests/{}", id));
  co_return response;
}

// Names are looked up as in the user's own sessions, by the search_path of their role. Every name
// of ours is qualified.
Task<pg::Result> AsTyped(pg::Connection& connection, std::string sql, pg::Values values) {
  co_await connection.Execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
  std::optional<pg::Error> failure;
  try {
    co_await connection.Execute("SET LOCAL search_path TO DEFAULT");
    pg::Result result = co_await connection.Execute(std::move(sql), std::move(values));
    co_await connection.Execute("COMMIT");
    co_return result;
  } catch (const pg::Error& error) {
    failure = error;
  }
  if (!failure->connection_lost()) co_await connection.Execute("ROLLBACK");
  throw *failure;
}

Task<pg::Result> Ask(Call& call, std::string sql, pg::Values values) {
  const std::function<Task<pg::Result>(pg::Connection&)> ask = [&](pg::Connection& c) {
    return AsTyped(c, std::move(sql), std::move(values));
  };
  pg::Result result = co_await call.session->Run<pg::Result>(ask);
  co_return result;
}

// Bound to one session, a request must come from the connection that is to use it.
Task<pg::Result> AskOnWorkConnection(Call& call, std::size_t number, std::string sql,
                                     pg::Values values) {
  if (call.session->work().size() < number) {
    throw Failure(InvalidField(
        "connection", fmt::format("\"session_only\" needs connection {} for SQL: log in with so "
                                  "many, or run a statement on it first",
                                  number)));
  }
  WorkConnection& work = *call.session->work()[number - 1];
  const Turn::Hold hold = work.turn.TryTake();
  if (!hold) throw Failure(SessionBusy(fmt::format("connection {} runs a statement", number)));
  std::optional<pg::Error> failure;
  try {
    pg::Result result = co_await work.connection.Execute(std::move(sql), std::move(values));
    co_return result;
  } catch (const pg::Error& error) {
    failure = error;
  }
  call.session->Check(*failure);
  throw *failure;
}

Task<Answer> CreateRequest(Call& call) {
  const Json body = ParseBody(call.request(), false);
  BodyFields fields(body);
  const auto access = fields.Text("access");
  const auto statement = fields.Text("statement");
  const auto on_behalf_of = fields.Text("on_behalf_of");
  const auto duration = fields.Length("duration");
  const std::string reason = fields.RequiredText("reason");
  const auto ticket = fields.Text("ticket");
  const auto starts_at = fields.Text("starts_at");
  const auto session_only = fields.Bool("session_only");
  const auto client_addr = fields.Text("client_addr");
  const auto break_glass = fields.Bool("break_glass");
  const auto number = static_cast<std::size_t>(fields.Integer("connection", 1, 4).value_or(1));
  fields.Finish();
  if (access.has_value() == statement.has_value())
    throw Failure(
        InvalidField("access", "either \"access\" or \"statement\" says what is asked for"));
  if (!duration) throw Failure(InvalidField("duration", "\"duration\" is missing"));
  if (on_behalf_of && (statement || session_only.value_or(false) || break_glass.value_or(false))) {
    throw Failure(InvalidField("on_behalf_of",
                               "on behalf of somebody only \"access\" is asked for, without "
                               "\"session_only\" and \"break_glass\""));
  }
  views::Asking asking{access,
                       statement,
                       *duration,
                       reason,
                       ticket,
                       starts_at,
                       client_addr,
                       on_behalf_of,
                       session_only.value_or(false),
                       break_glass.value_or(false)};
  views::Statement asked = views::AskingCall(call.session->who().schema, asking);
  std::int64_t id = 0;
  if (asking.session_only) {
    const pg::Result made =
        co_await AskOnWorkConnection(call, number, std::move(asked.sql), std::move(asked.values));
    id = made.Integer(0, "id").value_or(0);
  } else {
    const pg::Result made = co_await Ask(call, std::move(asked.sql), std::move(asked.values));
    id = made.Integer(0, "id").value_or(0);
  }
  Answer answer = co_await Created(call, id);
  co_return answer;
}

Task<Answer> ExtendRequest(Call& call) {
  const std::int64_t id = call.id();
  const Json body = ParseBody(call.request(), false);
  BodyFields fields(body);
  const auto duration = fields.Length("duration");
  const std::string reason = fields.RequiredText("reason");
  fields.Finish();
  if (!duration) throw Failure(InvalidField("duration", "\"duration\" is missing"));
  views::Statement asked = views::ExtensionCall(call.session->who().schema, id, *duration, reason);
  const pg::Result made =
      co_await call.session->Query(std::move(asked.sql), std::move(asked.values));
  Answer answer = co_await Created(call, made.Integer(0, "id").value_or(0));
  co_return answer;
}

Task<Answer> PreviewRequest(Call& call) {
  const Json body = ParseBody(call.request(), false);
  BodyFields fields(body);
  const auto access = fields.Text("access");
  const auto statement = fields.Text("statement");
  const auto on_behalf_of = fields.Text("on_behalf_of");
  fields.Finish();
  if (access.has_value() == statement.has_value())
    throw Failure(
        InvalidField("access", "either \"access\" or \"statement\" says what is asked for"));
  const pg::Result found = co_await Ask(call, kPreview, pg::With(access, statement, on_behalf_of));
  co_return JsonResponse(PreviewJson(found));
}

}  // namespace

void AddRequestRoutes(http::Router<Route>& router) {
  router.Add("GET", "/api/v1/requests", {"list_requests", Scope::kRead, ListRequests});
  router.Add("POST", "/api/v1/requests", {"create_request", Scope::kRequest, CreateRequest});
  router.Add("POST", "/api/v1/requests/preview",
             {"preview_request", Scope::kRequest, PreviewRequest});
  router.Add("GET", "/api/v1/requests/{id}", {"show_request", Scope::kRead, ShowRequest});
  router.Add("POST", "/api/v1/requests/{id}/extend",
             {"extend_request", Scope::kRequest, ExtendRequest});
}

}  // namespace jit::api
