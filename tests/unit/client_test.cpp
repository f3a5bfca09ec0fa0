// What is checked before a token is sent, and what is made of a server's refusals.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "client/error.h"
#include "client/problem.h"
#include "client/token.h"
#include "client/url.h"

namespace jit::client {
namespace {

const std::string kToken = "jit_" + std::string(40, 'a') + "-_9";

ServerUrl Good(const std::string& text) {
  const ParsedUrl parsed = ParseServerUrl(text);
  EXPECT_EQ(parsed.problem, "") << text;
  return parsed.url;
}

TEST(ParseServerUrl, knows_this_machine_and_what_is_secure) {
  EXPECT_TRUE(Good("https://jit.example.com").secure);
  EXPECT_FALSE(Good("https://jit.example.com").loopback);
  EXPECT_FALSE(Good("http://127.0.0.1:8420").secure);
  for (const char* url :
       {"http://127.0.0.1:8420", "http://127.9.9.9", "http://localhost:1", "http://[::1]:8420"}) {
    EXPECT_TRUE(Good(url).loopback) << url;
  }
  for (const char* url : {"http://127.0.0.1.example.com", "http://localhost.example.com",
                          "http://10.0.0.1", "http://[::2]", "http://128.0.0.1"}) {
    EXPECT_FALSE(Good(url).loopback) << url;
  }
}

TEST(ParseServerUrl, keeps_a_prefix_without_its_slash) {
  EXPECT_EQ(Good("https://example.com/jit/").base, "https://example.com/jit");
  EXPECT_EQ(Good("https://example.com:8443").base, "https://example.com:8443");
  EXPECT_EQ(Good("https://example.com/").base, "https://example.com");
}

TEST(ParseServerUrl, refuses_what_is_no_server_and_repeats_no_password) {
  for (const char* url : {"", "example.com", "ftp://example.com", "file:///etc/passwd",
                          "https://u:secret@example.com", "https://example.com/?token=secret",
                          "https://example.com/#secret", "https://"}) {
    const std::string problem = ParseServerUrl(url).problem;
    EXPECT_NE(problem, "") << url;
    EXPECT_EQ(problem.find("secret"), std::string::npos);
  }
}

TEST(Escape, leaves_only_what_is_plain) {
  EXPECT_EQ(Escape("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(Escape("a b&c=d/é"), "a%20b%26c%3Dd%2F%C3%A9");
}

TEST(TokenOf, takes_a_token_with_space_around_it) {
  EXPECT_EQ(TokenOf(" " + kToken + "\r\n", "x"), kToken);
}

TEST(TokenOf, what_is_none_is_not_repeated) {
  for (const std::string& text :
       {std::string(), std::string("jit_short"), kToken + "x", "JIT_" + kToken.substr(4),
        kToken.substr(0, 46) + "\n", kToken.substr(0, 20) + "\n" + kToken.substr(21)}) {
    try {
      TokenOf(text, "JIT_TOKEN");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::kUsage);
      EXPECT_STREQ(error.what(), "JIT_TOKEN does not hold a token");
    }
  }
}

TEST(ReadTokenFile, only_of_a_file_that_others_cannot_read) {
  const std::string path = testing::TempDir() + "token_test";
  std::ofstream(path) << kToken << "\n";
  ::chmod(path.c_str(), 0600);
  EXPECT_EQ(ReadTokenFile(path), kToken);
  for (const mode_t mode : {0640, 0604, 0620, 0666}) {
    ::chmod(path.c_str(), mode);
    EXPECT_THROW(ReadTokenFile(path), Error) << mode;
  }
  std::filesystem::remove(path);
  EXPECT_THROW(ReadTokenFile(path), Error);
}

constexpr const char* kProblem = "application/problem+json";

TEST(Refuse, what_the_database_refused_is_the_databases_error) {
  try {
    Refuse(403, kProblem,
           R"({"type": "urn:jit-access:problem:forbidden", "title": "Not allowed", "status": 403,
               "detail": "d", "sqlstate": "42501", "message": "m", "database_detail": "dd", "hint": "h"})");
  } catch (const pg::Error& error) {
    EXPECT_EQ(error.kind(), pg::Error::Kind::kStatement);
    EXPECT_EQ(error.sqlstate(), "42501");
    EXPECT_STREQ(error.what(), "m");
    EXPECT_EQ(error.fields().detail, "dd");
    EXPECT_EQ(error.fields().hint, "h");
  }
}

core::ExitCode CodeOf(long status, const std::string& slug) {
  try {
    Refuse(status, kProblem,
           R"({"type": "urn:jit-access:problem:)" + slug + R"(", "detail": "what happened"})");
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "what happened");
    return error.code();
  }
}

TEST(Refuse, each_status_has_the_exit_code_of_its_like) {
  EXPECT_EQ(CodeOf(401, "not-authenticated"), core::ExitCode::kNotAllowed);
  EXPECT_EQ(CodeOf(403, "scope"), core::ExitCode::kNotAllowed);
  EXPECT_EQ(CodeOf(404, "not-found"), core::ExitCode::kNotFound);
  EXPECT_EQ(CodeOf(404, "unknown-target"), core::ExitCode::kUsage);
  EXPECT_EQ(CodeOf(422, "invalid-field"), core::ExitCode::kUsage);
  EXPECT_EQ(CodeOf(409, "session-busy"), core::ExitCode::kWrongState);
  EXPECT_EQ(CodeOf(429, "too-many-attempts"), core::ExitCode::kFailed);
  EXPECT_EQ(CodeOf(503, "target-unavailable"), core::ExitCode::kUnreachable);
  EXPECT_EQ(CodeOf(504, "timed-out"), core::ExitCode::kTimedOut);
  EXPECT_EQ(CodeOf(500, "internal"), core::ExitCode::kFailed);
}

TEST(Refuse, an_answer_of_something_else_is_not_repeated) {
  for (const char* body :
       {"<html>", "[]", R"({"type": "about:blank", "detail": "x"})", R"({"type": 5})", ""}) {
    try {
      Refuse(404, kProblem, body);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), core::ExitCode::kFailed);
      EXPECT_NE(std::string(error.what()).find("not jit-coordinator's"), std::string::npos);
    }
  }
  EXPECT_THROW(Refuse(502, "text/html", "bad gateway"), Error);
}

}  // namespace
}  // namespace jit::client
