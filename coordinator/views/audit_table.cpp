#include "views/audit_table.h"

#include <charconv>

#include "core/json_text.h"
#include "views/status.h"

namespace jit::views {
namespace {

using core::AuditEntry;
using core::Cell;
using core::Json;

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
  core::Column column;  // its name is also that of the column read
  Type type;
};

const std::vector<Field>& FieldsOf(bool log) {
  static const std::vector<Field> shared{{{"message", ""}, Type::kText},
                                         {{"detail", ""}, Type::kDetail},
                                         {{"command", ""}, Type::kText},
                                         {{"relations", ""}, Type::kList},
                                         {{"parameters", ""}, Type::kList},
                                         {{"parent_id", ""}, Type::kId},
                                         {{"transaction_id", ""}, Type::kId},
                                         {{"statement_length", ""}, Type::kId},
                                         {{"statement_sha256", ""}, Type::kText},
                                         {{"query_id", ""}, Type::kId},
                                         {{"current_user", ""}, Type::kText},
                                         {{"authenticated_user", ""}, Type::kText},
                                         {{"client_addr", ""}, Type::kText},
                                         {{"client_port", ""}, Type::kId},
                                         {{"application_name", ""}, Type::kText},
                                         {{"database", ""}, Type::kText},
                                         {{"pid", ""}, Type::kId},
                                         {{"session_start", ""}, Type::kAt},
                                         {{"token_id", ""}, Type::kId}};
  static const auto with_shared = [](std::vector<Field> fields) {
    fields.insert(fields.end(), shared.begin(), shared.end());
    return fields;
  };
  static const std::vector<Field> usual =
      with_shared({{{"seq", ""}, Type::kId},
                   {{"time", "TIME", false, false, 19}, Type::kAt},
                   {{"type", ""}, Type::kText},
                   {{"person", "PERSON", false, true, 8}, Type::kText},
                   {{"request_ids", "REQUEST", true}, Type::kIds},
                   {{"what", "WHAT", false, false, 10}, Type::kKind},
                   {{"rows", "ROWS", true, false, 6}, Type::kCount},
                   {{"duration_ms", "TOOK", true, false, 9}, Type::kMillis},
                   {{"sqlstate", "ERROR", false, false, 5}, Type::kText},
                   {{"raw_columns", "SEEN RAW", false, true}, Type::kRaw},
                   {{"text", "STATEMENT OR EVENT", false, true}, Type::kWords},
                   {{"statement_id", ""}, Type::kId},
                   {{"ended_at", ""}, Type::kAt},
                   {{"committed", ""}, Type::kBool}});
  static const std::vector<Field> records =
      with_shared({{{"seq", "SEQ", true, false, 6}, Type::kId},
                   {{"time", "TIME", false, false, 19}, Type::kAt},
                   {{"kind", "KIND", false, false, 17}, Type::kKind},
                   {{"person", "PERSON", false, true, 8}, Type::kText},
                   {{"request_ids", "REQUEST", true}, Type::kIds},
                   {{"statement_id", "STATEMENT", true}, Type::kId},
                   {{"rows", "ROWS", true, false, 6}, Type::kCount},
                   {{"duration_ms", "TOOK", true, false, 9}, Type::kMillis},
                   {{"sqlstate", "ERROR", false, false, 5}, Type::kText},
                   {{"raw_columns", "SEEN RAW", false, true}, Type::kRaw},
                   {{"text", "TEXT", false, true}, Type::kWords},
                   {{"prev_hash", ""}, Type::kText},
                   {{"hash", ""}, Type::kText}});
  return log ? records : usual;
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
  Json json = core::ParseJson(*text);
  if (json.is_null()) return Cell::Text(*text);
  return {*text, *text, std::move(json), core::Style::kPlain};
}

// A statement's text, or what an event says; on one line for people.
Cell Words(const core::Rows& r, int row) {
  if (const auto statement = r.Text(row, "text"))
    return {core::OneLine(*statement), *statement, *statement, core::Style::kPlain};
  if (r.TextOr(row, "type") == "statement" || !r.Has("detail")) return Cell::Null();
  const std::string words =
      core::DescribeEvent(Detail(r.Text(row, "detail")).json, r.TextOr(row, "message"));
  return {core::OneLine(words), words, nullptr, core::Style::kPlain};
}

Cell CellOf(const core::Rows& r, int row, const Field& field) {
  const char* source = field.column.name.c_str();
  if (!r.Has(source)) return Cell::Null();  // an event has no end, for one
  switch (field.type) {
    case Type::kId:
      return IdCell(r.Integer(row, source));
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

}  // namespace

core::Table AuditColumns(bool log) {
  core::Table table;
  for (const Field& field : FieldsOf(log)) table.columns.push_back(field.column);
  return table;
}

core::Table AuditTable(const std::vector<AuditEntry>& entries, bool log) {
  core::Table table = AuditColumns(log);
  for (const AuditEntry& entry : entries) table.rows.push_back(entry.cells);
  return table;
}

std::vector<AuditEntry> AuditEntries(const core::Rows& found, bool log) {
  const std::vector<Field>& fields = FieldsOf(log);
  std::vector<AuditEntry> entries;
  for (int row = 0; row < found.rows(); ++row) {
    AuditEntry& entry = entries.emplace_back();
    entry.seq = found.Integer(row, "seq").value_or(0);
    entry.time = found.Time(row, "time").value_or(core::Instant{});
    for (const Field& field : fields) entry.cells.push_back(CellOf(found, row, field));
  }
  return entries;
}

}  // namespace jit::views
