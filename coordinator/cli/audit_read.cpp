#include "cli/audit_read.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

namespace jit::cli {
namespace {

using core::AuditEntry;
using core::Cell;
using core::Json;

constexpr std::int64_t kBatch = 1000;         // records looked at in one step of following
constexpr std::int64_t kFirstStretch = 2000;  // and in the first step of a search
constexpr std::int64_t kLongestStretch = 512'000;

enum class Type {
  kId,
  kIds,
  kCount,
  kMillis,
  kAt,
  kBool,
  kText,
  kKind,
  kList,
  kRaw,
  kWords,
  kDetail
};

struct Field {
  core::Column column;
  std::string source;  // the column of the statement below
  Type type;
};

const std::vector<Field>& FieldsOf(bool log) {
  static const std::vector<Field> shared{
      {{"message", ""}, "message", Type::kText},
      {{"detail", ""}, "detail", Type::kDetail},
      {{"command", ""}, "command", Type::kText},
      {{"relations", ""}, "relations", Type::kList},
      {{"parameters", ""}, "parameters", Type::kList},
      {{"parent_id", ""}, "parent_id", Type::kId},
      {{"transaction_id", ""}, "transaction_id", Type::kId},
      {{"statement_length", ""}, "statement_length", Type::kId},
      {{"statement_sha256", ""}, "statement_sha256", Type::kText},
      {{"query_id", ""}, "query_id", Type::kId},
      {{"current_user", ""}, "current_user_name", Type::kText},
      {{"authenticated_user", ""}, "authenticated_user_name", Type::kText},
      {{"client_addr", ""}, "client_addr", Type::kText},
      {{"client_port", ""}, "client_port", Type::kId},
      {{"application_name", ""}, "application_name", Type::kText},
      {{"database", ""}, "database_name", Type::kText},
      {{"pid", ""}, "pid", Type::kId},
      {{"session_start", ""}, "session_start", Type::kAt}};
  static const auto with_shared = [](std::vector<Field> fields) {
    fields.insert(fields.end(), shared.begin(), shared.end());
    return fields;
  };
  static const std::vector<Field> usual =
      with_shared({{{"seq", ""}, "seq", Type::kId},
                   {{"time", "TIME", false, false, 19}, "at", Type::kAt},
                   {{"type", ""}, "type", Type::kText},
                   {{"person", "PERSON", false, true, 8}, "session_user_name", Type::kText},
                   {{"request_ids", "REQUEST", true}, "request_ids", Type::kIds},
                   {{"what", "WHAT", false, false, 10}, "what", Type::kKind},
                   {{"rows", "ROWS", true, false, 6}, "rows", Type::kCount},
                   {{"duration_ms", "TOOK", true, false, 9}, "duration_ms", Type::kMillis},
                   {{"sqlstate", "ERROR", false, false, 5}, "sqlstate", Type::kText},
                   {{"raw_columns", "SEEN RAW", false, true}, "raw_columns", Type::kRaw},
                   {{"text", "STATEMENT OR EVENT", false, true}, "statement", Type::kWords},
                   {{"statement_id", ""}, "statement_id", Type::kId},
                   {{"ended_at", ""}, "ended_at", Type::kAt},
                   {{"committed", ""}, "committed", Type::kBool}});
  static const std::vector<Field> records =
      with_shared({{{"seq", "SEQ", true, false, 6}, "seq", Type::kId},
                   {{"time", "TIME", false, false, 19}, "at", Type::kAt},
                   {{"kind", "KIND", false, false, 17}, "what", Type::kKind},
                   {{"person", "PERSON", false, true, 8}, "session_user_name", Type::kText},
                   {{"request_ids", "REQUEST", true}, "request_ids", Type::kIds},
                   {{"statement_id", "STATEMENT", true}, "statement_id", Type::kId},
                   {{"rows", "ROWS", true, false, 6}, "rows", Type::kCount},
                   {{"duration_ms", "TOOK", true, false, 9}, "duration_ms", Type::kMillis},
                   {{"sqlstate", "ERROR", false, false, 5}, "sqlstate", Type::kText},
                   {{"raw_columns", "SEEN RAW", false, true}, "raw_columns", Type::kRaw},
                   {{"text", "TEXT", false, true}, "statement", Type::kWords},
                   {{"prev_hash", ""}, "prev_hash", Type::kText},
                   {{"hash", ""}, "hash", Type::kText}});
  return log ? records : usual;
}

// The filter's part of a search in jit.statements; $8 and more are the caller's.
constexpr const char* kStatements = R"sql(
SELECT s.seq, s.begun_at AS at, s.ended_at, 'statement' AS type, s.outcome AS what, s.committed, s.statement_id, s.parent_id, s.transaction_id,
  s.session_user_name, s.current_user_name, s.authenticated_user_name, s.request_ids, s.command, s.statement,
  s.statement_length, pg_catalog.encode(s.statement_sha256, 'hex') AS statement_sha256, s.parameters, s.query_id,
  s.relations, s.raw_columns, s.rows, s.duration_ms, s.sqlstate, s.message, s.client_addr, s.client_port,
  s.application_name, s.database_name, s.pid, s.session_start
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
SELECT l.seq, l.at, 'event' AS type, l.kind AS what, l.session_user_name, l.current_user_name, l.authenticated_user_name, l.request_ids,
  l.statement_id, l.parent_id, l.transaction_id, l.command, l.statement, l.statement_length,
  pg_catalog.encode(l.statement_sha256, 'hex') AS statement_sha256, l.parameters, l.query_id, l.relations,
  l.raw_columns, l.rows, l.duration_ms, l.sqlstate, l.message, l.detail, l.client_addr, l.client_port,
  l.application_name, l.database_name, l.pid, l.session_start, pg_catalog.encode(l.prev_hash, 'hex') AS prev_hash,
  pg_catalog.encode(l.hash, 'hex') AS hash
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

// Ids are names, not amounts: no separators of thousands.
Cell Id(std::optional<std::int64_t> number) {
  Cell cell = Cell::Number(number);
  cell.human = cell.plain;
  return cell;
}

Cell Ids(const std::optional<std::vector<std::string>>& items) {
  Cell cell = Cell::List(items);
  if (!items) return cell;
  cell.json = Json::array();
  for (const std::string& item : *items) {
    std::int64_t number = 0;
    std::from_chars(item.data(), item.data() + item.size(), number);
    cell.json.push_back(number);
  }
  return cell;
}

Cell Detail(const std::optional<std::string>& text) {
  if (!text) return Cell::Null();
  Json json = Json::parse(*text, nullptr, false);
  if (json.is_discarded()) return Cell::Text(*text);
  return {*text, *text, std::move(json), core::Style::kPlain};
}

// A statement's text, or what an event says; on one line for people.
Cell Words(const pg::Result& r, int row) {
  if (const auto statement = r.Text(row, "statement"))
    return {core::OneLine(*statement), *statement, *statement, core::Style::kPlain};
  if (PQfnumber(r.get(), "detail") < 0) return Cell::Null();
  const std::string words =
      core::DescribeEvent(Detail(r.Text(row, "detail")).json, r.TextOr(row, "message"));
  return {core::OneLine(words), words, nullptr, core::Style::kPlain};
}

Cell CellOf(const pg::Result& r, int row, const Field& field) {
  const char* source = field.source.c_str();
  if (PQfnumber(r.get(), source) < 0) return Cell::Null();  // an event has no end, for one
  switch (field.type) {
    case Type::kId:
      return Id(r.Integer(row, source));
    case Type::kIds:
      return Ids(r.List(row, source));
    case Type::kCount:
      return Cell::Number(r.Integer(row, source));
    case Type::kMillis:
      return Cell::Millis(r.Real(row, source));
    case Type::kAt:
      return Cell::At(r.Time(row, source));
    case Type::kBool:
      return r.Text(row, source) ? Cell::Bool(r.Bool(row, source)) : Cell::Null();
    case Type::kText:
      return Cell::Text(r.Text(row, source));
    case Type::kKind: {
      const std::string kind = r.TextOr(row, source);
      return Cell::Text(kind, core::StyleOfOutcome(kind));
    }
    case Type::kList:
      return Cell::List(r.List(row, source));
    case Type::kRaw: {
      Cell cell = Cell::List(r.List(row, source));
      if (!cell.human.empty()) cell.style = core::Style::kWarning;
      return cell;
    }
    case Type::kWords:
      return Words(r, row);
    case Type::kDetail:
      return Detail(r.Text(row, source));
  }
  return Cell::Null();
}

std::vector<AuditEntry> Entries(const pg::Result& found, const std::vector<Field>& fields) {
  std::vector<AuditEntry> entries;
  for (int row = 0; row < found.rows(); ++row) {
    AuditEntry& entry = entries.emplace_back();
    entry.seq = found.Integer(row, "seq").value_or(0);
    entry.time = found.Time(row, "at").value_or(core::Instant{});
    for (const Field& field : fields) entry.cells.push_back(CellOf(found, row, field));
  }
  return entries;
}

std::string NumberArray(const std::vector<std::int64_t>& numbers) {
  std::string out = "{";
  for (const std::int64_t number : numbers) {
    if (out.size() > 1) out += ',';
    out += fmt::to_string(number);
  }
  return out + "}";
}

}  // namespace

core::Table AuditColumns(bool log) {
  core::Table table;
  for (const Field& field : FieldsOf(log)) table.columns.push_back(field.column);
  return table;
}

AuditReader::AuditReader(pg::Session& session, AuditFilter filter)
    : session_(session), filter_(std::move(filter)) {
  reads_log_ =
      session_.Query("SELECT pg_catalog.has_table_privilege('jit.audit_log', 'SELECT') AS may")
          .Bool(0, "may");
}

// One snapshot for the search and for where following begins: what is committed later has a higher
// seq.
std::vector<AuditEntry> AuditReader::Newest(bool& more) {
  session_.Query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  if (reads_log_) {
    last_seq_ = session_.Query("SELECT max(l.seq) AS seq FROM jit.audit_log l")
                    .Integer(0, "seq")
                    .value_or(0);
  }
  const std::string limit = fmt::to_string(filter_.limit + 1);
  std::vector<AuditEntry> entries =
      reads_log_ ? Search() : Statements("true ORDER BY s.seq DESC LIMIT $8", {limit});
  session_.Query("COMMIT");
  more = core::KeepNewest(entries, static_cast<std::size_t>(filter_.limit),
                          filter_.log ? core::Order::kBySeq : core::Order::kByTime);
  return entries;
}

// From the end backwards, a stretch of the log at a time, until there are enough: a search that
// finds soon is short however long the log is, and none is cut off by the server's patience. The
// view alone would join all of the log before its LIMIT.
std::vector<AuditEntry> AuditReader::Search() {
  const std::int64_t limit = filter_.limit + 1;
  const std::int64_t lowest =
      session_.Query("SELECT min(l.seq) AS seq FROM jit.audit_log l").Integer(0, "seq").value_or(1);
  std::vector<AuditEntry> entries;
  const auto add = [&](std::vector<AuditEntry> found) {
    std::move(found.begin(), found.end(), std::back_inserter(entries));
  };
  std::int64_t stretch = kFirstStretch;
  for (std::int64_t upper = last_seq_; upper >= lowest;) {
    const std::int64_t lower = std::max(upper - stretch, lowest - 1);
    if (!filter_.log) {
      add(Statements("s.seq > $8 AND s.seq <= $9 ORDER BY s.seq DESC LIMIT $10",
                     {fmt::to_string(lower), fmt::to_string(upper), fmt::to_string(limit)}));
    }
    if (filter_.log || !filter_.only_statements()) add(Records(lower, upper, true, limit));
    if (static_cast<std::int64_t>(entries.size()) >= limit || EndsBefore(lower, upper)) break;
    upper = lower;
    stretch = std::min(stretch * 4, kLongestStretch);
  }
  return entries;
}

// Whether everything in the stretch, and so in what is before it, is older than --since. A record
// waits for the worker at most as long as jit_access.audit_timeout, of at most an hour, lets it.
bool AuditReader::EndsBefore(std::int64_t lower, std::int64_t upper) {
  if (!filter_.since) return false;
  return session_
      .Query(
          "SELECT FROM jit.audit_log l WHERE l.seq > $1 AND l.seq <= $2"
          " AND l.at >= $3::timestamptz - '2 hours'::pg_catalog.interval LIMIT 1",
          {fmt::to_string(lower), fmt::to_string(upper), filter_.since})
      .empty();
}

std::vector<AuditEntry> AuditReader::Following() {
  const pg::Result found = session_.Query(
      "SELECT max(b.seq) AS seq FROM (SELECT l.seq FROM jit.audit_log l WHERE l.seq > $1"
      " ORDER BY l.seq LIMIT $2) b",
      {fmt::to_string(last_seq_), fmt::to_string(kBatch)});
  const auto up_to = found.Integer(0, "seq");
  if (!up_to) return {};
  std::vector<AuditEntry> entries;
  if (filter_.log || !filter_.only_statements()) {
    entries = Records(last_seq_, *up_to, false, kBatch);
  }
  if (!filter_.log) {
    for (AuditEntry& ended : EndedStatements(*up_to)) entries.push_back(std::move(ended));
  }
  last_seq_ = *up_to;
  std::sort(entries.begin(), entries.end(),
            [](const AuditEntry& a, const AuditEntry& b) { return a.seq < b.seq; });
  return entries;
}

// The ids first: into the view they go as constants, which it passes on to its indexes.
std::vector<AuditEntry> AuditReader::EndedStatements(std::int64_t up_to) {
  const pg::Result ended = session_.Query(
      "SELECT l.seq, l.kind, l.statement_id FROM jit.audit_log l WHERE l.seq > $1 AND l.seq <= $2"
      " AND l.kind IN ('statement', 'statement_ended', 'statement_cancelled', "
      "'statement_refused')",
      {fmt::to_string(last_seq_), fmt::to_string(up_to)});
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
  std::vector<AuditEntry> entries;
  const auto add = [&](const char* condition, const std::vector<std::int64_t>& keys) {
    if (keys.empty()) return;
    for (AuditEntry& entry : Statements(condition, {NumberArray(keys)}))
      entries.push_back(std::move(entry));
  };
  add("s.statement_id = ANY ($8::bigint[])", ids);
  add("s.seq = ANY ($8::bigint[])", whole);
  return entries;
}

std::vector<AuditEntry> AuditReader::Statements(const std::string& condition, pg::Values more) {
  pg::Values values{filter_.person,
                    filter_.request,
                    filter_.relation,
                    filter_.since,
                    filter_.until,
                    filter_.outcome,
                    filter_.raw_columns ? "t" : "f"};
  for (auto& value : more) values.push_back(std::move(value));
  const pg::Result found = session_.Query(kStatements + condition, std::move(values));
  return Entries(found, FieldsOf(false));
}

std::vector<AuditEntry> AuditReader::Records(std::int64_t above, std::int64_t up_to, bool newest,
                                             std::int64_t limit) {
  const std::string which = filter_.log ? "true" : kOnlyEvents;
  const pg::Result found = session_.Query(
      fmt::format("{}{} ORDER BY l.seq{} LIMIT $10", kRecords, which, newest ? " DESC" : ""),
      {filter_.person, filter_.request, filter_.relation, filter_.since, filter_.until,
       filter_.kind, filter_.raw_columns ? "t" : "f", fmt::to_string(above), fmt::to_string(up_to),
       fmt::to_string(limit)});
  return Entries(found, FieldsOf(filter_.log));
}

}  // namespace jit::cli
