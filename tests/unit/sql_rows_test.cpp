// Rows as JSON lines and as CSV: whatever a value holds, a row stays one row.
#include "api/sql_rows.h"

#include <gtest/gtest.h>

#include <memory>

#include "core/text.h"

namespace jit::api {
namespace {

using core::Json;

constexpr Oid kText = 25;

struct Column {
  std::string name;
  Oid type;
};

// A result as the server would send it.
class Rows {
 public:
  Rows(std::vector<Column> columns,
       const std::vector<std::vector<std::optional<std::string>>>& rows)
      : result_(PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK), PQclear) {
    std::vector<PGresAttDesc> attributes;
    for (Column& column : columns)
      attributes.push_back({column.name.data(), 0, 0, 0, column.type, -1, -1});
    EXPECT_NE(
        PQsetResultAttrs(result_.get(), static_cast<int>(attributes.size()), attributes.data()), 0);
    for (int row = 0; row < static_cast<int>(rows.size()); ++row) {
      for (int i = 0; i < static_cast<int>(columns.size()); ++i) {
        auto value = rows[static_cast<std::size_t>(row)][static_cast<std::size_t>(i)];
        const int length = value ? static_cast<int>(value->size()) : -1;
        EXPECT_NE(PQsetvalue(result_.get(), row, i, value ? value->data() : nullptr, length), 0);
      }
    }
  }
  const PGresult* get() const { return result_.get(); }

 private:
  std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

std::string JsonOf(Oid type, const std::optional<std::string>& value) {
  const Rows rows({{"c", type}}, {{value}});
  std::string out;
  AppendJsonRow(out, rows.get(), 0, FormsOf(rows.get()));
  return out;
}

// The one value of a row, read back.
Json Value(Oid type, const std::optional<std::string>& value) {
  const std::string line = JsonOf(type, value);
  EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  const Json row = Json::parse(line, nullptr, false);
  EXPECT_FALSE(row.is_discarded()) << line;
  if (row.is_discarded() || row["values"].size() != 1) return "no row of one value";
  return row["values"][0];
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendJsonString(out, text);
  return out;
}

TEST(JsonRow, has_a_form_for_each_type) {
  EXPECT_EQ(JsonOf(16, "t"), "{\"type\":\"row\",\"values\":[true]}\n");
  EXPECT_EQ(JsonOf(16, "f"), "{\"type\":\"row\",\"values\":[false]}\n");
  EXPECT_EQ(JsonOf(21, "-5"), "{\"type\":\"row\",\"values\":[-5]}\n");
  EXPECT_EQ(JsonOf(23, "2147483647"), "{\"type\":\"row\",\"values\":[2147483647]}\n");
  EXPECT_EQ(JsonOf(701, "1.5e-07"), "{\"type\":\"row\",\"values\":[1.5e-07]}\n");
  EXPECT_EQ(JsonOf(3802, R"({"a": [1]})"), "{\"type\":\"row\",\"values\":[{\"a\": [1]}]}\n");
  EXPECT_EQ(JsonOf(kText, "x"), "{\"type\":\"row\",\"values\":[\"x\"]}\n");
}

TEST(JsonRow, numbers_that_a_double_would_change_are_text) {
  EXPECT_EQ(Value(20, "9007199254740993"), "9007199254740993");
  EXPECT_EQ(Value(1700, "0.10000000000000000000001"), "0.10000000000000000000001");
}

TEST(JsonRow, what_is_no_number_of_json_is_text) {
  for (const Oid type : {Oid{700}, Oid{701}}) {
    for (const char* value : {"NaN", "Infinity", "-Infinity"}) EXPECT_EQ(Value(type, value), value);
  }
}

TEST(JsonRow, null_is_null_and_an_empty_text_is_one) {
  for (const Oid type : {Oid{16}, Oid{23}, Oid{701}, Oid{114}, kText})
    EXPECT_TRUE(Value(type, std::nullopt).is_null());
  EXPECT_EQ(Value(kText, ""), "");
}

TEST(JsonRow, line_breaks_within_json_do_not_end_the_line) {
  EXPECT_EQ(Value(114, "{\r\n  \"a\" :\n 1\r}"), Json({{"a", 1}}));
  EXPECT_EQ(Value(114, R"("a\nb")"), "a\nb");
}

TEST(JsonRow, no_text_leaves_its_string) {
  const std::string evil = "\"]}\n{\"type\":\"end\",\"outcome\":\"ok\"}\r\n\\";
  EXPECT_EQ(Value(kText, evil), evil);
  EXPECT_EQ(Value(1043, "\\\""), "\\\"");
  EXPECT_EQ(Value(705, "\\"), "\\");
}

TEST(JsonRow, values_stand_in_their_order) {
  const Rows rows({{"a", kText}, {"a", 23}, {"b", kText}},
                  {{"1", "1", std::nullopt}, {"x", "2", "y"}});
  std::string out;
  for (int row = 0; row < 2; ++row) AppendJsonRow(out, rows.get(), row, FormsOf(rows.get()));
  EXPECT_EQ(out,
            "{\"type\":\"row\",\"values\":[\"1\",1,null]}\n{\"type\":\"row\",\"values\":[\"x\",2,"
            "\"y\"]}\n");
}

TEST(JsonRow, a_row_without_columns_is_one) {
  const Rows rows({}, {});
  std::string out;
  AppendJsonRow(out, rows.get(), 0, {});
  EXPECT_EQ(out, "{\"type\":\"row\",\"values\":[]}\n");
}

TEST(JsonRow, json_in_another_encoding_is_text_that_parses) {
  // A character of two bytes whose second is a backslash (Shift JIS): it would hide the quote
  // behind it.
  const std::string line = JsonOf(114, "{\"a\":\"\x83\\\",\"b\":\"c\"}");
  EXPECT_TRUE(core::IsUtf8(line)) << line;
  EXPECT_TRUE(Json::parse(line)["values"][0].is_string());
  EXPECT_TRUE(core::IsUtf8(JsonOf(3802, "\"\xff\"")));
}

TEST(JsonString, every_character_is_read_back) {
  std::string all;
  for (int c = 1; c < 0x80; ++c) all += static_cast<char>(c);
  all += std::string(1, '\0') + "äß日本😀\u2028\u0085";
  EXPECT_EQ(Json::parse(Quoted(all)), all);
  EXPECT_EQ(Json::parse(nlohmann::json(all).dump()), Json::parse(Quoted(all)));
}

TEST(JsonString, is_readable_where_it_can_be) {
  EXPECT_EQ(Quoted("Jürgen"), "\"Jürgen\"");
  EXPECT_EQ(Quoted("a\"b\\c\nd\re\tf\x01\x7f"), R"("a\"b\\c\nd\re\tf\u0001\u007f")");
}

TEST(JsonString, bytes_that_are_no_utf8_are_replaced_wherever_they_stand) {
  for (const char* text :
       {"\xff", "a\xff", "\xff\n", "\n\xff", "\xff\n\xff\"", "\xc3", "\xc3\"\xa4", "\xed\xa0\x80\\",
        "\xc0\xaf\t", "\xe2\x82\nx", "\xf5\x80\x80\x80\n"}) {
    const std::string quoted = Quoted(text);
    EXPECT_TRUE(core::IsUtf8(quoted)) << text;
    const Json read = Json::parse(quoted, nullptr, false);
    ASSERT_TRUE(read.is_string()) << text;
    EXPECT_NE(read.get<std::string>().find("\uFFFD"), std::string::npos) << text;
  }
  EXPECT_EQ(Json::parse(Quoted("ok\n\xff\"end")), "ok\n\uFFFD\"end");
}

TEST(Csv, quotes_what_would_part_a_field_or_a_row) {
  const Rows rows({{"plain", kText}, {"with \"quotes\"", kText}, {"with, comma", kText}},
                  {{"a,b", "say \"x\"", "two\r\nlines"}, {"a\nb", "\r", "ä b"}});
  std::string out;
  AppendCsvHeader(out, rows.get(), false);
  AppendCsvRow(out, rows.get(), 0, false);
  AppendCsvRow(out, rows.get(), 1, false);
  EXPECT_EQ(out,
            "plain,\"with \"\"quotes\"\"\",\"with, comma\"\r\n"
            "\"a,b\",\"say \"\"x\"\"\",\"two\r\nlines\"\r\n"
            "\"a\nb\",\"\r\",ä b\r\n");
}

TEST(Csv, null_is_nothing_and_an_empty_text_is_two_quotes) {
  const Rows rows({{"a", kText}, {"b", kText}, {"c", 23}}, {{std::nullopt, "", "1"}});
  std::string out;
  AppendCsvRow(out, rows.get(), 0, false);
  EXPECT_EQ(out, ",\"\",1\r\n");
}

TEST(Csv, values_are_as_the_server_wrote_them) {
  const Rows rows({{"a", 16}, {"b", 701}, {"c", 114}}, {{"t", "NaN", R"({"a":1})"}});
  std::string out;
  AppendCsvRow(out, rows.get(), 0, false);
  EXPECT_EQ(out, "t,NaN,\"{\"\"a\"\":1}\"\r\n");
}

TEST(Csv, for_a_spreadsheet_no_text_is_a_formula) {
  const Rows rows({{"=a", kText}, {"b", 1700}, {"c", 1700}, {"d", kText}, {"e", 20}, {"f", kText}},
                  {{"=1+1", "-1.5", "+2", "@x", "-7", "plain"}, {"\tx", "1", "2", "\rx", "3", ""}});
  std::string out;
  AppendCsvHeader(out, rows.get(), true);
  AppendCsvRow(out, rows.get(), 0, true);
  AppendCsvRow(out, rows.get(), 1, true);
  EXPECT_EQ(out,
            "'=a,b,c,d,e,f\r\n"
            "'=1+1,-1.5,+2,'@x,-7,plain\r\n"
            "'\tx,1,2,\"'\rx\",3,\"\"\r\n");
}

TEST(UsualTypeName, is_empty_where_the_server_must_be_asked) {
  EXPECT_EQ(UsualTypeName(23), "integer");
  EXPECT_EQ(UsualTypeName(1184), "timestamp with time zone");
  EXPECT_EQ(UsualTypeName(600), "");
  EXPECT_EQ(UsualTypeName(16400), "");
}

}  // namespace
}  // namespace jit::api
