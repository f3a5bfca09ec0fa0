// A policy as the row of jit.policies has it, and what differs between two sets of them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace jit::core {

using OptionalText = std::optional<std::string>;
using OptionalList = std::optional<std::vector<std::string>>;

struct Policy {
  std::string name;
  std::int64_t priority = 100;
  OptionalText requester;   // none = anyone
  OptionalList privileges;  // none = any
  OptionalList objects;     // none = any
  OptionalText max_duration;
  std::int64_t approvals = 1;
  std::string approver = "jit_approver";
  OptionalText reason_pattern;
  bool ticket_required = false;
  OptionalText active_hours;
  OptionalText lapse_after;
  std::string verdict = "allow";
  bool break_glass = false;
  bool blank_values = false;  // keep constants and parameters out of the audit log
};

// A column of jit.policies and its value as shown; none = NULL.
struct PolicyField {
  std::string_view name;
  OptionalText value;

  bool operator==(const PolicyField&) const = default;
};

// Every column but the name, in the table's order and in one canonical spelling: lists sorted,
// privileges in capitals, lengths of time in the short form. Two policies that mean the same have
// the same fields.
std::vector<PolicyField> FieldsOf(const Policy& policy);

struct FieldChange {
  std::string_view name;
  OptionalText before;
  OptionalText after;
};

struct PolicyChange {
  enum class Kind { kAdd, kAlter, kRemove };
  Kind kind;
  std::string name;
  std::vector<FieldChange>
      fields;  // of an added or removed policy: those that differ from the default
};

// What makes current into wanted: what is added and altered in the order of wanted, then what is
// removed.
std::vector<PolicyChange> DiffPolicies(const std::vector<Policy>& current,
                                       const std::vector<Policy>& wanted);

// As a person reads it: '+', '~' and '-' in front, one field a line. The values are escaped for a
// terminal.
std::string FormatChange(const PolicyChange& change, bool colour);

}  // namespace jit::core
