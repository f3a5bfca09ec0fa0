// What is shown of the database's rows and of the JSON that was made of them is the same.
#include <gtest/gtest.h>

#include "core/json_rows.h"
#include "views/audit_table.h"
#include "views/grants.h"
#include "views/policies.h"
#include "views/request.h"
#include "views/requests.h"
#include "views/tokens.h"

namespace jit::views {
namespace {

using core::Json;
using core::JsonRows;

const core::Instant kNow = *core::ParseTimestamp("2026-11-25 12:00:00+00");

// As they come from the database: times and lengths in its own spelling.
const JsonRows& Requests() {
  static const JsonRows rows(Json::parse(R"([
    {"id": 1234, "status": "pending", "requester": "alice", "requested_by": "bot", "access": "SELECT ON sales.orders",
     "duration": "01:30:00", "reason": "INC-1\nsecond line", "ticket": null, "created_at": "2026-11-25 11:57:00+00",
     "expires_at": null, "approvals_given": 1, "approvals_needed": 2, "policy": "p", "decided_at": null,
     "break_glass": false, "review_owed": false},
    {"id": 7, "status": "revoked", "requester": "bob", "requested_by": null, "access": "SELECT ON sales.items",
     "duration": "1 day", "reason": "x", "ticket": "T-1", "created_at": "2026-11-24 11:57:00.25+00",
     "expires_at": "2026-11-25 13:00:00+00", "approvals_given": 1, "approvals_needed": 1, "policy": null,
     "decided_at": "2026-11-24 12:00:00+00", "break_glass": true, "review_owed": true}])"));
  return rows;
}

void ExpectSame(const core::Table& direct, const core::Table& by_json) {
  EXPECT_EQ(core::RenderTsv(direct), core::RenderTsv(by_json));
  EXPECT_EQ(core::RenderJson(direct).dump(), core::RenderJson(by_json).dump());
  const core::TerminalLook look{0, true, true};
  EXPECT_EQ(core::RenderForPeople(direct, look).text, core::RenderForPeople(by_json, look).text);
  EXPECT_FALSE(direct.rows.empty());
}

TEST(RequestTable, survives_its_json) {
  const core::Table table = RequestTable(Requests(), kNow, 10);
  ExpectSame(table, RequestTable(JsonRows(core::RenderJson(table)), kNow, 10));
  const Json first = core::RenderJson(table, 0);
  EXPECT_EQ(first["duration"], "1h30m");
  EXPECT_EQ(first["created_at"], "2026-11-25T11:57:00Z");
}

TEST(RequestTable, keeps_to_its_limit) {
  EXPECT_EQ(RequestTable(Requests(), kNow, 1).rows.size(), 1U);
}

TEST(GrantTable, survives_its_json) {
  const JsonRows rows(Json::parse(R"([
    {"request_id": 12, "grantee": "alice", "privileges": ["SELECT", "UPDATE"], "relation": "sales.orders",
     "columns": ["a", "b"], "expires_at": "2026-11-25 12:10:00+00", "reason": "r", "ticket": "t",
     "starts_at": "2026-11-25 11:00:00+00", "session_only": true, "client_addr": "10.0.0.1"},
    {"request_id": 13, "grantee": "bob", "privileges": ["SELECT"], "relation": "sales.*", "columns": null,
     "expires_at": "2026-11-25 12:20:00+00", "reason": null, "ticket": null, "starts_at": null,
     "session_only": false, "client_addr": null}])"));
  const core::Table table = GrantTable(rows, kNow);
  ExpectSame(table, GrantTable(JsonRows(core::RenderJson(table)), kNow));
}

TEST(TokenTable, survives_its_json) {
  const JsonRows rows(Json::parse(R"([
    {"id": 1, "name": "ci", "owner": "alice", "scopes": ["request", "read"], "created_at": "2026-11-25 11:00:00+00",
     "expires_at": "2026-12-25 11:00:00+00", "last_used_at": null, "revoked_at": "2026-11-25 11:30:00+00",
     "revoked_by": "carol", "status": "revoked"}])"));
  const core::Table table = TokenTable(rows, kNow);
  ExpectSame(table, TokenTable(JsonRows(core::RenderJson(table)), kNow));
}

TEST(PolicyTable, survives_its_json) {
  core::Policy policy;
  policy.name = "orders";
  policy.privileges = {"SELECT", "UPDATE"};
  policy.objects = {"sales.*"};
  policy.max_duration = "1 day 02:00:00";
  policy.break_glass = true;
  policy.verdict = "deny";
  const core::Table table = PolicyTable({policy, core::Policy{}});
  const auto again = PoliciesOf(JsonRows(core::RenderJson(table)));
  ExpectSame(table, PolicyTable(again));
  EXPECT_EQ(core::FieldsOf(again[0]), core::FieldsOf(policy));
}

TEST(RequestJson, is_read_back_whole) {
  Json json = core::RenderJson(RequestTable(Requests(), kNow, 10), 0);
  json["requirements"] = Json::parse(R"([{"approver": "dba", "approvals": 2}])");
  json["approvals"] = Json::parse(
      R"([{"approver": "carol", "decision": "approve", "duration": "30m", "decided_at": "2026-11-25T11:59:00Z", "comment": "ok"}])");
  json["objects"] = Json::parse(
      R"([{"relation": "sales.orders", "kind": "table", "privileges": ["SELECT"], "columns": null,
           "estimated_rows": 1000, "size_bytes": 81920, "present": true}])");
  json["earlier"] = Json::parse(
      R"([{"id": 3, "status": "expired", "access": "SELECT ON x.y", "duration": "1h",
           "created_at": "2026-11-20T11:59:00Z", "reason": "r", "ticket": null}])");
  const Json once = RequestJson(RequestFactsOf(json, kNow));
  EXPECT_EQ(RequestJson(RequestFactsOf(once, kNow)).dump(), once.dump());
  EXPECT_EQ(once["approvals"], json["approvals"]);
  EXPECT_EQ(once["objects"], json["objects"]);
  EXPECT_EQ(once["earlier"], json["earlier"]);
}

TEST(AuditTable, survives_its_json) {
  const JsonRows rows(Json::parse(R"([
    {"seq": 5, "time": "2026-11-25 11:00:00.123456+00", "type": "statement", "person": "alice", "request_ids": ["12"],
     "what": "failed", "rows": null, "duration_ms": 12.3456, "sqlstate": "22012", "raw_columns": ["s.t.c"],
     "text": "SELECT 1 /\n 0", "statement_id": 9, "committed": true, "message": "division by zero",
     "relations": ["sales.orders"], "pid": 1},
    {"seq": 6, "time": "2026-11-25 11:00:01+00", "type": "statement", "person": "alice", "request_ids": [],
     "what": "failed", "text": null, "message": "not shown as what was run"},
    {"seq": 7, "time": "2026-11-25 11:00:02+00", "type": "event", "person": "bob", "request_ids": ["12"], "what": "approved",
     "text": null, "detail": "{\"access\": \"SELECT ON a.b\", \"requester\": \"alice\", \"n\": [1, 2]}", "message": null}])"));
  const core::Table table = AuditTable(AuditEntries(rows, false), false);
  const core::Table again =
      AuditTable(AuditEntries(JsonRows(core::RenderJson(table)), false), false);
  ExpectSame(table, again);
  EXPECT_EQ(core::RenderJson(table, 0)["request_ids"], Json::parse("[12]"));
  EXPECT_EQ(table.rows[1][10].human, "");
}

TEST(JsonRows, what_is_missing_or_of_another_type_is_null) {
  const JsonRows rows(
      Json::parse(R"([{"a": "x", "b": 1, "c": null, "d": ["y", null], "e": true}, 5])"));
  EXPECT_EQ(rows.rows(), 2);
  EXPECT_EQ(rows.Text(0, "a"), "x");
  EXPECT_EQ(rows.Text(0, "b"), "1");
  EXPECT_FALSE(rows.Integer(0, "a"));
  EXPECT_FALSE(rows.Text(0, "c"));
  EXPECT_FALSE(rows.Text(0, "z"));
  EXPECT_FALSE(rows.Text(1, "a"));
  EXPECT_FALSE(rows.Time(0, "a"));
  EXPECT_EQ(rows.List(0, "d"), (std::vector<std::string>{"y"}));
  EXPECT_FALSE(rows.List(0, "a"));
  EXPECT_TRUE(rows.Bool(0, "e"));
  EXPECT_FALSE(rows.Bool(0, "a"));
  EXPECT_EQ(JsonRows(Json::parse(R"({"a": 1})")).rows(), 0);
}

TEST(DumpAsPostgres, spaces_as_jsonb_has_them) {
  const std::string text = R"({"a": [1, "x\ny"], "b": {}, "c": [], "d": null, "e": true})";
  EXPECT_EQ(core::DumpAsPostgres(Json::parse(text)), text);
}

}  // namespace
}  // namespace jit::views
