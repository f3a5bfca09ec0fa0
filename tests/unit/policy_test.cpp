// The policy file and what differs from the database.
#include "core/policy_file.h"

#include <gtest/gtest.h>

namespace jit::core {
namespace {

std::string OnlyError(std::string_view text) {
  const PolicyFile file = ParsePolicyFile(text);
  EXPECT_EQ(file.errors.size(), 1u);
  return file.errors.empty() ? "" : FormatFileError("p.toml", file.errors.front());
}

constexpr std::string_view kFull = R"([[policy]]
name = "orders"
priority = 60
requester = "sales"
privileges = ["update", "SELECT"]
objects = ["shop.*", "shop.orders"]
max_duration = "1 hour"
approvals = 2
approver = "dba"
reason_pattern = '^INC-[0-9]+'
ticket_required = true
active_hours = "Mon-Fri 08:00-18:00"
lapse_after = "4h"
break_glass = true
blank_values = true

[[policy]]
name = "no-payroll"
objects = ["payroll.*"]
verdict = "deny"
)";

TEST(PolicyFile, reads_every_key) {
  const PolicyFile file = ParsePolicyFile(kFull);
  ASSERT_TRUE(file.errors.empty()) << file.errors.front().message;
  ASSERT_EQ(file.policies.size(), 2u);
  const Policy& p = file.policies[0];
  EXPECT_EQ(p.name, "orders");
  EXPECT_EQ(p.priority, 60);
  EXPECT_EQ(p.requester, "sales");
  EXPECT_EQ(p.privileges, (std::vector<std::string>{"update", "SELECT"}));
  EXPECT_EQ(p.objects, (std::vector<std::string>{"shop.*", "shop.orders"}));
  EXPECT_EQ(p.max_duration, "1 hour");
  EXPECT_EQ(p.approvals, 2);
  EXPECT_EQ(p.approver, "dba");
  EXPECT_EQ(p.reason_pattern, "^INC-[0-9]+");
  EXPECT_TRUE(p.ticket_required);
  EXPECT_EQ(p.active_hours, "Mon-Fri 08:00-18:00");
  EXPECT_EQ(p.lapse_after, "4h");
  EXPECT_TRUE(p.break_glass);
  EXPECT_TRUE(p.blank_values);
  EXPECT_EQ(p.verdict, "allow");
}

TEST(PolicyFile, what_is_left_out_is_the_tables_default) {
  const Policy p = ParsePolicyFile(kFull).policies.at(1);
  EXPECT_EQ(p.priority, 100);
  EXPECT_EQ(p.approvals, 1);
  EXPECT_EQ(p.approver, "jit_approver");
  EXPECT_FALSE(p.requester);
  EXPECT_FALSE(p.privileges);
  EXPECT_FALSE(p.max_duration);
}

TEST(PolicyFile, an_unknown_key_is_refused_with_its_line) {
  EXPECT_EQ(OnlyError("[[policy]]\nname = \"a\"\naprovals = 2\n"),
            "p.toml:3: unknown key \"aprovals\", did you mean \"approvals\"?");
  EXPECT_EQ(OnlyError("[[policy]]\nname = \"a\"\n\n[[polcy]]\nname = \"b\"\n"),
            "p.toml:4: unknown key \"polcy\", did you mean \"policy\"?");
}

TEST(PolicyFile, a_wrong_type_or_value_is_refused_with_its_line) {
  EXPECT_EQ(OnlyError("[[policy]]\nname = \"a\"\napprovals = \"2\"\n"),
            "p.toml:3: \"approvals\" must be a whole number from 0 to 100");
  EXPECT_EQ(OnlyError("[[policy]]\nname = \"a\"\napprovals = -1\n"),
            "p.toml:3: \"approvals\" must be a whole number from 0 to 100");
  EXPECT_EQ(OnlyError("[[policy]]\nname = \"a\"\nverdict = \"maybe\"\n"),
            "p.toml:3: \"verdict\" must be one of allow, deny");
  EXPECT_EQ(OnlyError("[[policy]]\nname = \"a\"\nticket_required = 1\n"),
            "p.toml:3: \"ticket_required\" must be true or false");
  EXPECT_EQ(
      OnlyError("[[policy]]\nname = \"a\"\nmax_duration = \"an hour\"\n"),
      "p.toml:3: \"max_duration\" must be a length of time such as \"30 minutes\" or \"1h30m\"");
  EXPECT_EQ(
      OnlyError("[[policy]]\nname = \"a\"\nmax_duration = \"0s\"\n"),
      "p.toml:3: \"max_duration\" must be a length of time such as \"30 minutes\" or \"1h30m\"");
  EXPECT_EQ(OnlyError("[[policy]]\nname = \"a\"\nobjects = \"shop.*\"\n").substr(0, 37),
            "p.toml:3: \"objects\" must be a list of");
}

TEST(PolicyFile, an_empty_list_is_not_any) {
  EXPECT_NE(OnlyError("[[policy]]\nname = \"a\"\nobjects = []\n").find("leave the key out"),
            std::string::npos);
}

TEST(PolicyFile, a_policy_needs_a_name_of_its_own) {
  EXPECT_EQ(OnlyError("\n[[policy]]\npriority = 1\n"), "p.toml:2: a policy needs a \"name\"");
  EXPECT_EQ(OnlyError("[[policy]]\nname = \"a\"\n[[policy]]\nname = \"a\"\n"),
            "p.toml:3: policy \"a\" is already in line 1");
}

TEST(PolicyFile, a_syntax_error_has_its_line) {
  const PolicyFile file = ParsePolicyFile("[[policy]]\nname = \n");
  ASSERT_EQ(file.errors.size(), 1u);
  EXPECT_EQ(file.errors[0].line, 2u);
}

TEST(PolicyFile, all_mistakes_are_told_in_the_order_of_lines) {
  const PolicyFile file = ParsePolicyFile("[[policy]]\nnme = \"a\"\n[[policy]]\nname = 1\n");
  ASSERT_EQ(file.errors.size(), 3u);
  EXPECT_EQ(file.errors[0].line, 1u);
  EXPECT_EQ(file.errors[1].line, 2u);
  EXPECT_EQ(file.errors[2].line, 4u);
}

TEST(PolicyFile, what_is_written_reads_back_without_a_difference) {
  std::vector<Policy> policies = ParsePolicyFile(kFull).policies;
  policies[0].reason_pattern = "quote \" and \\ and 'x'";
  const PolicyFile again = ParsePolicyFile(FormatPolicyFile(policies));
  ASSERT_TRUE(again.errors.empty()) << again.errors.front().message << FormatPolicyFile(policies);
  EXPECT_TRUE(DiffPolicies(policies, again.policies).empty());
}

TEST(DiffPolicies, spelling_is_no_difference) {
  Policy a;
  a.name = "p";
  a.privileges = {{"select", "UPDATE"}};
  a.objects = {{"b.*", "a.*"}};
  a.max_duration = "60 minutes";
  a.lapse_after = "24:00:00";
  Policy b = a;
  b.privileges = {{"UPDATE", "SELECT"}};
  b.objects = {{"a.*", "b.*"}};
  b.max_duration = "01:00:00";
  b.lapse_after = "1 day";
  EXPECT_TRUE(DiffPolicies({a}, {b}).empty());
}

TEST(DiffPolicies, all_stands_for_what_the_database_stores) {
  Policy a;
  a.name = "p";
  a.privileges = {{"ALL"}};
  Policy b = a;
  b.privileges = {{"SELECT", "INSERT", "UPDATE", "DELETE"}};
  EXPECT_TRUE(DiffPolicies({a}, {b}).empty());
}

TEST(DiffPolicies, any_and_a_list_differ) {
  Policy a;
  a.name = "p";
  Policy b = a;
  b.objects = {{"*.*"}};
  const auto changes = DiffPolicies({a}, {b});
  ASSERT_EQ(changes.size(), 1u);
  ASSERT_EQ(changes[0].fields.size(), 1u);
  EXPECT_EQ(changes[0].fields[0].name, "objects");
  EXPECT_FALSE(changes[0].fields[0].before);
  EXPECT_EQ(changes[0].fields[0].after, "*.*");
}

TEST(DiffPolicies, every_field_counts) {
  const Policy before = [] {
    Policy p;
    p.name = "p";
    return p;
  }();
  const std::vector<void (*)(Policy&)> edits{[](Policy& p) { p.priority = 1; },
                                             [](Policy& p) { p.requester = "r"; },
                                             [](Policy& p) { p.privileges = {{"SELECT"}}; },
                                             [](Policy& p) { p.objects = {{"a.b"}}; },
                                             [](Policy& p) { p.max_duration = "1h"; },
                                             [](Policy& p) { p.approvals = 0; },
                                             [](Policy& p) { p.approver = "x"; },
                                             [](Policy& p) { p.reason_pattern = "x"; },
                                             [](Policy& p) { p.ticket_required = true; },
                                             [](Policy& p) { p.active_hours = "08:00-09:00"; },
                                             [](Policy& p) { p.lapse_after = "1h"; },
                                             [](Policy& p) { p.verdict = "deny"; },
                                             [](Policy& p) { p.break_glass = true; },
                                             [](Policy& p) { p.blank_values = true; }};
  EXPECT_EQ(edits.size(), FieldsOf(before).size());
  for (std::size_t i = 0; i < edits.size(); ++i) {
    Policy after = before;
    edits[i](after);
    const auto changes = DiffPolicies({before}, {after});
    ASSERT_EQ(changes.size(), 1u) << FieldsOf(before)[i].name;
    EXPECT_EQ(changes[0].fields[0].name, FieldsOf(before)[i].name);
  }
}

TEST(DiffPolicies, adds_alters_and_removes) {
  Policy kept, gone, fresh;
  kept.name = "kept";
  gone.name = "gone";
  fresh.name = "fresh";
  Policy altered = kept;
  altered.approvals = 2;
  const auto changes = DiffPolicies({gone, kept}, {fresh, altered});
  ASSERT_EQ(changes.size(), 3u);
  EXPECT_EQ(changes[0].kind, PolicyChange::Kind::kAdd);
  EXPECT_EQ(changes[1].kind, PolicyChange::Kind::kAlter);
  EXPECT_EQ(changes[2].kind, PolicyChange::Kind::kRemove);
  EXPECT_EQ(FormatChange(changes[1], false), "~ policy kept\n    approvals        1 -> 2\n");
}

TEST(FormatChange, a_hostile_name_is_escaped) {
  EXPECT_EQ(FormatChange({PolicyChange::Kind::kRemove, "a\x1b[2J", {}}, false),
            "- policy a\\x1b[2J\n");
}

}  // namespace
}  // namespace jit::core
