#include "views/audit.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <iterator>

namespace jit::views {
namespace {

using core::AuditEntry;

constexpr std::int64_t kBatch = 1000;         // records looked at in one step of following
constexpr std::int64_t kFirstStretch = 2000;  // and in the first step of a search
constexpr std::int64_t kLongestStretch = 512'000;

// The filter's part of a search in jit.statements; $8 and more are the caller's.
constexpr const char* kStatements = R"sql(
SELECT s.seq, s.begun_at AS time, s.ended_at, 'statement' AS type, s.outcome AS what, s.committed, s.statement_id,
  s.parent_id, s.transaction_id, s.session_user_name AS person, s.current_user_name AS "current_user",
  s.authenticated_user_name AS authenticated_user, s.request_ids, s.command, s.statement AS text, s.statement_length,
  pg_catalog.encode(s.statement_sha256, 'hex') AS statement_sha256, s.parameters, s.query_id,
  s.relations, s.raw_columns, s.rows, s.duration_ms, s.sqlstate, s.message, s.client_addr, s.client_port,
  s.application_name, s.database_name AS database, s.pid, s.session_start, s.token_id
FROM jit.statements s
WHERE ($1::text IS NULL OR s.session_user_name = $1)
  AND ($2::bigint IS NULL OR s.request_ids @> ARRAY[$2::bigint])
  AND ($3::text IS NULL OR EXISTS (SELECT FROM pg_catalog.unnest(s.relations) AS r (name) WHERE r.name LIKE $3))
  AND ($4::timestamptz IS NULL OR s.begun_at >= $4)
  AND ($5::timestamptz IS NULL OR s.begun_at < $5)
  AND ($6::text IS NULL OR s.outcome = $6)
  AND (NOT $7::boolean OR s.raw_columns <> '{}')
  AND )sql";

// Of a person counts what they did and what was done about their requests.
constexpr const char* kRecords = R"sql(
SELECT l.seq, l.at AS time, 'event' AS type, l.kind AS what, l.kind, l.session_user_name AS person,
  l.current_user_name AS "current_user", l.authenticated_user_name AS authenticated_user, l.request_ids, l.statement_id,
  l.parent_id, l.transaction_id, l.command, l.statement AS text, l.statement_length,
  pg_catalog.encode(l.statement_sha256, 'hex') AS statement_sha256, l.parameters, l.query_id, l.relations,
  l.raw_columns, l.rows, l.duration_ms, l.sqlstate, l.message, l.detail, l.client_addr, l.client_port,
  l.application_name, l.database_name AS database, l.pid, l.session_start,
  pg_catalog.encode(l.prev_hash, 'hex') AS prev_hash, pg_catalog.encode(l.hash, 'hex') AS hash, (l.detail ->> 'token')::bigint AS token_id
FROM jit.audit_log l
WHERE ($1::text IS NULL OR l.session_user_name = $1 OR l.detail ->> 'requester' = $1)
  AND ($2::bigint IS NULL OR l.request_ids @> ARRAY[$2::bigint])
  AND ($3::text IS NULL OR EXISTS (SELECT FROM pg_catalog.unnest(l.relations) AS r (name) WHERE r.name LIKE $3))
  AND ($4::timestamptz IS NULL OR l.at >= $4)
  AND ($5::timestamptz IS NULL OR l.at < $5)
  AND ($6::text IS NULL OR l.kind = $6)
  AND (NOT $7::boolean OR l.raw_columns <> '{}')
  AND l.seq > $8 AND l.seq <= $9
  AND )sql";

constexpr const char* kOnlyEvents =
    "l.kind <> 'statement' AND l.kind NOT LIKE 'statement\\_%' AND l.kind NOT LIKE "
    "'transaction\\_%'";

std::string NumberArray(const std::vector<std::int64_t>& numbers) {
  std::string out = "{";
  for (const std::int64_t number : numbers) {
    if (out.size() > 1) out += ',';
    out += fmt::to_string(number);
  }
  return out + "}";
}

void Append(std::vector<AuditEntry>& to, std::vector<AuditEntry> more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

}  // namespace

const std::vector<std::string> kAuditOutcomes{"succeeded", "failed",  "refused",
                                              "cancelled", "running", "unknown"};

Task<AuditPage> ReadAudit(pg::Connection& connection, AuditFilter filter) {
  AuditReader reader(connection, std::move(filter));
  AuditPage page = co_await reader.Newest();
  co_return page;
}

Task<bool> AuditReader::ReadsLog() {
  if (!reads_log_) {
    const pg::Result found = co_await connection_.Execute(
        "SELECT pg_catalog.has_table_privilege('jit.audit_log', 'SELECT') AS may");
    reads_log_ = found.Bool(0, "may");
  }
  co_return *reads_log_;
}

// One snapshot for the search and for where following begins: what is committed later has a higher
// seq.
Task<AuditPage> AuditReader::Newest() {
  co_await ReadsLog();
  co_await connection_.Execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  AuditPage page;
  std::exception_ptr failure;
  try {
    page.entries = co_await Find();
  } catch (const pg::Error& error) {
    if (error.connection_lost()) throw;
    failure = std::current_exception();
  }
  const char* end = failure ? "ROLLBACK" : "COMMIT";
  co_await connection_.Execute(end);
  if (failure) std::rethrow_exception(failure);
  page.more = core::KeepNewest(page.entries, static_cast<std::size_t>(filter_.limit),
                               filter_.log ? core::Order::kBySeq : core::Order::kByTime);
  if (page.more) {
    page.next =
        std::min_element(page.entries.begin(), page.entries.end(),
                         [](const AuditEntry& a, const AuditEntry& b) { return a.seq < b.seq; })
            ->seq;
  }
  co_return page;
}

Task<AuditReader::Entries> AuditReader::Find() {
  if (*reads_log_) {
    const pg::Result newest =
        co_await connection_.Execute("SELECT max(l.seq) AS seq FROM jit.audit_log l");
    last_seq_ = newest.Integer(0, "seq").value_or(0);
    Entries found = co_await Search();
    co_return found;
  }
  pg::Values values = pg::With(
      filter_.before_seq ? std::optional(fmt::to_string(*filter_.before_seq)) : std::nullopt,
      fmt::to_string(filter_.limit + 1));
  Entries own = co_await Statements(
      "($8::bigint IS NULL OR s.seq < $8) ORDER BY s.seq DESC LIMIT $9::bigint", std::move(values));
  co_return own;
}

// From the end backwards, a stretch of the log at a time, until there are enough: a search that
// finds soon is short however long the log is, and none is cut off by the server's patience. The
// view alone would join all of the log before its LIMIT.
Task<AuditReader::Entries> AuditReader::Search() {
  const std::int64_t limit = filter_.limit + 1;
  const pg::Result first =
      co_await connection_.Execute("SELECT min(l.seq) AS seq FROM jit.audit_log l");
  const std::int64_t lowest = first.Integer(0, "seq").value_or(1);
  Entries entries;
  std::int64_t stretch = kFirstStretch;
  std::int64_t upper = last_seq_;
  if (filter_.before_seq) upper = std::min(upper, *filter_.before_seq - 1);
  while (upper >= lowest) {
    const std::int64_t lower = std::max(upper - stretch, lowest - 1);
    if (!filter_.log) {
      pg::Values values =
          pg::With(fmt::to_string(lower), fmt::to_string(upper), fmt::to_string(limit));
      Entries statements = co_await Statements(
          "s.seq > $8 AND s.seq <= $9 ORDER BY s.seq DESC LIMIT $10", std::move(values));
      Append(entries, std::move(statements));
    }
    if (filter_.log || !filter_.only_statements()) {
      Entries records = co_await Records(lower, upper, true, limit);
      Append(entries, std::move(records));
    }
    if (static_cast<std::int64_t>(entries.size()) >= limit) break;
    const bool done = co_await EndsBefore(lower, upper);
    if (done) break;
    upper = lower;
    stretch = std::min(stretch * 4, kLongestStretch);
  }
  co_return entries;
}

// Whether everything in the stretch, and so in what is before it, is older than --since. A record
// waits for the worker at most as long as jit_access.audit_timeout, of at most an hour, lets it.
Task<bool> AuditReader::EndsBefore(std::int64_t lower, std::int64_t upper) {
  if (!filter_.since) co_return false;
  pg::Values values = pg::With(fmt::to_string(lower), fmt::to_string(upper), filter_.since);
  const pg::Result found = co_await connection_.Execute(
      "SELECT FROM jit.audit_log l WHERE l.seq > $1 AND l.seq <= $2"
      " AND l.at >= $3::timestamptz - '2 hours'::pg_catalog.interval LIMIT 1",
      std::move(values));
  co_return found.empty();
}

Task<void> AuditReader::Span() {
  const bool reads_log = co_await ReadsLog();
  const pg::Result span = co_await connection_.Execute(
      reads_log ? "SELECT min(l.seq) AS first, max(l.seq) AS last FROM jit.audit_log l"
                : "SELECT min(s.seq) AS first, max(s.seq) AS last FROM jit.statements s");
  done_ = span.Integer(0, "first").value_or(1) - 1;
  end_ = span.Integer(0, "last").value_or(0);
  stretch_ = kFirstStretch;
}

Task<std::optional<AuditReader::Entries>> AuditReader::Onward() {
  if (!done_) co_await Span();
  while (*done_ < end_) {
    Entries entries;
    if (*reads_log_) {
      entries = co_await Stretch();
    } else {
      entries = co_await OwnOnward();
    }
    if (entries.empty()) continue;
    std::sort(entries.begin(), entries.end(),
              [](const AuditEntry& a, const AuditEntry& b) { return a.seq < b.seq; });
    co_return entries;
  }
  co_return std::nullopt;
}

// Longer where nothing matches, and short again where something does. Of each kind at most a batch
// is held; where there is more, the stretch ends there.
Task<AuditReader::Entries> AuditReader::Stretch() {
  std::int64_t upper = std::min(*done_ + stretch_, end_);
  const auto end_at_last = [&upper](const Entries& some) {
    if (static_cast<std::int64_t>(some.size()) == kBatch) upper = std::min(upper, some.back().seq);
  };
  Entries entries;
  if (!filter_.log) {
    pg::Values range =
        pg::With(fmt::to_string(*done_), fmt::to_string(upper), fmt::to_string(kBatch));
    entries = co_await Statements("s.seq > $8 AND s.seq <= $9 ORDER BY s.seq LIMIT $10",
                                  std::move(range));
    end_at_last(entries);
  }
  if (filter_.log || !filter_.only_statements()) {
    Entries records = co_await Records(*done_, upper, false, kBatch);
    end_at_last(records);
    Append(entries, std::move(records));
  }
  std::erase_if(entries, [upper](const AuditEntry& entry) { return entry.seq > upper; });
  done_ = upper;
  stretch_ = entries.empty() ? std::min(stretch_ * 4, kLongestStretch) : kFirstStretch;
  co_return entries;
}

Task<AuditReader::Entries> AuditReader::OwnOnward() {
  pg::Values range = pg::With(fmt::to_string(*done_), fmt::to_string(end_), fmt::to_string(kBatch));
  Entries entries = co_await Statements(
      "s.seq > $8::bigint AND s.seq <= $9::bigint ORDER BY s.seq LIMIT $10::bigint",
      std::move(range));
  done_ = static_cast<std::int64_t>(entries.size()) < kBatch ? end_ : entries.back().seq;
  co_return entries;
}

Task<AuditReader::Entries> AuditReader::Following() {
  pg::Values values = pg::With(fmt::to_string(last_seq_), fmt::to_string(kBatch));
  const pg::Result found = co_await connection_.Execute(
      "SELECT max(b.seq) AS seq FROM (SELECT l.seq FROM jit.audit_log l WHERE l.seq > $1"
      " ORDER BY l.seq LIMIT $2) b",
      std::move(values));
  const auto up_to = found.Integer(0, "seq");
  Entries entries;
  if (!up_to) co_return entries;
  if (filter_.log || !filter_.only_statements())
    entries = co_await Records(last_seq_, *up_to, false, kBatch);
  if (!filter_.log) {
    Entries ended = co_await EndedStatements(*up_to);
    Append(entries, std::move(ended));
  }
  last_seq_ = *up_to;
  std::sort(entries.begin(), entries.end(),
            [](const AuditEntry& a, const AuditEntry& b) { return a.seq < b.seq; });
  co_return entries;
}

// The ids first: into the view they go as constants, which it passes on to its indexes.
Task<AuditReader::Entries> AuditReader::EndedStatements(std::int64_t up_to) {
  pg::Values range = pg::With(fmt::to_string(last_seq_), fmt::to_string(up_to));
  const pg::Result ended = co_await connection_.Execute(
      "SELECT l.seq, l.kind, l.statement_id FROM jit.audit_log l WHERE l.seq > $1 AND l.seq <= $2"
      " AND l.kind IN ('statement', 'statement_ended', 'statement_cancelled', "
      "'statement_refused')",
      std::move(range));
  std::vector<std::int64_t> ids;
  std::vector<std::int64_t> whole;  // of one record: known by its seq
  for (int row = 0; row < ended.rows(); ++row) {
    const std::string kind = ended.TextOr(row, "kind");
    if (kind == "statement_refused" || kind == "statement") {
      whole.push_back(ended.Integer(row, "seq").value_or(0));
    } else if (const auto id = ended.Integer(row, "statement_id")) {
      ids.push_back(*id);
    }
  }
  Entries entries;
  if (!ids.empty()) {
    pg::Values keys = pg::With(NumberArray(ids));
    entries = co_await Statements("s.statement_id = ANY ($8::bigint[])", std::move(keys));
  }
  if (!whole.empty()) {
    pg::Values keys = pg::With(NumberArray(whole));
    Entries more = co_await Statements("s.seq = ANY ($8::bigint[])", std::move(keys));
    Append(entries, std::move(more));
  }
  co_return entries;
}

Task<AuditReader::Entries> AuditReader::Statements(std::string condition, pg::Values more) {
  pg::Values values = pg::With(filter_.person, filter_.request, filter_.relation, filter_.since,
                               filter_.until, filter_.outcome, filter_.raw_columns ? "t" : "f");
  for (auto& value : more) values.push_back(std::move(value));
  const pg::Result found = co_await connection_.Execute(kStatements + condition, std::move(values));
  co_return AuditEntries(found, false);
}

Task<AuditReader::Entries> AuditReader::Records(std::int64_t above, std::int64_t up_to, bool newest,
                                                std::int64_t limit) {
  std::string sql = fmt::format("{}{} ORDER BY l.seq{} LIMIT $10", kRecords,
                                filter_.log ? "true" : kOnlyEvents, newest ? " DESC" : "");
  pg::Values values = pg::With(filter_.person, filter_.request, filter_.relation, filter_.since,
                               filter_.until, filter_.kind, filter_.raw_columns ? "t" : "f",
                               fmt::to_string(above), fmt::to_string(up_to), fmt::to_string(limit));
  const pg::Result found = co_await connection_.Execute(std::move(sql), std::move(values));
  co_return AuditEntries(found, filter_.log);
}

}  // namespace jit::views
