// Bodies, parameters, numbers and cursors, read strictly.
#include "api/fields.h"

#include <gtest/gtest.h>

#include <chrono>

namespace jit::api {
namespace {

http::Request Posted(std::string body, const std::string& type = "application/json") {
  http::Request request;
  request.method = "POST";
  request.headers.Add("Content-Type", type);
  request.body = std::move(body);
  return request;
}

http::Request Asked(std::vector<std::pair<std::string, std::string>> query) {
  http::Request request;
  request.query = std::move(query);
  return request;
}

// The problem that the work fails with: its slug and field.
template <typename Work>
std::string Refusal(const Work& work) {
  try {
    work();
  } catch (const Failure& failure) {
    const Problem& problem = failure.problem();
    return problem.more.contains("field")
               ? problem.slug + " " + problem.more["field"].get<std::string>()
               : problem.slug;
  }
  return "taken";
}

std::string Parsing(std::string body, bool may_be_empty = false) {
  return Refusal([&] { ParseBody(Posted(std::move(body)), may_be_empty); });
}

std::string Nested(int depth) {
  return R"({"a":)" + std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']') + "}";
}

// Bodies

TEST(ParseBody, takes_a_json_object) {
  EXPECT_EQ(ParseBody(Posted(R"({"a": 1})"), false), Json({{"a", 1}}));
  EXPECT_EQ(ParseBody(Posted("{}", "Application/JSON ; charset=utf-8"), false), Json::object());
}

TEST(ParseBody, takes_nothing_else) {
  for (const char* body : {"[]",
                           "null",
                           "1",
                           "\"x\"",
                           "true",
                           "{",
                           "{}{}",
                           "{}x",
                           "{\"a\":1,}",
                           "{'a':1}",
                           "{a:1}",
                           "NaN",
                           "{\"a\":NaN}",
                           "{\"a\":1e400}",
                           "{\"a\":01}",
                           "{\"a\":\"\n\"}",
                           "{\"a\":\"\xff\"}",
                           "{\"a\":\"\\ud800\"}",
                           "\x01",
                           " ",
                           "/**/{}",
                           "{\"a\":\"\xc0\xaf\"}"}) {
    EXPECT_EQ(Parsing(body), "bad-json") << body;
  }
}

TEST(ParseBody, a_nul_is_not_the_end_of_what_is_read) {
  using namespace std::string_literals;
  for (const std::string& body :
       {"{}\0"s, "{}\0{"s, "{\"a\":\"\0\"}"s, "\0{}"s, "{\0}"s, "{\"a\":1}\0garbage"s})
    EXPECT_EQ(Parsing(body), "bad-json") << body;
}

TEST(ParseBody, empty_is_an_object_only_where_one_may_leave_it_out) {
  EXPECT_EQ(ParseBody(http::Request{}, true), Json::object());
  EXPECT_EQ(Parsing("", false), "bad-json");
  EXPECT_EQ(Refusal([] { ParseBody(http::Request{}, false); }), "unsupported-media-type");
}

TEST(ParseBody, what_a_form_of_another_page_can_send_is_no_json) {
  for (const char* type :
       {"", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data",
        "application/jsonx", "text/json", "application/json, text/plain",
        "text/plain; application/json", "application/problem+json"}) {
    EXPECT_EQ(Refusal([&] { ParseBody(Posted("{}", type), false); }), "unsupported-media-type")
        << type;
  }
  http::Request twice = Posted("{}", "application/json");
  twice.headers.Add("content-type", "text/plain");
  EXPECT_EQ(Refusal([&] { ParseBody(twice, false); }), "unsupported-media-type");
  http::Request none;
  none.body = "{}";
  EXPECT_EQ(Refusal([&] { ParseBody(none, true); }), "unsupported-media-type");
}

TEST(ParseBody, depth_is_limited_whatever_comes_behind_it) {
  EXPECT_EQ(Parsing(Nested(15)), "taken");
  EXPECT_EQ(Parsing(Nested(17)), "bad-json");
  EXPECT_EQ(Parsing(Nested(100'000)), "bad-json");
  EXPECT_EQ(Parsing(std::string(1'000'000, '[')), "bad-json");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_EQ(Parsing(objects), "bad-json");
}

TEST(ParseBody, a_member_that_is_there_twice_is_refused_at_every_depth) {
  EXPECT_EQ(Parsing(R"({"a":1,"a":1})"), "bad-json");
  EXPECT_EQ(Parsing(R"({"a":1,"b":2,"\u0061":3})"), "bad-json");
  EXPECT_EQ(Parsing(R"({"x":{"a":1,"b":2,"a":null}})"), "bad-json");
  EXPECT_EQ(Parsing(R"({"x":[{"a":1},{"a":1,"a":1}]})"), "bad-json");
  EXPECT_EQ(Parsing(R"({"x":[{"a":1},{"a":1}],"a":{"a":{"x":1}},"A":1})"), "taken");
}

// The time that a million bytes take, by the fastest of three.
std::chrono::milliseconds TimeOf(const std::string& body) {
  auto best = std::chrono::milliseconds::max();
  for (int i = 0; i < 3; ++i) {
    const auto begun = std::chrono::steady_clock::now();
    Parsing(body);
    best = std::min(best, std::chrono::duration_cast<std::chrono::milliseconds>(
                              std::chrono::steady_clock::now() - begun));
  }
  return best;
}

TEST(ParseBody, no_body_takes_longer_than_its_length_warrants) {
  std::string objects = R"({"a":[{})";
  while (objects.size() < 1'000'000) objects += ",{}";
  EXPECT_EQ(Parsing(objects + "]}"), "taken");
  EXPECT_LT(TimeOf(objects + "]}"), std::chrono::seconds{5});
  std::string members = "{\"0\":0";
  for (int i = 1; members.size() < 1'000'000; ++i) members += ",\"" + std::to_string(i) + "\":0";
  EXPECT_EQ(Parsing(members + "}"), "bad-json");
  EXPECT_LT(TimeOf(members + "}"), std::chrono::seconds{5});
}

// Members

struct Fields {
  explicit Fields(const std::string& text) : json(ParseBody(Posted(text), false)), fields(json) {}
  Json json;
  BodyFields fields;
};

TEST(BodyFields, values_come_by_their_type) {
  Fields f(R"({"t":"x","b":true,"n":5,"l":["a","b"],"d":"90m","o":{"k":1}})");
  EXPECT_EQ(f.fields.Text("t"), "x");
  EXPECT_EQ(f.fields.RequiredText("t"), "x");
  EXPECT_EQ(f.fields.Bool("b"), true);
  EXPECT_EQ(f.fields.Integer("n", 1, 5), 5);
  EXPECT_EQ(f.fields.Texts("l"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(f.fields.Length("d"), "0 months 0 days 5400000000 microseconds");
  ASSERT_NE(f.fields.Any("o"), nullptr);
  EXPECT_EQ(*f.fields.Any("o"), Json({{"k", 1}}));
  f.fields.Finish();
}

TEST(BodyFields, null_counts_as_left_out) {
  Fields f(R"({"a":null})");
  EXPECT_EQ(f.fields.Text("a"), std::nullopt);
  EXPECT_EQ(f.fields.Bool("a"), std::nullopt);
  EXPECT_EQ(f.fields.Integer("a", 1, 2), std::nullopt);
  EXPECT_EQ(f.fields.Texts("a"), std::nullopt);
  EXPECT_EQ(f.fields.Length("a"), std::nullopt);
  EXPECT_EQ(f.fields.Any("a"), nullptr);
  EXPECT_EQ(f.fields.Text("b"), std::nullopt);
  EXPECT_EQ(Refusal([&] { f.fields.RequiredText("a"); }), "invalid-field a");
  EXPECT_EQ(Refusal([&] { f.fields.RequiredText("b"); }), "invalid-field b");
  f.fields.Finish();
}

TEST(BodyFields, no_type_stands_for_another) {
  for (const char* body :
       {R"({"a":1})", R"({"a":1.5})", R"({"a":true})", R"({"a":[]})", R"({"a":{}})"}) {
    Fields f(body);
    EXPECT_EQ(Refusal([&] { f.fields.Text("a"); }), "invalid-field a") << body;
    EXPECT_EQ(Refusal([&] { f.fields.Length("a"); }), "invalid-field a") << body;
  }
  for (const char* body : {R"({"a":1})", R"({"a":"true"})", R"({"a":[]})", R"({"a":0})"}) {
    Fields f(body);
    EXPECT_EQ(Refusal([&] { f.fields.Bool("a"); }), "invalid-field a") << body;
  }
  for (const char* body :
       {R"({"a":"x"})", R"({"a":[1]})", R"({"a":["x",null]})", R"({"a":{"x":"y"}})"}) {
    Fields f(body);
    EXPECT_EQ(Refusal([&] { f.fields.Texts("a"); }), "invalid-field a") << body;
  }
}

TEST(ParseBody, numbers_that_would_become_others_are_refused) {
  for (const char* body : {"18446744073709551621", "-9223372036854775809", "0.1234567890123456789",
                           "12345678901234567890123e-3", "1.00000000000000000001"})
    EXPECT_EQ(Parsing(std::string(R"({"a":)") + body + "}"), "bad-json") << body;
  for (const char* body : {"0.30000000000000004", "1e300", "-0.0", "0.10", "1.7976931348623157e308",
                           "18446744073709551615", "0.5e-7"})
    EXPECT_EQ(Parsing(std::string(R"({"a":)") + body + "}"), "taken") << body;
}

TEST(BodyFields, numbers_are_whole_and_within_their_bounds) {
  for (const char* body : {"0", "11", "-1", "5.0", "5.5", "1e0", "\"5\"", "true",
                           "9223372036854775807", "9223372036854775808", "18446744073709551615",
                           "100000000000000000000", "-9223372036854775808"}) {
    Fields f(std::string(R"({"a":)") + body + "}");
    EXPECT_EQ(Refusal([&] { f.fields.Integer("a", 1, 10); }), "invalid-field a") << body;
  }
  Fields f(R"({"least":-9223372036854775808,"most":9223372036854775807})");
  EXPECT_EQ(f.fields.Integer("least", INT64_MIN, INT64_MAX), INT64_MIN);
  EXPECT_EQ(f.fields.Integer("most", INT64_MIN, INT64_MAX), INT64_MAX);
}

TEST(BodyFields, no_nul_cuts_a_text_off_unseen) {
  Fields f(R"({"a":"x\u0000y","l":["ok","\u0000"],"d":"1h\u0000"})");
  EXPECT_EQ(Refusal([&] { f.fields.Text("a"); }), "invalid-field a");
  EXPECT_EQ(Refusal([&] { f.fields.RequiredText("a"); }), "invalid-field a");
  EXPECT_EQ(Refusal([&] { f.fields.Texts("l"); }), "invalid-field l");
  EXPECT_EQ(Refusal([&] { f.fields.Length("d"); }), "invalid-field d");
}

TEST(BodyFields, lengths_of_time_are_not_negative_and_nothing_else) {
  for (const char* length :
       {"", "-1h", "1 fortnight", "soon", "1h; DROP TABLE x", "1e9h", "99999999999999999999h"}) {
    Fields f(Json({{"a", length}}).dump());
    EXPECT_EQ(Refusal([&] { f.fields.Length("a"); }), "invalid-field a") << length;
  }
}

TEST(BodyFields, what_nobody_asked_for_is_refused) {
  Fields f(R"({"name":"x","nmae":"y"})");
  f.fields.Text("name");
  EXPECT_EQ(Refusal([&] { f.fields.Finish(); }), "invalid-field nmae");
  Fields other(R"({"Name":null})");
  other.fields.Text("name");
  EXPECT_EQ(Refusal([&] { other.fields.Finish(); }), "invalid-field Name");
  Fields nul(R"({"name\u0000":1})");
  nul.fields.Text("name");
  EXPECT_NE(Refusal([&] { nul.fields.Finish(); }), "taken");
}

// Parameters

TEST(QueryFields, values_come_by_their_type) {
  const http::Request request = Asked({{"t", "x"},
                                       {"o", "all"},
                                       {"b", "true"},
                                       {"n", "30"},
                                       {"when", "2026-11-25T14:30:00+01:00"}});
  QueryFields q(request);
  EXPECT_EQ(q.Text("t"), "x");
  EXPECT_EQ(q.OneOf("o", {"open", "all"}), "all");
  EXPECT_TRUE(q.Bool("b"));
  EXPECT_FALSE(q.Bool("c"));
  EXPECT_EQ(q.Integer("n", 1, 500), 30);
  EXPECT_EQ(q.Time("when").value_or("").substr(0, 19), "2026-11-25T13:30:00");
  q.Finish();
}

TEST(QueryFields, one_that_is_there_twice_is_refused) {
  const http::Request request = Asked({{"a", "1"}, {"a", "1"}});
  QueryFields q(request);
  EXPECT_EQ(Refusal([&] { q.Text("a"); }), "invalid-field a");
  EXPECT_EQ(Refusal([&] { q.Integer("a", 1, 5); }), "invalid-field a");
}

TEST(QueryFields, numbers_are_plain_digits_within_bounds) {
  for (const char* value :
       {"", "0", "501", "-1", "+1", " 1", "1 ", "1.0", "1e1", "0x1", "99999999999999999999"}) {
    const http::Request request = Asked({{"n", value}});
    EXPECT_EQ(Refusal([&] { QueryFields(request).Integer("n", 1, 500); }), "invalid-field n")
        << value;
  }
}

TEST(QueryFields, times_are_points_in_time) {
  for (const char* value : {"", "2h", "now", "yesterday", "infinity", "2026-13-01",
                            "2026-11-25T25:00:00Z", "'; DROP"}) {
    const http::Request request = Asked({{"t", value}});
    EXPECT_EQ(Refusal([&] { QueryFields(request).Time("t"); }), "invalid-field t") << value;
  }
}

TEST(QueryFields, yes_is_true_and_no_other_word) {
  for (const char* value : {"", "1", "TRUE", "yes", "on"}) {
    const http::Request request = Asked({{"b", value}});
    EXPECT_EQ(Refusal([&] { QueryFields(request).Bool("b"); }), "invalid-field b") << value;
  }
}

TEST(QueryFields, what_nobody_asked_for_is_refused) {
  const http::Request request = Asked({{"limt", "5"}});
  QueryFields q(request);
  q.Text("limit");
  EXPECT_EQ(Refusal([&] { q.Finish(); }), "invalid-field limt");
}

// Numbers in paths

TEST(IdOf, is_a_number_in_its_one_spelling) {
  EXPECT_EQ(IdOf("1"), 1);
  EXPECT_EQ(IdOf("9223372036854775807"), INT64_MAX);
  for (const char* id : {"", "0", "-1", "+1", "01", " 1", "1 ", "1.0", "0x1", "1e3",
                         "9223372036854775808", "1;", "1' OR '1'='1", "１"})
    EXPECT_EQ(Refusal([&] { IdOf(id); }), "not-found") << id;
}

// Cursors

TEST(Cursor, is_read_back) {
  for (const Json& place : {Json::array({5}), Json::array({"sales", "it's ä"}), Json::array()}) {
    const std::string cursor = MakeCursor(place);
    EXPECT_EQ(cursor.find_first_not_of(
                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    EXPECT_EQ(ReadCursor(cursor), place);
  }
}

TEST(Cursor, of_names_in_no_encoding_is_made_all_the_same) {
  EXPECT_TRUE(ReadCursor(MakeCursor(Json::array({"\xff"}))).is_array());
}

TEST(Cursor, that_nobody_gave_out_is_refused) {
  for (const char* cursor : {"", "5", "=", "WzVd=", "Wz Vd", "WzVd\n", "+/+/", "bnVsbA", "e30",
                             "IngiCg", "////", "Ww", "W10x"})
    EXPECT_EQ(Refusal([&] { ReadCursor(cursor); }), "invalid-field cursor") << cursor;
  EXPECT_EQ(Refusal([] { ReadCursor(std::string(1'000'000, 'W')); }), "invalid-field cursor");
  EXPECT_EQ(Refusal([] { ReadCursor(std::string("WzVd\0", 5)); }), "invalid-field cursor");
}

}  // namespace
}  // namespace jit::api
