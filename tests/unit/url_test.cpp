// The target of a request line: what is a path here, and what is none.
#include "http/url.h"

#include <gtest/gtest.h>

namespace jit::http {
namespace {

using Strings = std::vector<std::string>;

Strings SegmentsOf(std::string_view target) {
  const auto url = ParseUrl(target);
  return url ? url->segments : Strings{"refused"};
}

TEST(Url, a_path_is_its_segments) {
  EXPECT_EQ(SegmentsOf("/"), Strings{""});
  EXPECT_EQ(SegmentsOf("/healthz"), Strings{"healthz"});
  EXPECT_EQ(SegmentsOf("/api/v1/me"), (Strings{"api", "v1", "me"}));
  EXPECT_EQ(SegmentsOf("/..."), Strings{"..."});
}

TEST(Url, an_escaped_slash_is_part_of_a_name_and_parts_nothing) {
  EXPECT_EQ(SegmentsOf("/tables/a%2Fb/c%2fd"), (Strings{"tables", "a/b", "c/d"}));
  EXPECT_EQ(SegmentsOf("/a%2f..%2fb"), Strings{"a/../b"});
  EXPECT_EQ(SegmentsOf("/a%3Fb%23c%25"), Strings{"a?b#c%"});
}

TEST(Url, nothing_is_decoded_twice) { EXPECT_EQ(SegmentsOf("/%252e%252e"), Strings{"%2e%2e"}); }

TEST(Url, a_plus_is_a_plus_in_a_path_and_a_space_in_a_query) {
  const auto url = ParseUrl("/a+b?c+d=e+f%2Bg");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->segments, Strings{"a+b"});
  ASSERT_EQ(url->query.size(), 1u);
  EXPECT_EQ(url->query[0], (std::pair<std::string, std::string>("c d", "e f+g")));
}

TEST(Url, the_path_stays_as_it_came) {
  EXPECT_EQ(ParseUrl("/a%2fb?x=y")->path, "/a%2fb");
  EXPECT_EQ(ParseUrl("/?/..")->path, "/");
}

TEST(Url, no_segment_leads_elsewhere) {
  for (const char* target :
       {"/.", "/..", "/a/..", "/../a", "/a/./b", "/a/../b", "/%2e%2e", "/a/%2E/b", "/.%2e/b"})
    EXPECT_FALSE(ParseUrl(target)) << target;
}

TEST(Url, a_path_has_one_spelling) {
  for (const char* target : {"//", "//a", "/a//b", "/a/", "/a//"})
    EXPECT_FALSE(ParseUrl(target)) << target;
}

TEST(Url, only_a_path_is_taken) {
  for (const char* target :
       {"", "*", "a", "http://host/a", "127.0.0.1:80", "\\a", "/a\\b", "/a#b", "?a=b"})
    EXPECT_FALSE(ParseUrl(target)) << target;
}

TEST(Url, escapes_that_are_none_are_refused) {
  for (const char* target :
       {"/%", "/%4", "/a%4", "/%zz", "/%4g", "/%%41", "/?a=%", "/?%4=b", "/%+1", "/% 1"})
    EXPECT_FALSE(ParseUrl(target)) << target;
}

TEST(Url, no_nul_gets_through_wherever_it_stands) {
  for (const char* target : {"/%00", "/a%00b", "/?a%00=b", "/?a=b%00"})
    EXPECT_FALSE(ParseUrl(target)) << target;
  EXPECT_FALSE(ParseUrl(std::string_view("/a\0b", 4)));
}

TEST(Url, raw_controls_spaces_and_bytes_beyond_ascii_are_refused) {
  for (const char* target : {"/a b", "/a\tb", "/a\r\nX: y", "/\x7f", "/\xc3\xa4", "/?a=\n"})
    EXPECT_FALSE(ParseUrl(target)) << target;
}

TEST(Url, what_is_decoded_is_utf8) {
  EXPECT_EQ(SegmentsOf("/%C3%A4"), Strings{"ä"});
  for (const char* target : {"/%ff", "/%c0%ae%c0%ae", "/%ed%a0%80", "/%c3", "/?a=%ff", "/?%80=b"})
    EXPECT_FALSE(ParseUrl(target)) << target;
}

TEST(Url, parameters_keep_their_order_and_their_repetitions) {
  const auto url = ParseUrl("/a?b=1&&b=2&c&=d&e=f=g&");
  ASSERT_TRUE(url);
  const std::vector<std::pair<std::string, std::string>> expected{
      {"b", "1"}, {"b", "2"}, {"c", ""}, {"", "d"}, {"e", "f=g"}};
  EXPECT_EQ(url->query, expected);
}

TEST(Url, what_is_escaped_is_read_back) {
  std::string all;
  for (int c = 1; c < 128; ++c) all += static_cast<char>(c);
  all += "äöü日本";
  EXPECT_EQ(SegmentsOf("/a/" + PercentEncode(all)), (Strings{"a", all}));
  EXPECT_EQ(ParseUrl("/?x=" + PercentEncode(all))->query[0].second, all);
  EXPECT_EQ(PercentEncode("aZ09-_.~"), "aZ09-_.~");
  EXPECT_EQ(PercentEncode("/ \xff"), "%2F%20%FF");
}

}  // namespace
}  // namespace jit::http
