// What is kept out of the audit log, in the extension's plain C++.

#include "audit/redact.h"

#include <gtest/gtest.h>

#include <string>

namespace jit::audit {
namespace {

std::string Blanked(std::string_view text) { return BlankSecrets(text, false); }

TEST(AuditRedact, blanks_passwords_of_roles) {
  EXPECT_EQ(Blanked("CREATE ROLE r LOGIN PASSWORD 'x'"),
            "CREATE ROLE r LOGIN PASSWORD '<blanked>'");
  EXPECT_EQ(Blanked("alter user r with encrypted password $$x$$ valid until '2030-01-01'"),
            "alter user r with encrypted password '<blanked>' valid until '2030-01-01'");
  EXPECT_EQ(Blanked("ALTER GROUP g /* ' */ PASSWORD -- '\n E'a\\'b'"),
            "ALTER GROUP g /* ' */ PASSWORD -- '\n '<blanked>'");
  EXPECT_EQ(Blanked("ALTER ROLE r PASSWORD forgotten"), "ALTER ROLE r PASSWORD '<blanked>'");
  EXPECT_EQ(Blanked("ALTER ROLE r PASSWORD NULL"), "ALTER ROLE r PASSWORD NULL");
  EXPECT_EQ(Blanked("ALTER ROLE r PASSWORD U&'x' ; SELECT 'y'"),
            "ALTER ROLE r PASSWORD '<blanked>' ; SELECT 'y'");
}

TEST(AuditRedact, blanks_every_string_of_mappings_servers_and_subscriptions) {
  EXPECT_EQ(Blanked("CREATE USER MAPPING FOR u SERVER s OPTIONS (user 'a', password 'b')"),
            "CREATE USER MAPPING FOR u SERVER s OPTIONS (user '<blanked>', password '<blanked>')");
  EXPECT_EQ(Blanked("ALTER SERVER s OPTIONS (SET token 'b')"),
            "ALTER SERVER s OPTIONS (SET token '<blanked>')");
  EXPECT_EQ(Blanked("CREATE SUBSCRIPTION s CONNECTION 'host=x password=y' PUBLICATION p"),
            "CREATE SUBSCRIPTION s CONNECTION '<blanked>' PUBLICATION p");
}

TEST(AuditRedact, looks_into_bodies_and_strings) {
  EXPECT_EQ(Blanked("DO $$ BEGIN ALTER ROLE r PASSWORD 'x'; PERFORM 'y'; END $$"),
            "DO $$ BEGIN ALTER ROLE r PASSWORD '<blanked>'; PERFORM 'y'; END $$");
  EXPECT_EQ(Blanked("DO $a$ BEGIN EXECUTE 'ALTER ROLE r PASSWORD ''x'''; END $a$"),
            "DO $a$ BEGIN EXECUTE '<blanked>'; END $a$");
  EXPECT_EQ(Blanked("EXECUTE format('ALTER ROLE %I PASSWORD %L', 'r', 'x') USING 'kept'"),
            "EXECUTE format('<blanked>', '<blanked>', '<blanked>') USING 'kept'");
  EXPECT_EQ(Blanked("SELECT dblink('host=h password=x', 'SELECT 1'), 'kept'"),
            "SELECT dblink('<blanked>', '<blanked>'), 'kept'");
}

TEST(AuditRedact, leaves_what_only_mentions_them) {
  for (std::string_view text :
       {"SELECT 'x' WHERE 'y' = 'password'", "SELECT 'x' /* ALTER ROLE r PASSWORD 'y' */",
        "SELECT 'x' AS password", "SELECT \"PASSWORD\" 'x'", "SELECT 'create role', 'x'",
        "UPDATE t SET password = 'x'", "SELECT $$kept$$, $1, 'it''s'"})
    EXPECT_EQ(Blanked(text), text);
}

TEST(AuditRedact, tells_secret_values_from_others) {
  for (std::string_view value :
       {"host=h password = x", "postgresql://u:p@h/db", "alter role r password 'x'"})
    EXPECT_TRUE(IsSecret(value)) << value;
  for (std::string_view value : {"", "password", "postgresql://h/db", "my password is long"})
    EXPECT_FALSE(IsSecret(value)) << value;
}

TEST(AuditRedact, blanks_constants) {
  EXPECT_EQ(BlankConstants("SELECT a1, 'x', $$y$$, E'z\\'', 12, 1.5e-3, .5, $1 FROM t2", false),
            "SELECT a1, ?, ?, ?, ?, ?, ?, $1 FROM t2");
  EXPECT_EQ(BlankConstants("SELECT 'a\\' -- b'", true), "SELECT ?");
}

TEST(AuditRedact, ends_where_the_text_does) {
  for (std::string_view text :
       {"'", "\"", "$$", "$a$ x", "/* x", "--", "E'\\", "ALTER ROLE r PASSWORD '",
        "ALTER ROLE r PASSWORD", "(((", ")))", "$", "1e", "U&'", "\\"}) {
    EXPECT_LE(Blanked(text).size(), text.size() + 16) << text;
    BlankConstants(text, false);
  }
}

TEST(AuditRedact, bodies_too_deep_to_look_into_are_blanked_whole) {
  std::string deep = "ALTER ROLE r PASSWORD 'x'";
  for (int i = 0; i < 30; i++) {
    std::string tag = "$t" + std::to_string(i) + "$";
    deep = tag + deep + tag;
  }
  EXPECT_EQ(Blanked(deep).find("'x'"), std::string::npos);
}

}  // namespace
}  // namespace jit::audit
