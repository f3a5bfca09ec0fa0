// The table [api]: what it says, what it refuses, and that no password travels in the clear
// unasked.
#include "config/api_config.h"

#include <gtest/gtest.h>

#include "config/config.h"

namespace jit::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

std::vector<std::string> ErrorsOf(std::string_view text) {
  std::vector<std::string> out;
  for (const auto& error : Parse(text).errors)
    out.push_back(core::FormatFileError("c.toml", error));
  return out;
}

std::string OnlyError(const std::string& keys) {
  const auto errors = ErrorsOf("[api]\n" + keys + "\n");
  EXPECT_EQ(errors.size(), 1u) << keys;
  return errors.empty() ? "" : errors.front();
}

Api Read(const std::string& keys) {
  const Loaded loaded = Parse("[api]\n" + keys + "\n");
  EXPECT_TRUE(loaded.errors.empty())
      << keys << ": " << (loaded.errors.empty() ? "" : loaded.errors.front().message);
  return loaded.config.api.value_or(Api{});
}

TEST(ApiConfig, without_the_table_nothing_is_served) {
  const Loaded loaded = Parse("poll_interval = \"5s\"\n");
  EXPECT_TRUE(loaded.errors.empty());
  EXPECT_FALSE(loaded.config.api);
}

TEST(ApiConfig, what_is_left_out_is_the_cautious_choice) {
  const Api api = Read("");
  EXPECT_EQ(api, Api{});
  EXPECT_EQ(api.host, "127.0.0.1");
  EXPECT_EQ(api.port, 8420);
  EXPECT_FALSE(api.secure());
  EXPECT_FALSE(api.plaintext_beyond_loopback);
  EXPECT_TRUE(api.trusted_proxies.empty());
  EXPECT_TRUE(api.cors_origins.empty());
  EXPECT_EQ(api.max_body, 1 << 20);
  EXPECT_EQ(api.max_header, 16 << 10);
  EXPECT_EQ(api.max_rows, 100'000);
  EXPECT_EQ(api.max_bytes, 100 << 20);
  EXPECT_EQ(api.statement_timeout, minutes{5});
  EXPECT_EQ(api.idle_timeout, minutes{30});
  EXPECT_EQ(api.session_lifetime, std::chrono::hours{12});
  EXPECT_EQ(api.sessions_per_user, 10);
  EXPECT_EQ(api.login_attempts, 10);
  EXPECT_EQ(api.client_timeout, seconds{30});
  EXPECT_EQ(api.max_connections, 4096);
  EXPECT_EQ(api.event_streams_per_user, 100);
  EXPECT_FALSE(api.metrics_for_everyone);
}

TEST(ApiConfig, reads_every_key) {
  const Api api = Read(R"(listen = "[::1]:1"
tls_certificate = "/c.pem"
tls_key = "/k.pem"
plaintext_beyond_loopback = true
public_url = "https://jit.example/"
trusted_proxies = ["10.0.0.1", "fd00::1"]
cors_origins = ["https://portal.example", "http://localhost:3000"]
max_body = "2MiB"
max_header = "8KiB"
max_rows = 7
max_bytes = "1GiB"
statement_timeout = "1s"
idle_timeout = "2m"
session_lifetime = "3h"
sessions_per_user = 4
login_attempts = 5
client_timeout = "500ms"
max_connections = 6
event_streams_per_user = 8
metrics = "everyone")");
  EXPECT_EQ(api.host, "::1");
  EXPECT_EQ(api.port, 1);
  EXPECT_EQ(api.tls_certificate, "/c.pem");
  EXPECT_EQ(api.tls_key, "/k.pem");
  EXPECT_TRUE(api.secure());
  EXPECT_TRUE(api.plaintext_beyond_loopback);
  EXPECT_EQ(api.public_url, "https://jit.example");
  EXPECT_EQ(api.trusted_proxies, (std::vector<std::string>{"10.0.0.1", "fd00::1"}));
  EXPECT_EQ(api.cors_origins,
            (std::vector<std::string>{"https://portal.example", "http://localhost:3000"}));
  EXPECT_EQ(api.max_body, 2 << 20);
  EXPECT_EQ(api.max_header, 8 << 10);
  EXPECT_EQ(api.max_rows, 7);
  EXPECT_EQ(api.max_bytes, 1 << 30);
  EXPECT_EQ(api.statement_timeout, seconds{1});
  EXPECT_EQ(api.idle_timeout, minutes{2});
  EXPECT_EQ(api.session_lifetime, std::chrono::hours{3});
  EXPECT_EQ(api.sessions_per_user, 4);
  EXPECT_EQ(api.login_attempts, 5);
  EXPECT_EQ(api.client_timeout, milliseconds{500});
  EXPECT_EQ(api.max_connections, 6);
  EXPECT_EQ(api.event_streams_per_user, 8);
  EXPECT_TRUE(api.metrics_for_everyone);
}

TEST(ApiConfig, beyond_this_machine_there_is_tls_or_somebody_who_says_otherwise) {
  for (const char* listen : {"0.0.0.0:8420", "192.0.2.1:8420", "[::]:8420", "[2001:db8::1]:8420",
                             "[::ffff:127.0.0.1]:8420", "128.0.0.1:1"}) {
    const std::string key = std::string("listen = \"") + listen + "\"\n";
    EXPECT_NE(OnlyError(key).find("passwords would travel in the clear"), std::string::npos)
        << listen;
    EXPECT_TRUE(Read(key + "tls_certificate = \"/c\"\ntls_key = \"/k\"").secure());
    EXPECT_TRUE(Read(key + "plaintext_beyond_loopback = true").plaintext_beyond_loopback);
  }
  for (const char* listen : {"127.0.0.1:8420", "127.255.0.9:1", "[::1]:8420"})
    Read(std::string("listen = \"") + listen + "\"");
}

TEST(ApiConfig, loopback_is_an_address_not_a_name_that_looks_like_one) {
  EXPECT_TRUE(IsLoopback("127.0.0.1"));
  EXPECT_TRUE(IsLoopback("::1"));
  for (const char* host : {"0.0.0.0", "::", "1.127.0.0", "::ffff:127.0.0.1", "", "localhost"})
    EXPECT_FALSE(IsLoopback(host)) << host;
}

TEST(ApiConfig, listens_on_an_address_and_a_port) {
  for (const char* listen : {"localhost:8420",
                             "127.0.0.1",
                             "8420",
                             ":8420",
                             "127.0.0.1:",
                             "127.0.0.1:65536",
                             "127.0.0.1:-1",
                             "127.0.0.1:+1",
                             "127.0.0.1:80x",
                             "127.0.0.1: 80",
                             "127.0.0.1 :80",
                             "::1:8420",
                             "[::1]",
                             "[::1]8420",
                             "[127.0.0.1]:1",
                             "127.1:80",
                             "127.0.0.1.evil.example:80",
                             "unix:/run/x",
                             "[]:1",
                             "[fe80::1%lo]:1"}) {
    EXPECT_NE(
        OnlyError(std::string("listen = \"") + listen + "\"").find("must be an address and a port"),
        std::string::npos)
        << listen;
  }
}

TEST(ApiConfig, certificate_and_key_go_together) {
  EXPECT_EQ(OnlyError("tls_key = \"/k\""),
            "c.toml:1: \"tls_certificate\" and \"tls_key\" go together");
  EXPECT_EQ(OnlyError("tls_certificate = \"/c\""),
            "c.toml:2: \"tls_certificate\" and \"tls_key\" go together");
  EXPECT_EQ(OnlyError("tls_certificate = \"c\"\ntls_key = \"/k\""),
            "c.toml:2: \"tls_certificate\" must be an absolute path");
  EXPECT_EQ(OnlyError("tls_certificate = \"/c\"\ntls_key = \"k\""),
            "c.toml:3: \"tls_key\" must be an absolute path");
  EXPECT_FALSE(Read("tls_certificate = \"\"\ntls_key = \"\"").secure());
}

TEST(ApiConfig, origins_are_a_scheme_and_a_host) {
  for (const char* url :
       {"jit.example", "ftp://jit.example", "https://", "https://jit.example/path",
        "https://*.example", "//jit.example", "null", "*"}) {
    EXPECT_NE(
        OnlyError(std::string("public_url = \"") + url + "\"").find("must be a scheme and a host"),
        std::string::npos)
        << url;
    EXPECT_NE(OnlyError(std::string("cors_origins = [\"") + url + "\"]").find("is no origin"),
              std::string::npos)
        << url;
  }
}

TEST(ApiConfig, nobody_is_trusted_by_name) {
  for (const char* proxy :
       {"proxy.example", "*", "127.1", "10.0.0.1:80", "[::1]", "10.0.0.0/33", "10.0.0.0/0",
        "10.0.0.0/", "/8", "10.0.0.0/8x", "fd00::/129", "10.0.0.0/-1"})
    EXPECT_NE(OnlyError(std::string("trusted_proxies = [\"") + proxy + "\"]").find("is no address"),
              std::string::npos)
        << proxy;
  EXPECT_TRUE(Read("trusted_proxies = []").trusted_proxies.empty());
}

TEST(ApiConfig, a_proxy_is_known_however_its_address_is_written) {
  EXPECT_EQ(Read("trusted_proxies = [\"FD00:0:0::0001\", \"::ffff:10.0.0.1\", \"0:0:0:0:0:0:0:1\"]")
                .trusted_proxies,
            (std::vector<std::string>{"fd00::1", "10.0.0.1", "::1"}));
  EXPECT_EQ(Read("trusted_proxies = [\"10.0.0.0/8\", \"FD00::/16\"]").trusted_proxies,
            (std::vector<std::string>{"10.0.0.0/8", "fd00::/16"}));
}

TEST(ApiConfig, limits_have_limits) {
  for (const char* key : {"max_body = \"65MiB\"",
                          "max_header = \"2MiB\"",
                          "max_body = \"0\"",
                          "max_header = \"x\"",
                          "max_bytes = 1",
                          "max_rows = 0",
                          "max_rows = 1000000001",
                          "sessions_per_user = 0",
                          "sessions_per_user = 10001",
                          "login_attempts = 0",
                          "login_attempts = -1",
                          "max_connections = 0",
                          "event_streams_per_user = 0",
                          "statement_timeout = \"0s\"",
                          "idle_timeout = 30",
                          "session_lifetime = \"-1h\"",
                          "client_timeout = \"\"",
                          "metrics = \"nobody\"",
                          "metrics = true",
                          "plaintext_beyond_loopback = \"yes\"",
                          "listen = 8420",
                          "trusted_proxies = \"10.0.0.1\"",
                          "cors_origins = [1]"}) {
    EXPECT_EQ(OnlyError(key).substr(0, 9), "c.toml:2:") << key;
  }
}

TEST(ApiConfig, keys_that_nobody_knows_are_refused) {
  EXPECT_EQ(OnlyError("max_boddy = \"1MiB\""),
            "c.toml:2: unknown key \"max_boddy\", did you mean \"max_body\"?");
  EXPECT_EQ(OnlyError("tls = true").substr(0, 26), "c.toml:2: unknown key \"tls");
  EXPECT_FALSE(ErrorsOf("api = true\n").empty());
  EXPECT_FALSE(ErrorsOf("[[api]]\n").empty());
  EXPECT_FALSE(ErrorsOf("[API]\n").empty());
}

}  // namespace
}  // namespace jit::config
