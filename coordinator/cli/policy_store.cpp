#include "cli/policy_store.h"

#include <fmt/format.h>

#include "views/policies.h"

namespace jit::cli {
namespace {

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
  return session.Await(views::ReadPolicyList(session.connection()));
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
