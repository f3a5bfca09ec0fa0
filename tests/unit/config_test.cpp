// The configuration: what it says, what it refuses, where it is found.
#include "config/config.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

#include <map>

namespace jit::config {
namespace {

std::string OnlyError(std::string_view text) {
  const Loaded loaded = Parse(text);
  EXPECT_EQ(loaded.errors.size(), 1u);
  return loaded.errors.empty() ? "" : core::FormatFileError("c.toml", loaded.errors.front());
}

TEST(Config, reads_every_key) {
  const Loaded loaded = Parse(R"(poll_interval = "5s"
connect_timeout = "3s"
query_timeout = "1m"
[log]
level = "debug"
format = "json"
[reconnect]
min = "100ms"
max = "10s"
[audit]
anchor_interval = "10m"
anchor_file = "/var/lib/a.jsonl"
[target.shop]
conninfo = "host=db1 dbname=shop"
user = "jit_daemon"
passfile = "/run/pgpass"
poll_interval = "30s"
anchor_interval = "1h"
anchor_file = ""
[target.orders]
conninfo = "postgresql://db2/orders"
)");
  ASSERT_TRUE(loaded.errors.empty()) << loaded.errors.front().message;
  const Config& c = loaded.config;
  EXPECT_EQ(c.connect_timeout, std::chrono::seconds{3});
  EXPECT_EQ(c.query_timeout, std::chrono::minutes{1});
  EXPECT_EQ(c.log_level, "debug");
  EXPECT_EQ(c.log_format, "json");
  EXPECT_EQ(c.reconnect_min, milliseconds{100});
  EXPECT_EQ(c.reconnect_max, std::chrono::seconds{10});
  ASSERT_EQ(c.targets.size(), 2u);
  EXPECT_EQ(*c.Find("shop"),
            (Target{"shop", "host=db1 dbname=shop", "jit_daemon", "/run/pgpass", "", "/run/pgpass",
                    std::chrono::seconds{30}, std::chrono::hours{1}, ""}));
  EXPECT_EQ(c.Find("orders")->anchor_interval, std::chrono::minutes{10});
  EXPECT_EQ(c.Find("orders")->anchor_file, "/var/lib/a.jsonl");
  EXPECT_EQ(c.Find("orders")->poll_interval, std::chrono::seconds{5});
  EXPECT_EQ(c.Find("nowhere"), nullptr);
}

TEST(Config, mistakes_have_their_line) {
  EXPECT_EQ(OnlyError("poll_intervall = \"5s\"\n"),
            "c.toml:1: unknown key \"poll_intervall\", did you mean \"poll_interval\"?");
  EXPECT_EQ(OnlyError("\n[log]\nlevel = \"loud\"\n"),
            "c.toml:3: \"level\" must be one of debug, info, warning, error");
  EXPECT_EQ(OnlyError("[target.a]\nconninfo = \"dbname=a\"\nusr = \"x\"\n"),
            "c.toml:3: unknown key \"usr\", did you mean \"user\"?");
  EXPECT_EQ(OnlyError("[target.a]\nuser = \"x\"\n"), "c.toml:1: target \"a\" needs a \"conninfo\"");
  EXPECT_EQ(OnlyError("query_timeout = \"0s\"\n"),
            "c.toml:1: \"query_timeout\" must be a length of time such as \"10s\" or \"500ms\"");
  EXPECT_EQ(OnlyError("query_timeout = 30\n"), "c.toml:1: \"query_timeout\" must be a string");
  EXPECT_EQ(OnlyError("[reconnect]\nmin = \"1m\"\nmax = \"1s\"\n"),
            "c.toml:2: \"min\" is longer than \"max\"");
  EXPECT_EQ(OnlyError("[target.a]\nconninfo = \"dbname=a\"\n[target.a]\nconninfo = \"dbname=b\"\n")
                .substr(0, 9),
            "c.toml:3:");
}

TEST(Config, a_password_is_refused_and_not_repeated) {
  for (const char* conninfo :
       {"dbname=a password=s3cret", "postgresql://u:s3cret@h/a", "dbname=a sslpassword=s3cret"}) {
    const std::string error = OnlyError(fmt::format("[target.a]\nconninfo = \"{}\"\n", conninfo));
    EXPECT_EQ(error.substr(0, 9), "c.toml:2:") << error;
    EXPECT_NE(error.find("password"), std::string::npos) << error;
    EXPECT_EQ(error.find("s3cret"), std::string::npos) << error;
  }
}

TEST(Config, a_connection_string_that_libpq_cannot_read_is_refused_and_not_repeated) {
  const std::string error = OnlyError("[target.a]\nconninfo = \"dbname=a s3cret\"\n");
  EXPECT_NE(error.find("cannot be read"), std::string::npos) << error;
  EXPECT_EQ(error.find("s3cret"), std::string::npos) << error;
  EXPECT_NE(OnlyError("[target.a]\nconninfo = \"shop\"\n").find("connection string"),
            std::string::npos);
}

TEST(Config, a_hash_is_not_cut_off) {
  const Loaded loaded = Parse("[target.a]\nconninfo = \"dbname='a#b' application_name=#x\"\n");
  ASSERT_TRUE(loaded.errors.empty());
  EXPECT_EQ(loaded.config.targets[0].conninfo, "dbname='a#b' application_name=#x");
}

TEST(Config, anchors_are_taken_by_default_and_can_be_switched_off) {
  EXPECT_EQ(Parse("[target.a]\nconninfo = \"dbname=a\"\n").config.targets[0].anchor_interval,
            std::chrono::minutes{5});
  for (const char* never : {"0", "0s"}) {
    const Loaded loaded = Parse(fmt::format(
        "[audit]\nanchor_interval = \"{}\"\n[target.a]\nconninfo = \"dbname=a\"\n", never));
    ASSERT_TRUE(loaded.errors.empty());
    EXPECT_EQ(loaded.config.targets[0].anchor_interval.count(), 0);
  }
  EXPECT_EQ(OnlyError("[audit]\nanchor_interval = \"soon\"\n"),
            "c.toml:2: \"anchor_interval\" must be a length of time such as \"5m\", or \"0\" for "
            "never");
  EXPECT_EQ(OnlyError("[audit]\nanchor_file = \"anchors.jsonl\"\n"),
            "c.toml:2: \"anchor_file\" must be an absolute path, or empty for none");
}

TEST(Config, a_name_is_one_plain_word) {
  EXPECT_NE(OnlyError("[target.\"a b\"]\nconninfo = \"dbname=a\"\n").find("a name is letters"),
            std::string::npos);
  EXPECT_NE(OnlyError("[target.-x]\nconninfo = \"dbname=a\"\n").find("a name is letters"),
            std::string::npos);
}

TEST(Config, a_file_that_is_not_there_is_an_error) {
  EXPECT_EQ(Load("/nonexistent/c.toml").errors.size(), 1u);
}

std::map<std::string, std::string> environment;
std::string existing;
const char* Get(const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? nullptr : found->second.c_str();
}
bool Exists(const std::string& path) { return path == existing; }

TEST(DefaultPath, the_variable_wins_then_the_users_then_the_systems) {
  environment = {{"JIT_COORDINATOR_CONFIG", "/x.toml"}, {"HOME", "/home/a"}};
  existing = "/home/a/.config/jit-coordinator/config.toml";
  EXPECT_EQ(DefaultPath(Get, Exists), "/x.toml");
  environment.erase("JIT_COORDINATOR_CONFIG");
  EXPECT_EQ(DefaultPath(Get, Exists), existing);
  environment["XDG_CONFIG_HOME"] = "/xdg";
  EXPECT_FALSE(DefaultPath(Get, Exists));
  existing = "/xdg/jit-coordinator/config.toml";
  EXPECT_EQ(DefaultPath(Get, Exists), existing);
  existing = "/etc/jit-coordinator.toml";
  EXPECT_EQ(DefaultPath(Get, Exists), existing);
}

}  // namespace
}  // namespace jit::config
