// Headers, cookies and parameters of a request.
#include "http/message.h"

#include <gtest/gtest.h>

namespace jit::http {
namespace {

Request WithCookies(const std::vector<std::string>& lines) {
  Request request;
  for (const std::string& line : lines) request.headers.Add("Cookie", line);
  return request;
}

TEST(Headers, names_are_the_same_in_whatever_case) {
  Headers headers;
  headers.Add("X-CSRF-Token", "a");
  headers.Add("x-csrf-token", "b");
  EXPECT_EQ(headers.Get("x-Csrf-token"), "a");
  EXPECT_EQ(headers.Count("X-CSRF-TOKEN"), 2u);
  EXPECT_EQ(headers.Get("x-csrf"), std::nullopt);
  EXPECT_EQ(headers.Count("x-csrf-tokens"), 0u);
}

TEST(Headers, case_is_of_letters_alone) {
  EXPECT_TRUE(EqualIgnoringCase("Bearer ", "bEARER "));
  EXPECT_FALSE(EqualIgnoringCase("a@b", "a`b"));
  EXPECT_FALSE(EqualIgnoringCase("[", "{"));
  EXPECT_FALSE(EqualIgnoringCase("abc", "ab"));
  EXPECT_FALSE(EqualIgnoringCase("\xc4", "\xe4"));
}

TEST(Cookie, is_found_among_others) {
  const Request request = WithCookies({"a=1;jit_session=s; b=2", "c=3"});
  EXPECT_EQ(request.Cookie("jit_session"), "s");
  EXPECT_EQ(request.Cookie("b"), "2");
  EXPECT_EQ(request.Cookie("c"), "3");
  EXPECT_EQ(request.Cookie("d"), std::nullopt);
}

TEST(Cookie, names_are_whole_and_in_their_case) {
  const Request request = WithCookies(
      {"xjit_session=a; jit_session2=b; JIT_SESSION=c; __Host-jit_session=d; jit_session"});
  EXPECT_EQ(request.Cookie("jit_session"), std::nullopt);
  EXPECT_EQ(request.Cookie("__Host-jit_session"), "d");
}

TEST(Cookie, twice_with_different_values_is_none) {
  EXPECT_EQ(WithCookies({"s=1; s=2"}).Cookie("s"), std::nullopt);
  EXPECT_EQ(WithCookies({"s=1", "s=2"}).Cookie("s"), std::nullopt);
  EXPECT_EQ(WithCookies({"s=1; s="}).Cookie("s"), std::nullopt);
  EXPECT_EQ(WithCookies({"s=1; s=1", "s=1"}).Cookie("s"), "1");
}

TEST(Cookie, a_third_one_does_not_bring_it_back) {
  EXPECT_EQ(WithCookies({"s=1; s=2; s=2"}).Cookie("s"), std::nullopt);
  EXPECT_EQ(WithCookies({"s=1; s=2", "s=1"}).Cookie("s"), std::nullopt);
}

TEST(Cookie, a_value_may_hold_an_equals_sign_and_is_not_decoded) {
  EXPECT_EQ(WithCookies({"s=a=b; t=%41\"x\""}).Cookie("s"), "a=b");
  EXPECT_EQ(WithCookies({"s=a=b; t=%41\"x\""}).Cookie("t"), "%41\"x\"");
}

TEST(Cookie, blanks_around_a_pair_are_not_of_it) {
  EXPECT_EQ(WithCookies({" \t s=1 \t;; ;"}).Cookie("s"), "1");
  EXPECT_EQ(WithCookies({"s =1"}).Cookie("s"), std::nullopt);
}

TEST(Query, the_first_of_several_is_given) {
  Request request;
  request.query = {{"a", "1"}, {"b", ""}, {"a", "2"}};
  EXPECT_EQ(request.Query("a"), "1");
  EXPECT_EQ(request.Query("b"), "");
  EXPECT_EQ(request.Query("A"), std::nullopt);
}

TEST(Reason, each_status_that_is_sent_has_its_phrase) {
  for (const int status : {200, 201, 204, 400, 401, 403, 404, 405, 406, 408, 409,
                           413, 415, 417, 422, 429, 431, 500, 501, 503, 504})
    EXPECT_NE(ReasonOf(status), ReasonOf(999)) << status;
}

TEST(Preferred, is_what_the_client_likes_best_of_what_there_is) {
  const std::vector<std::string_view> can{"application/x-ndjson", "*/*", "text/csv"};
  EXPECT_EQ(Preferred("text/csv", can), "text/csv");
  EXPECT_EQ(Preferred("TEXT/CSV; charset=utf-8", can), "text/csv");
  EXPECT_EQ(Preferred("text/csv, application/x-ndjson", can), "text/csv");
  EXPECT_EQ(Preferred("text/csv;q=0.5, application/x-ndjson", can), "application/x-ndjson");
  EXPECT_EQ(Preferred("text/csv;q=0.5,*/*;q=0.501", can), "*/*");
  EXPECT_EQ(Preferred("text/html, text/csv;q=0.001", can), "text/csv");
  EXPECT_EQ(Preferred("text/csv; q=nonsense", can), "text/csv");
  EXPECT_EQ(Preferred("text/csv;q=0", can), std::nullopt);
  EXPECT_EQ(Preferred("text/csv;q=0.000, image/png", can), std::nullopt);
  EXPECT_EQ(Preferred("", can), std::nullopt);
  EXPECT_EQ(Preferred(",,;;,q=1", can), std::nullopt);
}

}  // namespace
}  // namespace jit::http
