#include "views/request.h"

#include <fmt/format.h>

#include "core/json_rows.h"
#include "core/json_text.h"
#include "pg/clock.h"
#include "views/status.h"

namespace jit::views {
namespace {

using core::Cell;
using core::Json;

constexpr int kEarlier = 5;

constexpr const char* kRequest = R"sql(
SELECT r.*, p.id IS NOT NULL AS reviewable, r.requester = session_user AS own,
  m.oid IS NOT NULL AS requester_exists, coalesce(m.rolsuper, false) AS requester_is_superuser
FROM jit.visible_requests r LEFT JOIN jit.pending p ON p.id = r.id
  LEFT JOIN pg_catalog.pg_roles m ON m.rolname = r.requester
WHERE r.id = $1)sql";

constexpr const char* kEarlierRequests = R"sql(
SELECT o.id, o.status, o.access, coalesce(o.approved_duration, o.duration) AS duration, o.reason, o.ticket,
  o.created_at
FROM jit.visible_requests o JOIN jit.visible_requests r ON r.id = $1
WHERE o.requester = r.requester AND o.id < r.id
ORDER BY o.id DESC LIMIT $2)sql";

Task<std::unique_ptr<core::Rows>> Fetch(pg::Connection& connection, std::string sql,
                                        pg::Values values) {
  pg::Result found = co_await connection.Execute(std::move(sql), std::move(values));
  co_return std::make_unique<pg::Result>(std::move(found));
}

}  // namespace

Task<RequestFacts> ReadRequest(pg::Connection& connection, std::int64_t id) {
  const std::string number = fmt::to_string(id);
  RequestFacts facts;
  pg::Values values = pg::With(number);
  facts.request = co_await Fetch(connection, kRequest, std::move(values));
  if (facts.request->empty()) {
    pg::ErrorFields fields;
    fields.sqlstate = "42704";
    fields.message = fmt::format("request {} does not exist", id);
    fields.hint = "You see your own requests, and as an approver or auditor all.";
    throw pg::Error(pg::Error::Kind::kStatement, std::move(fields));
  }
  facts.now = co_await pg::ServerTime(connection);
  values = pg::With(number);
  facts.approvals =
      co_await Fetch(connection, "SELECT * FROM jit.request_approvals($1)", std::move(values));
  values = pg::With(number);
  facts.objects =
      co_await Fetch(connection, "SELECT * FROM jit.request_objects($1)", std::move(values));
  values = pg::With(number, fmt::to_string(kEarlier));
  facts.earlier = co_await Fetch(connection, kEarlierRequests, std::move(values));
  facts.requirements = core::ParseJson(facts.request->TextOr(0, "requirements", "[]"));
  co_return facts;
}

Task<Json> ReadRequestJson(pg::Connection& connection, std::int64_t id) {
  const RequestFacts facts = co_await ReadRequest(connection, id);
  Json json = RequestJson(facts);
  co_return json;
}

Json RequestJson(const RequestFacts& facts) {
  Json document = core::RenderJson(RequestColumns(facts), 0);
  document["requirements"] = facts.requirements;
  document["approvals"] = core::RenderJson(ApprovalsTable(facts));
  document["objects"] = core::RenderJson(ObjectsTable(facts));
  document["earlier"] = core::RenderJson(EarlierTable(facts));
  return document;
}

RequestFacts RequestFactsOf(const Json& json, core::Instant now) {
  const auto rows = [&](const char* name) {
    return std::make_unique<core::JsonRows>(json.value(name, Json::array()));
  };
  RequestFacts facts;
  facts.now = now;
  facts.request = std::make_unique<core::JsonRows>(Json::array({json}));
  facts.approvals = rows("approvals");
  facts.objects = rows("objects");
  facts.earlier = rows("earlier");
  facts.requirements = json.value("requirements", Json::array());
  return facts;
}

core::Table RequestColumns(const RequestFacts& facts) {
  core::Table table{{}, {{}}};
  const auto add = [&](const char* name, Cell cell) {
    table.columns.push_back({name, ""});
    table.rows[0].push_back(std::move(cell));
  };
  const core::Rows& r = *facts.request;
  add("id", Cell::Number(r.Integer(0, "id")));
  for (const char* name : {"status", "requester", "requested_by", "access", "asked", "statement"})
    add(name, Cell::Text(r.Text(0, name)));
  add("duration", Cell::Length(r.Length(0, "duration")));
  add("approved_duration", Cell::Length(r.Length(0, "approved_duration")));
  for (const char* name : {"reason", "ticket", "policy"}) add(name, Cell::Text(r.Text(0, name)));
  add("approver_roles", Cell::List(r.List(0, "approver_roles")));
  add("approvals_needed", Cell::Number(r.Integer(0, "approvals_needed")));
  add("approvals_given", Cell::Number(r.Integer(0, "approvals_given")));
  for (const char* name : {"created_at", "decided_at", "starts_at", "lapse_at", "pushed_at",
                           "expires_at", "ended_at"}) {
    add(name, Cell::Time(r.Time(0, name), facts.now));
  }
  for (const char* name : {"ended_by", "end_reason", "client_addr"})
    add(name, Cell::Text(r.Text(0, name)));
  for (const char* name : {"session_only", "break_glass", "review_owed", "reviewable", "own",
                           "requester_exists", "requester_is_superuser"})
    add(name, Cell::Bool(r.Bool(0, name)));
  add("extends", Cell::Number(r.Integer(0, "extends")));
  return table;
}

core::Table ApprovalsTable(const RequestFacts& facts) {
  core::Table table{{{"approver", "APPROVER"},
                     {"decision", "DECISION"},
                     {"duration", "FOR"},
                     {"decided_at", "WHEN"},
                     {"comment", "COMMENT", false, true}},
                    {}};
  for (int row = 0; row < facts.approvals->rows(); ++row) {
    const std::string decision = facts.approvals->TextOr(row, "decision");
    table.rows.push_back(
        {Cell::Text(facts.approvals->Text(row, "approver")),
         Cell::Text(decision, decision == "approve" ? core::Style::kGood : core::Style::kBad),
         Cell::Length(facts.approvals->Length(row, "duration")),
         Cell::Time(facts.approvals->Time(row, "decided_at"), facts.now),
         Cell::Text(facts.approvals->Text(row, "comment"))});
  }
  return table;
}

core::Table ObjectsTable(const RequestFacts& facts) {
  core::Table table{{{"relation", "RELATION", false, true},
                     {"kind", "KIND"},
                     {"privileges", "PRIVILEGES"},
                     {"columns", "COLUMNS", false, true},
                     {"estimated_rows", "ROWS (EST.)", true},
                     {"size_bytes", "SIZE", true},
                     {"present", ""}},
                    {}};
  for (int row = 0; row < facts.objects->rows(); ++row) {
    const bool present = facts.objects->Bool(row, "present");
    Cell relation = Cell::Text(facts.objects->Text(row, "relation"));
    if (!present) {
      relation.human += " (no longer what was asked for)";
      relation.style = core::Style::kBad;
    }
    Cell columns = Cell::List(facts.objects->List(row, "columns"));
    if (columns.json.is_null()) columns.human = "all";
    table.rows.push_back({relation, Cell::Text(facts.objects->Text(row, "kind")),
                          Cell::List(facts.objects->List(row, "privileges")), columns,
                          Cell::Number(facts.objects->Integer(row, "estimated_rows")),
                          Cell::Bytes(facts.objects->Integer(row, "size_bytes")),
                          Cell::Bool(present)});
  }
  return table;
}

core::Table EarlierTable(const RequestFacts& facts) {
  core::Table table{{{"id", "ID", true},
                     {"status", "STATUS"},
                     {"access", "ACCESS", false, true},
                     {"duration", "FOR"},
                     {"created_at", "ASKED"},
                     {"reason", "REASON", false, true},
                     {"ticket", ""}},
                    {}};
  for (int row = 0; row < facts.earlier->rows(); ++row) {
    table.rows.push_back({IdCell(facts.earlier->Integer(row, "id")),
                          StatusCell(facts.earlier->TextOr(row, "status")),
                          Cell::Text(facts.earlier->Text(row, "access")),
                          Cell::Length(facts.earlier->Length(row, "duration")),
                          Cell::Time(facts.earlier->Time(row, "created_at"), facts.now),
                          Cell::Text(facts.earlier->Text(row, "reason")),
                          Cell::Text(facts.earlier->Text(row, "ticket"))});
  }
  return table;
}

}  // namespace jit::views
