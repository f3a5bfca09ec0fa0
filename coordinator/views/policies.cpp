#include "views/policies.h"

namespace jit::views {
namespace {

using core::Cell;
using core::Policy;

}  // namespace

Task<std::vector<Policy>> ReadPolicyList(pg::Connection& connection) {
  const pg::Result found =
      co_await connection.Execute("SELECT p.* FROM jit.policies p ORDER BY p.priority, p.name");
  co_return PoliciesOf(found);
}

Task<core::Table> ReadPolicies(pg::Connection& connection) {
  const std::vector<Policy> policies = co_await ReadPolicyList(connection);
  co_return PolicyTable(policies);
}

std::vector<Policy> PoliciesOf(const core::Rows& found) {
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

}  // namespace jit::views
