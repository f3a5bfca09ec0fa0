// What crosses the border of the program: SQLSTATE to exit code, colours, secrets, log lines,
// arrays.
#include <gtest/gtest.h>

#include <map>

#include <nlohmann/json.hpp>

#include "core/exit_code.h"
#include "core/look.h"
#include "core/redact.h"
#include "pg/conninfo.h"
#include "pg/error.h"
#include "pg/result.h"
#include "run/log.h"

namespace jit {
namespace {

using core::ExitCode;
using core::ExitCodeFor;

TEST(ExitCodeFor, each_sqlstate_of_the_contract) {
  EXPECT_EQ(ExitCodeFor("42501"), ExitCode::kNotAllowed);
  EXPECT_EQ(ExitCodeFor("28P01"), ExitCode::kNotAllowed);
  EXPECT_EQ(ExitCodeFor("28000"), ExitCode::kNotAllowed);
  EXPECT_EQ(ExitCodeFor("42704"), ExitCode::kNotFound);
  EXPECT_EQ(ExitCodeFor("55000"), ExitCode::kWrongState);
  EXPECT_EQ(ExitCodeFor("55P03"), ExitCode::kWrongState);
  EXPECT_EQ(ExitCodeFor("22023"), ExitCode::kUsage);
  EXPECT_EQ(ExitCodeFor("2201B"), ExitCode::kUsage);
  EXPECT_EQ(ExitCodeFor("08006"), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeFor("57P01"), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeFor("57P03"), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeFor("3D000"), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeFor(""), ExitCode::kUnreachable);
  EXPECT_EQ(ExitCodeFor("57014"), ExitCode::kTimedOut);
  EXPECT_EQ(ExitCodeFor("42P01"), ExitCode::kFailed);
  EXPECT_EQ(ExitCodeFor("0A000"), ExitCode::kFailed);
}

std::map<std::string, std::string> environment;
const char* Get(const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? nullptr : found->second.c_str();
}

TEST(UseColour, only_on_a_terminal_unless_forced_or_forbidden) {
  environment = {};
  EXPECT_TRUE(core::UseColour(Get, true));
  EXPECT_FALSE(core::UseColour(Get, false));
  environment = {{"NO_COLOR", "1"}, {"CLICOLOR_FORCE", "1"}};
  EXPECT_FALSE(core::UseColour(Get, true));
  environment = {{"NO_COLOR", ""}};
  EXPECT_TRUE(core::UseColour(Get, true));
  environment = {{"CLICOLOR_FORCE", "1"}};
  EXPECT_TRUE(core::UseColour(Get, false));
  environment = {{"CLICOLOR_FORCE", "0"}};
  EXPECT_FALSE(core::UseColour(Get, false));
  environment = {{"CLICOLOR", "0"}};
  EXPECT_FALSE(core::UseColour(Get, true));
  environment = {{"TERM", "dumb"}};
  EXPECT_FALSE(core::UseColour(Get, true));
}

TEST(Redact, no_password_stays) {
  EXPECT_EQ(core::Redact("host=a password=s3cret dbname=b"), "host=a password=*** dbname=b");
  EXPECT_EQ(core::Redact("password = 'a b\\'c' x"), "password = *** x");
  EXPECT_EQ(core::Redact("sslpassword=x"), "sslpassword=***");
  EXPECT_EQ(core::Redact("postgresql://u:s3cret@h/db?x=1"), "postgresql://u:***@h/db?x=1");
  EXPECT_EQ(core::Redact("postgresql://u:a@b@h/db"), "postgresql://u:***@h/db");
  EXPECT_EQ(core::Redact("postgresql://h/db?password=s3cret&x=1"),
            "postgresql://h/db?password=***&x=1");
}

TEST(Redact, other_text_stays) {
  for (const char* text :
       {"password authentication failed for user \"x\"", "postgresql://u@h:5432/db", "a://b", ""}) {
    EXPECT_EQ(core::Redact(text), text);
  }
}

TEST(FormatLine, logfmt_quotes_what_could_be_misread) {
  EXPECT_EQ(
      run::FormatLine(run::LogFormat::kLogfmt, "t", run::Level::kInfo, "request",
                      {{"target", "shop"}, {"detail", "say \"hi\"\nlevel=error"}, {"empty", ""}}),
      "time=t level=info msg=\"request\" target=shop detail=\"say \\\"hi\\\"\\nlevel=error\"");
}

TEST(FormatLine, json_is_one_line_and_valid_whatever_comes) {
  const std::string line = run::FormatLine(run::LogFormat::kJson, "t", run::Level::kError,
                                           "no connection", {{"error", "a\n\xff password=x"}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto parsed = nlohmann::json::parse(line);
  EXPECT_EQ(parsed["level"], "error");
  EXPECT_EQ(parsed["error"].get<std::string>().find("password=x"), std::string::npos);
}

TEST(Array, reads_what_postgresql_writes) {
  EXPECT_EQ(pg::ParseArray(R"({a,"b c","d\"e","f\\g",NULL,"NULL",""})"),
            (std::vector<std::string>{"a", "b c", "d\"e", "f\\g", "NULL", ""}));
  EXPECT_TRUE(pg::ParseArray("{}").empty());
  EXPECT_TRUE(pg::ParseArray("").empty());
}

TEST(Array, what_is_written_reads_back) {
  const std::vector<std::string> items{"a", "b,c", "d\"e", "f\\g", "{h}", "", "NULL"};
  EXPECT_EQ(pg::ParseArray(pg::FormatArray(items)), items);
}

TEST(Conninfo, parameters_can_be_replaced_and_are_described_without_secrets) {
  pg::Parameters parameters = pg::ParseConninfo("postgresql://u:s3cret@h:5433/shop");
  pg::Set(parameters, "user", "anna");
  EXPECT_EQ(pg::Describe(parameters).find("s3cret"), std::string::npos);
  EXPECT_NE(pg::Describe(parameters).find("user=anna"), std::string::npos);
  pg::Unset(parameters, "user");
  EXPECT_EQ(pg::Describe(parameters).find("user="), std::string::npos);
  EXPECT_THROW(pg::ParseConninfo("nonsense"), pg::Error);
}

TEST(Conninfo, a_bare_name_is_no_connection_string) {
  EXPECT_FALSE(pg::LooksLikeConninfo("shop"));
  EXPECT_TRUE(pg::LooksLikeConninfo("dbname=shop"));
  EXPECT_TRUE(pg::LooksLikeConninfo("postgresql://h/shop"));
}

}  // namespace
}  // namespace jit
