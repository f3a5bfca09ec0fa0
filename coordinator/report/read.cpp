#include "report/read.h"

#include <fmt/format.h>

#include <charconv>

#include "core/audit_entry.h"
#include "core/json_text.h"
#include "report/usage.h"

namespace jit::report {
namespace {

// Asked for in the period, or held in it, or still owing a review.
constexpr const char* kRequests = R"sql(
SELECT r.* FROM (
  SELECT v.id, v.requester, v.access, v.reason, v.ticket, v.status, v.policy, v.created_at, v.duration,
    v.approved_duration, CASE WHEN v.pushed_at IS NOT NULL THEN greatest(v.pushed_at, v.starts_at) END AS begins,
    CASE WHEN v.pushed_at IS NOT NULL THEN least(v.expires_at, v.ended_at) END AS ends,
    v.ended_by, v.end_reason, v.break_glass, v.review_owed, v.reviewed_by, v.reviewed_at, v.review
  FROM jit.visible_requests v) r
WHERE r.created_at < $2
  AND (r.created_at >= $1 OR r.ends >= $1 OR r.review_owed)
  AND ($3::text IS NULL OR r.requester = $3)
ORDER BY r.id)sql";

constexpr const char* kDecisions = R"sql(
SELECT a.request_id, a.approver, a.decision, a.comment, a.decided_at
FROM jit.approvals a WHERE a.request_id = ANY ($1::bigint[]) ORDER BY a.request_id, a.decided_at)sql";

// Grouped by the database, so that a million statements are not a million rows here.
constexpr const char* kStatements = R"sql(
SELECT min(s.begun_at) AS first, max(s.begun_at) AS last, s.session_user_name AS person, s.request_ids, s.outcome,
  coalesce(s.query_id::text, pg_catalog.md5(s.statement)) AS key, pg_catalog.left(min(s.statement), 4000) AS statement,
  s.relations, s.raw_columns, count(*) AS count, coalesce(sum(s.rows), 0)::bigint AS rows,
  max(pg_catalog.concat_ws(' ', s.sqlstate, s.message)) AS error
FROM jit.statements s
WHERE s.begun_at >= $1 AND s.begun_at < $2 AND ($3::text IS NULL OR s.session_user_name = $3)
GROUP BY pg_catalog.date_trunc('day', s.begun_at), s.session_user_name, s.request_ids, s.outcome,
  coalesce(s.query_id::text, pg_catalog.md5(s.statement)), s.relations, s.raw_columns
ORDER BY 1)sql";

constexpr const char* kStanding = R"sql(
SELECT a.role, a.relation, a.privileges, a.via FROM jit.standing_access a
WHERE $1::text IS NULL OR a.role = $1 ORDER BY a.role, a.relation, a.via)sql";

// Kinds that are neither statements nor steps of a request.
constexpr const char* kChanges = R"sql(
SELECT l.at, l.kind, l.session_user_name AS who, l.statement, l.detail, l.message
FROM jit.audit_log l
WHERE l.at >= $1 AND l.at < $2
  AND (l.kind LIKE '%\_changed' OR l.kind LIKE 'audit\_%')
ORDER BY l.at, l.seq)sql";

std::vector<std::int64_t> Numbers(const std::optional<std::vector<std::string>>& items) {
  std::vector<std::int64_t> numbers;
  for (const std::string& item : items.value_or(std::vector<std::string>{})) {
    std::int64_t number = 0;
    if (std::from_chars(item.data(), item.data() + item.size(), number).ec == std::errc{})
      numbers.push_back(number);
  }
  return numbers;
}

std::vector<Request> ReadRequests(pg::Session& session, const pg::Values& period) {
  std::vector<Request> requests;
  std::vector<std::string> ids;
  const pg::Result r = session.Query(kRequests, period);
  for (int row = 0; row < r.rows(); ++row) {
    Request& one = requests.emplace_back();
    one.id = r.Integer(row, "id").value_or(0);
    one.person = r.TextOr(row, "requester");
    one.access = r.TextOr(row, "access");
    one.reason = r.TextOr(row, "reason");
    one.ticket = r.TextOr(row, "ticket");
    one.status = r.TextOr(row, "status");
    one.policy = r.TextOr(row, "policy");
    one.asked_at = r.Time(row, "created_at").value_or(Instant{});
    one.asked_for = r.Length(row, "duration");
    one.approved_for = r.Length(row, "approved_duration");
    one.begins = r.Time(row, "begins");
    one.ends = r.Time(row, "ends");
    one.ended_by = r.TextOr(row, "ended_by");
    one.end_reason = r.TextOr(row, "end_reason");
    one.break_glass = r.Bool(row, "break_glass");
    one.review_owed = r.Bool(row, "review_owed");
    one.reviewed_by = r.TextOr(row, "reviewed_by");
    one.reviewed_at = r.Time(row, "reviewed_at");
    one.review = r.TextOr(row, "review");
    ids.push_back(fmt::to_string(one.id));
  }
  const pg::Result d = session.Query(kDecisions, {pg::FormatArray(ids)});
  std::size_t at = 0;  // both are in the order of the ids
  for (int row = 0; row < d.rows(); ++row) {
    while (at < requests.size() && requests[at].id != d.Integer(row, "request_id")) ++at;
    if (at == requests.size()) break;
    requests[at].decisions.push_back({d.TextOr(row, "approver"), d.TextOr(row, "decision"),
                                      d.TextOr(row, "comment"), d.Time(row, "decided_at")});
  }
  return requests;
}

std::vector<StatementGroup> ReadStatements(pg::Session& session, const pg::Values& period) {
  std::vector<StatementGroup> groups;
  const pg::Result r = session.Query(kStatements, period);
  for (int row = 0; row < r.rows(); ++row) {
    StatementGroup& group = groups.emplace_back();
    group.first = r.Time(row, "first").value_or(Instant{});
    group.last = r.Time(row, "last").value_or(Instant{});
    group.person = r.TextOr(row, "person");
    group.requests = Numbers(r.List(row, "request_ids"));
    group.outcome = r.TextOr(row, "outcome");
    group.key = r.TextOr(row, "key");
    group.text = r.TextOr(row, "statement");
    group.relations = r.List(row, "relations").value_or(std::vector<std::string>{});
    group.raw_columns = r.List(row, "raw_columns").value_or(std::vector<std::string>{});
    group.error = r.TextOr(row, "error");
    group.count = r.Integer(row, "count").value_or(0);
    group.rows = r.Integer(row, "rows").value_or(0);
  }
  return groups;
}

void ReadChanges(pg::Session& session, const pg::Values& period, Report& report) {
  const pg::Result r = session.Query(kChanges, {period[0], period[1]});
  for (int row = 0; row < r.rows(); ++row) {
    Change change{r.Time(row, "at").value_or(Instant{}), r.TextOr(row, "kind"),
                  r.TextOr(row, "who"),
                  core::DescribeEvent(core::ParseJson(r.TextOr(row, "detail", "null")),
                                      r.TextOr(row, "message"))};
    const bool of_log = change.kind.starts_with("audit_");
    (of_log ? report.log_events : report.changes).push_back(std::move(change));
  }
}

}  // namespace

Report Read(pg::Session& session, const std::string& since, const std::string& until,
            const std::optional<std::string>& person) {
  Report report;
  session.Query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  const pg::Result frame = session.Query(
      "SELECT $1::timestamptz AS since, $2::timestamptz AS until, pg_catalog.clock_timestamp() AS "
      "now, pg_catalog.current_setting('server_version') AS server",
      {since, until});
  report.since = frame.Time(0, "since").value_or(Instant{});
  report.until = frame.Time(0, "until").value_or(Instant{});
  report.made_at = frame.Time(0, "now").value_or(Instant{});
  report.server = "PostgreSQL " + frame.TextOr(0, "server");
  report.database = session.connection().database();
  report.made_by = session.connection().user();
  report.version = JIT_VERSION;
  report.person = person.value_or("");

  const pg::Values period{since, until, person};
  report.requests = ReadRequests(session, period);
  AddStatements(report, ReadStatements(session, period));
  const pg::Result standing = session.Query(kStanding, {person});
  for (int row = 0; row < standing.rows(); ++row) {
    report.standing.push_back(
        {standing.TextOr(row, "role"), standing.TextOr(row, "relation"),
         standing.List(row, "privileges").value_or(std::vector<std::string>{}),
         standing.TextOr(row, "via")});
  }
  ReadChanges(session, period, report);
  session.Query("COMMIT");
  return report;
}

}  // namespace jit::report
