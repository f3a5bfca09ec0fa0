// What the database refused, as a problem of HTTP.
#include "api/problem.h"

#include <gtest/gtest.h>

namespace jit::api {
namespace {

pg::ErrorFields Fields(std::string sqlstate, std::string message = "no") {
  pg::ErrorFields fields;
  fields.sqlstate = std::move(sqlstate);
  fields.message = std::move(message);
  return fields;
}

TEST(Problem, sqlstate_says_the_status) {
  const std::vector<std::pair<const char*, int>> expected{
      {"28000", 401}, {"28P01", 401}, {"42501", 403}, {"42704", 404}, {"55000", 409},
      {"55006", 409}, {"55P03", 409}, {"40001", 409}, {"40P01", 409}, {"23505", 409},
      {"23514", 409}, {"22023", 422}, {"22P02", 422}, {"0A000", 422}, {"0LP01", 422},
      {"P0001", 422}, {"42601", 400}, {"42P01", 400}, {"42703", 400}, {"42883", 400},
      {"3F000", 400}, {"25006", 409}, {"25P02", 409}, {"57014", 409}, {"53300", 503},
      {"53400", 429}, {"08006", 503}, {"08P01", 400}, {"57P01", 503}, {"57P03", 503},
      {"3D000", 503}, {"53100", 500}, {"XX000", 500}, {"P0002", 500}, {"58030", 500},
      {"", 500},      {"4", 500},     {"00000", 500}};
  for (const auto& [sqlstate, status] : expected) {
    EXPECT_EQ(StatusOf(sqlstate), status) << sqlstate;
    EXPECT_EQ(FromDatabase(Fields(sqlstate)).status, status) << sqlstate;
  }
}

TEST(Problem, tells_what_the_database_said) {
  pg::ErrorFields fields = Fields("42501", "permission denied for table orders");
  fields.detail = "d";
  fields.hint = "h";
  fields.position = "15";
  const Json body = Body(FromDatabase(fields));
  EXPECT_EQ(body["type"], "urn:jit-access:problem:forbidden");
  EXPECT_EQ(body["status"], 403);
  EXPECT_EQ(body["detail"], "permission denied for table orders");
  EXPECT_EQ(body["sqlstate"], "42501");
  EXPECT_EQ(body["message"], "permission denied for table orders");
  EXPECT_EQ(body["database_detail"], "d");
  EXPECT_EQ(body["hint"], "h");
  EXPECT_EQ(body["position"], 15);
}

TEST(Problem, what_was_not_said_is_left_out) {
  const Json body = Body(FromDatabase(Fields("42501")));
  for (const char* member : {"database_detail", "hint", "position", "cure", "field"})
    EXPECT_FALSE(body.contains(member)) << member;
}

TEST(Problem, a_statement_timeout_is_no_cancel) {
  EXPECT_EQ(FromDatabase(Fields("57014", "canceling statement due to statement timeout")).status,
            504);
  EXPECT_EQ(FromDatabase(Fields("57014", "canceling statement due to statement timeout")).slug,
            "timed-out");
  EXPECT_EQ(FromDatabase(Fields("57014", "canceling statement due to user request")).status, 409);
}

TEST(Problem, a_deadline_of_ours_is_a_timeout_and_a_lost_connection_the_targets) {
  EXPECT_EQ(FromDatabase(pg::Error::OfTimeout("no answer within 30s")).status, 504);
  const Problem lost = FromDatabase(pg::Error::OfConnection("gone"));
  EXPECT_EQ(lost.status, 503);
  EXPECT_EQ(lost.slug, "target-unavailable");
  EXPECT_EQ(lost.headers.Get("retry-after"), "5");
  EXPECT_EQ(FromDatabase(pg::Error(pg::Error::Kind::kConnection, Fields("28P01"))).status, 401);
}

TEST(Problem, is_sent_as_one) {
  const http::Response response = ToResponse(InvalidField("limit", "too much"));
  EXPECT_EQ(response.status, 422);
  EXPECT_EQ(response.content_type, "application/problem+json");
  const Json body = Json::parse(response.body);
  EXPECT_EQ(body["field"], "limit");
  EXPECT_EQ(body["detail"], "too much");
  EXPECT_EQ(response.headers.Count("www-authenticate"), 0u);
}

TEST(Problem, whoever_is_not_known_is_told_how_to_be) {
  for (const Problem& problem : {NotAuthenticated("x"), SessionEnded("x")}) {
    const http::Response response = ToResponse(problem);
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(response.headers.Get("www-authenticate"), "Bearer realm=\"jit-coordinator\"");
  }
}

TEST(Problem, bytes_that_are_no_utf8_make_no_broken_answer) {
  const http::Response response = ToResponse(FromDatabase(Fields("22021", "bad \xff\xc3 byte")));
  EXPECT_EQ(Json::parse(response.body)["message"], "bad \uFFFD\uFFFD byte");
}

TEST(Problem, what_was_not_read_has_the_type_of_its_status) {
  EXPECT_EQ(Unread(413, "x").slug, "body-too-large");
  EXPECT_EQ(Unread(431, "x").slug, "header-too-large");
  EXPECT_EQ(Unread(500, "x").slug, "internal");
  EXPECT_EQ(Unread(400, "x").slug, "bad-request");
}

TEST(Problem, waits_are_told_to_programs) {
  EXPECT_EQ(TooManyAttempts(17).status, 429);
  EXPECT_EQ(TooManyAttempts(17).headers.Get("Retry-After"), "17");
  EXPECT_EQ(TargetUnavailable("x").headers.Get("Retry-After"), "5");
}

}  // namespace
}  // namespace jit::api
