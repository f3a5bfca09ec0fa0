#include "core/policy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "core/interval.h"
#include "core/table.h"
#include "core/text.h"

namespace jit::core {
namespace {

OptionalText ListText(OptionalList list) {
  if (!list) return std::nullopt;
  std::sort(list->begin(), list->end());
  list->erase(std::unique(list->begin(), list->end()), list->end());
  return fmt::format("{}", fmt::join(*list, ", "));
}

// As the database stores them: in capitals, ALL as what it stands for.
OptionalList Privileges(const OptionalList& list) {
  if (!list) return std::nullopt;
  std::vector<std::string> out;
  for (std::string item : *list) {
    for (char& c : item) c = (c >= 'a' && c <= 'z') ? static_cast<char>(c - 0x20) : c;
    if (item == "ALL") {
      out.insert(out.end(), {"SELECT", "INSERT", "UPDATE", "DELETE"});
    } else {
      out.push_back(std::move(item));
    }
  }
  return out;
}

// What ParseInterval cannot read is compared as it stands.
OptionalText LengthText(const OptionalText& length) {
  if (!length) return std::nullopt;
  const auto interval = ParseInterval(*length);
  return interval ? FormatInterval(*interval) : *length;
}

bool Same(const PolicyField& a, const PolicyField& b) {
  if (a == b) return true;
  if ((a.name != "max_duration" && a.name != "lapse_after") || !a.value || !b.value) return false;
  const auto left = ParseInterval(*a.value);
  const auto right = ParseInterval(*b.value);
  return left && right && SameLength(*left, *right);
}

std::string YesNo(bool value) { return value ? "true" : "false"; }

std::vector<FieldChange> Differences(const Policy& before, const Policy& after) {
  std::vector<FieldChange> changes;
  const auto left = FieldsOf(before);
  const auto right = FieldsOf(after);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!Same(left[i], right[i])) changes.push_back({left[i].name, left[i].value, right[i].value});
  }
  return changes;
}

const Policy* Find(const std::vector<Policy>& policies, const std::string& name) {
  const auto found = std::find_if(policies.begin(), policies.end(),
                                  [&](const Policy& p) { return p.name == name; });
  return found == policies.end() ? nullptr : &*found;
}

// What NULL means there.
std::string_view Unset(std::string_view field) {
  if (field == "max_duration") return "8h (built in)";
  if (field == "lapse_after") return "1d (built in)";
  if (field == "reason_pattern") return "none";
  return "any";
}

std::string Shown(std::string_view field, const OptionalText& value) {
  return value ? EscapeForTerminal(*value) : std::string(Unset(field));
}

}  // namespace

std::vector<PolicyField> FieldsOf(const Policy& policy) {
  return {
      {"priority", fmt::to_string(policy.priority)},
      {"requester", policy.requester},
      {"privileges", ListText(Privileges(policy.privileges))},
      {"objects", ListText(policy.objects)},
      {"max_duration", LengthText(policy.max_duration)},
      {"approvals", fmt::to_string(policy.approvals)},
      {"approver", policy.approver},
      {"reason_pattern", policy.reason_pattern},
      {"ticket_required", YesNo(policy.ticket_required)},
      {"active_hours", policy.active_hours},
      {"lapse_after", LengthText(policy.lapse_after)},
      {"verdict", policy.verdict},
      {"break_glass", YesNo(policy.break_glass)},
      {"blank_values", YesNo(policy.blank_values)},
  };
}

std::vector<PolicyChange> DiffPolicies(const std::vector<Policy>& current,
                                       const std::vector<Policy>& wanted) {
  std::vector<PolicyChange> changes;
  for (const Policy& policy : wanted) {
    const Policy* before = Find(current, policy.name);
    if (before == nullptr) {
      changes.push_back({PolicyChange::Kind::kAdd, policy.name, Differences(Policy{}, policy)});
    } else if (auto fields = Differences(*before, policy); !fields.empty()) {
      changes.push_back({PolicyChange::Kind::kAlter, policy.name, std::move(fields)});
    }
  }
  for (const Policy& policy : current) {
    if (Find(wanted, policy.name) == nullptr) {
      changes.push_back({PolicyChange::Kind::kRemove, policy.name, Differences(policy, Policy{})});
    }
  }
  return changes;
}

std::string FormatChange(const PolicyChange& change, bool colour) {
  using Kind = PolicyChange::Kind;
  const char sign = change.kind == Kind::kAdd ? '+' : change.kind == Kind::kRemove ? '-' : '~';
  const Style style = change.kind == Kind::kAdd      ? Style::kGood
                      : change.kind == Kind::kRemove ? Style::kBad
                                                     : Style::kWarning;
  std::string out =
      Paint(fmt::format("{} policy {}", sign, EscapeForTerminal(change.name)), style, colour) +
      "\n";
  for (const FieldChange& field : change.fields) {
    std::string value;
    switch (change.kind) {
      case Kind::kAdd:
        value = Shown(field.name, field.after);
        break;
      case Kind::kRemove:
        value = Shown(field.name, field.before);
        break;
      case Kind::kAlter:
        value = Shown(field.name, field.before) + " -> " + Shown(field.name, field.after);
        break;
    }
    out += fmt::format("    {:<16} {}\n", field.name, value);
  }
  return out;
}

}  // namespace jit::core
