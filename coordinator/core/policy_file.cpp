#include "core/policy_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <sstream>

namespace jit::core {
namespace {

constexpr std::int64_t kMaxPriority = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMaxApprovals = 100;

Policy ReadPolicy(const toml::table& table, std::vector<FileError>& errors) {
  TomlReader in(table, errors);
  Policy policy;
  if (const auto name = in.String("name")) {
    policy.name = *name;
  } else if (!table.contains("name")) {
    in.Fail("name", "a policy needs a \"name\"");
  }
  policy.priority = in.Integer("priority", -kMaxPriority, kMaxPriority).value_or(policy.priority);
  policy.requester = in.String("requester");
  policy.privileges = in.Strings("privileges");
  policy.objects = in.Strings("objects");
  policy.max_duration = in.Length("max_duration");
  policy.approvals = in.Integer("approvals", 0, kMaxApprovals).value_or(policy.approvals);
  policy.approver = in.String("approver").value_or(policy.approver);
  policy.reason_pattern = in.String("reason_pattern");
  policy.ticket_required = in.Bool("ticket_required").value_or(policy.ticket_required);
  policy.active_hours = in.String("active_hours");
  policy.lapse_after = in.Length("lapse_after");
  policy.verdict = in.OneOf("verdict", {"allow", "deny"}).value_or(policy.verdict);
  policy.break_glass = in.Bool("break_glass").value_or(policy.break_glass);
  policy.blank_values = in.Bool("blank_values").value_or(policy.blank_values);
  in.Finish();
  return policy;
}

std::string TomlString(const std::string& text) {
  std::ostringstream out;
  out << toml::value<std::string>(text);
  return out.str();
}

std::string TomlList(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ", ";
    out += TomlString(item);
  }
  return out + "]";
}

void AppendKey(std::string& out, std::string_view key, const std::string& value) {
  out += fmt::format("{} = {}\n", key, value);
}

void AppendText(std::string& out, std::string_view key, const OptionalText& value) {
  if (value) AppendKey(out, key, TomlString(*value));
}

}  // namespace

PolicyFile ParsePolicyFile(std::string_view text) {
  PolicyFile file;
  const auto root = ParseToml(text, file.errors);
  if (!root) return file;
  TomlReader in(*root, file.errors);
  if (const toml::array* tables = in.TableArray("policy")) {
    std::vector<std::size_t> lines;
    for (const toml::node& node : *tables) {
      const toml::table& table = *node.as_table();
      Policy policy = ReadPolicy(table, file.errors);
      const auto twin = std::find_if(file.policies.begin(), file.policies.end(),
                                     [&](const Policy& p) { return p.name == policy.name; });
      if (twin != file.policies.end() && !policy.name.empty()) {
        const std::size_t first = lines[static_cast<std::size_t>(twin - file.policies.begin())];
        file.errors.push_back(
            {table.source().begin.line,
             fmt::format("policy \"{}\" is already in line {}", policy.name, first)});
      }
      lines.push_back(table.source().begin.line);
      file.policies.push_back(std::move(policy));
    }
  }
  in.Finish();
  std::stable_sort(file.errors.begin(), file.errors.end(),
                   [](const FileError& a, const FileError& b) { return a.line < b.line; });
  return file;
}

std::string FormatPolicyFile(const std::vector<Policy>& policies) {
  const Policy defaults;
  std::string out;
  for (const Policy& policy : policies) {
    if (!out.empty()) out += "\n";
    out += "[[policy]]\n";
    AppendKey(out, "name", TomlString(policy.name));
    AppendKey(out, "priority", fmt::to_string(policy.priority));
    AppendText(out, "requester", policy.requester);
    if (policy.privileges) AppendKey(out, "privileges", TomlList(*policy.privileges));
    if (policy.objects) AppendKey(out, "objects", TomlList(*policy.objects));
    AppendText(out, "max_duration", policy.max_duration);
    AppendKey(out, "approvals", fmt::to_string(policy.approvals));
    if (policy.approver != defaults.approver) AppendText(out, "approver", policy.approver);
    AppendText(out, "reason_pattern", policy.reason_pattern);
    if (policy.ticket_required) AppendKey(out, "ticket_required", "true");
    AppendText(out, "active_hours", policy.active_hours);
    AppendText(out, "lapse_after", policy.lapse_after);
    if (policy.verdict != defaults.verdict) AppendText(out, "verdict", policy.verdict);
    if (policy.break_glass) AppendKey(out, "break_glass", "true");
    if (policy.blank_values) AppendKey(out, "blank_values", "true");
  }
  return out;
}

}  // namespace jit::core
