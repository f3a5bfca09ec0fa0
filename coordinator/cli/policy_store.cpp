#include "cli/policy_store.h"

#include <fmt/format.h>

namespace jit::cli {
namespace {

using core::Cell;
using core::Policy;
using core::PolicyChange;

std::optional<std::string> ArrayValue(const core::OptionalList& list) {
  return list ? std::optional(pg::FormatArray(*list)) : std::nullopt;
}

// '1h30m' and 'mon' are our spellings; PostgreSQL gets its own.
std::optional<std::string> LengthValue(const core::OptionalText& text) {
  if (!text) return std::nullopt;
  const auto length = core::ParseInterval(*text);
  if (!length) return text;
  return fmt::format("{} months {} days {} microseconds", length->months, length->days,
                     length->micros);
}

pg::Values ValuesOf(const Policy& p) {
  const auto flag = [](bool value) { return value ? "t" : "f"; };
  return {p.name,
          fmt::to_string(p.priority),
          p.requester,
          ArrayValue(p.privileges),
          ArrayValue(p.objects),
          LengthValue(p.max_duration),
          fmt::to_string(p.approvals),
          p.approver,
          p.reason_pattern,
          flag(p.ticket_required),
          p.active_hours,
          LengthValue(p.lapse_after),
          p.verdict,
          flag(p.break_glass),
          flag(p.blank_values)};
}

const char* NameOf(PolicyChange::Kind kind) {
  switch (kind) {
    case PolicyChange::Kind::kAdd:
      return "add";
    case PolicyChange::Kind::kAlter:
      return "alter";
    case PolicyChange::Kind::kRemove:
      return "remove";
  }
  return "";
}

core::Json TextJson(const core::OptionalText& text) {
  return text ? core::Json(*text) : core::Json(nullptr);
}

}  // namespace

std::vector<Policy> ReadPolicies(pg::Session& session, bool lock) {
  if (lock) session.Query("LOCK TABLE jit.policies IN SHARE ROW EXCLUSIVE MODE");
  const pg::Result found = session.Query("SELECT * FROM jit.policies ORDER BY priority, name");
  std::vector<Policy> policies;
  for (int row = 0; row < found.rows(); ++row) {
    Policy p;
    p.name = found.TextOr(row, "name");
    p.priority = found.Integer(row, "priority").value_or(0);
    p.requester = found.Text(row, "requester");
    p.privileges = found.List(row, "privileges");
    p.objects = found.List(row, "objects");
    p.max_duration = found.Text(row, "max_duration");
    p.approvals = found.Integer(row, "approvals").value_or(0);
    p.approver = found.TextOr(row, "approver");
    p.reason_pattern = found.Text(row, "reason_pattern");
    p.ticket_required = found.Bool(row, "ticket_required");
    p.active_hours = found.Text(row, "active_hours");
    p.lapse_after = found.Text(row, "lapse_after");
    p.verdict = found.TextOr(row, "verdict");
    p.break_glass = found.Bool(row, "break_glass");
    p.blank_values = found.Bool(row, "blank_values");
    policies.push_back(std::move(p));
  }
  return policies;
}

void ApplyChanges(pg::Session& session, const std::vector<PolicyChange>& changes,
                  const std::vector<Policy>& wanted) {
  for (const PolicyChange& change : changes) {
    if (change.kind == PolicyChange::Kind::kRemove) {
      session.Query("DELETE FROM jit.policies WHERE name = $1", {change.name});
      continue;
    }
    for (const Policy& policy : wanted) {
      if (policy.name != change.name) continue;
      session.Query(
          "INSERT INTO jit.policies AS p (name, priority, requester, privileges, objects, "
          "max_duration, approvals,"
          " approver, reason_pattern, ticket_required, active_hours, lapse_after, verdict, "
          "break_glass, blank_values)"
          " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
          " ON CONFLICT (name) DO UPDATE SET (priority, requester, privileges, objects, "
          "max_duration, approvals,"
          " approver, reason_pattern, ticket_required, active_hours, lapse_after, verdict, "
          "break_glass, blank_values)"
          " = (excluded.priority, excluded.requester, excluded.privileges, excluded.objects, "
          "excluded.max_duration,"
          " excluded.approvals, excluded.approver, excluded.reason_pattern, "
          "excluded.ticket_required,"
          " excluded.active_hours, excluded.lapse_after, excluded.verdict, excluded.break_glass,"
          " excluded.blank_values)",
          ValuesOf(policy));
    }
  }
}

core::Table PolicyTable(const std::vector<Policy>& policies) {
  core::Table table{{{"name", "NAME", false, true},
                     {"priority", "PRIORITY", true},
                     {"verdict", "VERDICT"},
                     {"requester", "REQUESTER", false, true},
                     {"privileges", "PRIVILEGES", false, true},
                     {"objects", "OBJECTS", false, true},
                     {"max_duration", "LONGEST"},
                     {"approvals", "APPROVALS", true},
                     {"approver", "BY", false, true},
                     {"reason_pattern", ""},
                     {"ticket_required", "TICKET"},
                     {"active_hours", "HOURS", false, true},
                     {"lapse_after", ""},
                     {"break_glass", ""},
                     {"blank_values", ""}},
                    {}};
  const auto any = [](Cell cell) {
    if (cell.json.is_null()) cell.human = "any";
    return cell;
  };
  const auto length = [](const core::OptionalText& text, const char* built_in) {
    Cell cell = text ? Cell::Length(core::ParseInterval(*text)) : Cell::Null();
    if (!text) cell.human = built_in;
    return cell;
  };
  for (const Policy& p : policies) {
    Cell name = Cell::Text(p.name);
    if (p.break_glass) name.human += " (break-glass)";
    Cell priority = Cell::Number(p.priority);
    priority.human = priority.plain;
    table.rows.push_back(
        {name, priority,
         Cell::Text(p.verdict, p.verdict == "deny" ? core::Style::kBad : core::Style::kGood),
         any(Cell::Text(p.requester)), any(Cell::List(p.privileges)), any(Cell::List(p.objects)),
         length(p.max_duration, "8h"), Cell::Number(p.approvals), Cell::Text(p.approver),
         Cell::Text(p.reason_pattern), Cell::Bool(p.ticket_required), Cell::Text(p.active_hours),
         length(p.lapse_after, "1d"), Cell::Bool(p.break_glass), Cell::Bool(p.blank_values)});
  }
  return table;
}

core::Json ChangeJson(const PolicyChange& change) {
  core::Json fields = core::Json::object();
  for (const core::FieldChange& field : change.fields) {
    fields[std::string(field.name)] = {{"before", TextJson(field.before)},
                                       {"after", TextJson(field.after)}};
  }
  return {{"change", NameOf(change.kind)}, {"policy", change.name}, {"fields", fields}};
}

bool SameChanges(const std::vector<PolicyChange>& a, const std::vector<PolicyChange>& b) {
  core::Json left = core::Json::array();
  core::Json right = core::Json::array();
  for (const PolicyChange& change : a) left.push_back(ChangeJson(change));
  for (const PolicyChange& change : b) right.push_back(ChangeJson(change));
  return left == right;
}

}  // namespace jit::cli
