// Bodies, cursors and what goes out as JSON: what is taken keeps to its bounds, what is refused is
// refused by a Failure.
#include <algorithm>
#include <cstdint>

#include "api/fields.h"
#include "api/sql_rows.h"
#include "check.h"
#include "core/text.h"

namespace {

using jit::api::BodyFields;
using jit::api::Failure;
using jit::api::Json;

int DepthOf(const Json& node) {
  int deepest = 0;
  if (node.is_structured()) {
    for (const Json& child : node) deepest = std::max(deepest, 1 + DepthOf(child));
  }
  return deepest;
}

template <typename Work>
bool Taken(const Work& work) {
  try {
    work();
    return true;
  } catch (const Failure& failure) {
    const int status = failure.problem().status;
    CHECK(status == 400 || status == 404 || status == 415 || status == 422);
    CHECK(
        !Json::parse(jit::api::ToResponse(failure.problem()).body, nullptr, false).is_discarded());
    return false;
  }
}

void ReadFields(const Json& body) {
  BodyFields fields(body);
  Taken([&] {
    if (const auto text = fields.Text("sql"))
      CHECK(text->find('\0') == std::string::npos && jit::core::IsUtf8(*text));
  });
  Taken([&] {
    if (const auto number = fields.Integer("limit", 1, 500)) CHECK(*number >= 1 && *number <= 500);
  });
  Taken([&] { fields.Bool("mine"); });
  Taken([&] {
    const auto texts = fields.Texts("scopes").value_or(std::vector<std::string>{});
    for (const std::string& text : texts) CHECK(text.find('\0') == std::string::npos);
  });
  Taken([&] {
    if (const auto length = fields.Length("duration"))
      CHECK(length->find('-') == std::string::npos);
  });
  if (const Json* node = fields.Any("parameters")) node->dump();
  if (Taken([&] { fields.Finish(); })) CHECK(body.size() <= 6);
}

void ReadBody(const std::string& text) {
  jit::http::Request request;
  request.headers.Add("Content-Type", "application/json");
  request.body = text;
  Json body;
  if (!Taken([&] { body = jit::api::ParseBody(request, true); })) return;
  CHECK(body.is_object() && DepthOf(body) <= 16);
  CHECK(Json::parse(body.dump()) == body);
  ReadFields(body);
}

void ReadCursor(const std::string& text) {
  Json place;
  if (Taken([&] { place = jit::api::ReadCursor(text); })) {
    CHECK(place.is_array());
    CHECK(jit::api::ReadCursor(jit::api::MakeCursor(place)) == place);
  }
  Taken([&] { CHECK(jit::api::IdOf(text) > 0); });
}

void WriteString(const std::string& text) {
  std::string out;
  jit::api::AppendJsonString(out, text);
  CHECK(jit::core::IsUtf8(out));
  CHECK(std::none_of(out.begin(), out.end(),
                     [](char c) { return static_cast<unsigned char>(c) < ' '; }));
  const Json read = Json::parse(out, nullptr, false);
  CHECK(read.is_string());
  if (jit::core::IsUtf8(text)) CHECK(read == text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  ReadBody(text);
  ReadCursor(text);
  WriteString(text);
  return 0;
}
