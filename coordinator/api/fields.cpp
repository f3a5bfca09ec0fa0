#include "api/fields.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "core/audit_filter.h"
#include "core/interval.h"
#include "core/suggest.h"
#include "core/text.h"

namespace jit::api {
namespace {

constexpr int kDeepest = 16;                // no body of ours nests deeper than a few
constexpr std::size_t kMostMembers = 1000;  // of one object
constexpr std::size_t kLongestField = 1024 * 1024;

bool IsJson(const http::Request& request) {
  const auto type = request.headers.Get("content-type");
  if (!type || request.headers.Count("content-type") != 1) return false;
  std::string_view media = type->substr(0, std::min(type->find(';'), type->size()));
  while (!media.empty() && media.back() == ' ') media.remove_suffix(1);
  return http::EqualIgnoringCase(media, "application/json");
}

// libpq's texts end at the first NUL: what stands behind it would be dropped unseen.
const std::string& Checked(std::string_view name, const std::string& text) {
  if (text.find('\0') != std::string::npos)
    throw Failure(InvalidField(name, fmt::format("\"{}\" holds a NUL character", name)));
  if (text.size() > kLongestField)
    throw Failure(InvalidField(name, fmt::format("\"{}\" is too long", name)));
  return text;
}

std::string LengthOf(std::string_view name, const std::string& text) {
  const auto interval = core::ParseInterval(text);
  if (!interval) {
    throw Failure(InvalidField(
        name,
        fmt::format("\"{}\" must be a length of time such as \"30 minutes\" or \"1h30m\"", name)));
  }
  return fmt::format("{} months {} days {} microseconds", interval->months, interval->days,
                     interval->micros);
}

// Those that count, without sign, point and exponent.
std::string DigitsOf(std::string_view number) {
  std::string digits;
  for (const char c : number.substr(0, std::min(number.find_first_of("eE"), number.size()))) {
    if (c >= '0' && c <= '9' && (c != '0' || !digits.empty())) digits += c;
  }
  while (!digits.empty() && digits.back() == '0') digits.pop_back();
  return digits;
}

// Reads a body without keeping it: whether it is one that may be kept. The tree would not show a
// member that was there twice, and takes time by the square of an object's members.
class BodyCheck final : public nlohmann::json_sax<Json> {
 public:
  // What is wrong with it; empty if nothing.
  const std::string& fault() const { return fault_; }

  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(std::int64_t) override { return true; }
  bool number_unsigned(std::uint64_t) override { return true; }
  bool number_float(double number, const std::string& text) override {
    // It would come out as another one.
    if (DigitsOf(Json(number).dump()) == DigitsOf(text)) return true;
    return Fail(fmt::format("the number {} has more digits than fit; send it as a string",
                            text.substr(0, 100)));
  }
  bool string(std::string&) override { return true; }
  bool binary(Json::binary_t&) override { return true; }

  bool start_object(std::size_t) override {
    names_.emplace_back();
    return Enter();
  }
  bool key(std::string& name) override {
    if (names_.back().size() >= kMostMembers)
      return Fail(fmt::format("an object of the body has more than {} members", kMostMembers));
    // Whoever looked at it before us may have taken the other one.
    if (!names_.back().insert(name).second) return Fail("a member of the body is there twice");
    return true;
  }
  bool end_object() override {
    names_.pop_back();
    return Leave();
  }
  bool start_array(std::size_t) override { return Enter(); }
  bool end_array() override { return Leave(); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    return Fail("the body is not JSON in UTF-8");
  }

 private:
  bool Enter() {
    if (++depth_ > kDeepest + 1)
      return Fail(fmt::format("the body nests deeper than {} levels", kDeepest));
    return true;
  }
  bool Leave() {
    --depth_;
    return true;
  }
  bool Fail(std::string fault) {
    fault_ = std::move(fault);
    return false;
  }

  std::vector<std::set<std::string>> names_;  // of the objects that are open
  int depth_ = 0;
  std::string fault_;
};

template <typename Names>
std::string UnknownField(std::string_view what, const std::string& name, const Names& known) {
  return fmt::format("unknown {} \"{}\"{}", what, name, core::DidYouMean(name, known));
}

}  // namespace

Json ParseBody(const http::Request& request, bool may_be_empty) {
  if (request.body.empty() && may_be_empty) return Json::object();
  if (!IsJson(request)) throw Failure(UnsupportedMediaType());
  if (request.body.empty()) throw Failure(BadJson("the body is empty; a JSON object is wanted"));
  // The parser would take one for the end, and leave what follows unread.
  if (request.body.find('\0') != std::string::npos)
    throw Failure(BadJson("the body holds a NUL character"));
  BodyCheck check;
  if (!Json::sax_parse(request.body, &check)) throw Failure(BadJson(check.fault()));
  Json body = Json::parse(request.body, nullptr, false);
  if (!body.is_object()) throw Failure(BadJson("the body is JSON, but not an object"));
  return body;
}

const Json* BodyFields::Any(std::string_view name) {
  known_.emplace_back(name);
  const auto found = body_.find(std::string(name));
  return found == body_.end() || found->is_null() ? nullptr : &*found;
}

std::optional<std::string> BodyFields::Text(std::string_view name) {
  const Json* node = Any(name);
  if (node == nullptr) return std::nullopt;
  if (!node->is_string())
    throw Failure(InvalidField(name, fmt::format("\"{}\" must be a string", name)));
  return Checked(name, node->get_ref<const std::string&>());
}

std::string BodyFields::RequiredText(std::string_view name) {
  auto text = Text(name);
  if (!text) throw Failure(InvalidField(name, fmt::format("\"{}\" is missing", name)));
  return *text;
}

std::optional<bool> BodyFields::Bool(std::string_view name) {
  const Json* node = Any(name);
  if (node == nullptr) return std::nullopt;
  if (!node->is_boolean())
    throw Failure(InvalidField(name, fmt::format("\"{}\" must be true or false", name)));
  return node->get<bool>();
}

std::optional<std::int64_t> BodyFields::Integer(std::string_view name, std::int64_t least,
                                                std::int64_t most) {
  const Json* node = Any(name);
  if (node == nullptr) return std::nullopt;
  const bool fits = node->is_number_integer() &&
                    !(node->is_number_unsigned() &&
                      node->get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX)) &&
                    node->get<std::int64_t>() >= least && node->get<std::int64_t>() <= most;
  if (!fits) {
    throw Failure(InvalidField(
        name, fmt::format("\"{}\" must be a whole number from {} to {}", name, least, most)));
  }
  return node->get<std::int64_t>();
}

std::optional<std::vector<std::string>> BodyFields::Texts(std::string_view name) {
  const Json* node = Any(name);
  if (node == nullptr) return std::nullopt;
  std::vector<std::string> out;
  const bool fits =
      node->is_array() &&
      std::all_of(node->begin(), node->end(), [](const Json& one) { return one.is_string(); });
  if (!fits)
    throw Failure(InvalidField(name, fmt::format("\"{}\" must be a list of strings", name)));
  for (const Json& one : *node) out.push_back(Checked(name, one.get_ref<const std::string&>()));
  return out;
}

std::optional<std::string> BodyFields::Length(std::string_view name) {
  const auto text = Text(name);
  if (!text) return std::nullopt;
  return LengthOf(name, *text);
}

void BodyFields::Finish() const {
  for (const auto& [name, value] : body_.items()) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end())
      throw Failure(InvalidField(name, UnknownField("field", name, known_)));
  }
}

std::optional<std::string> QueryFields::Text(std::string_view name) {
  known_.emplace_back(name);
  const auto count = std::count_if(request_.query.begin(), request_.query.end(),
                                   [&](const auto& one) { return one.first == name; });
  if (count > 1)
    throw Failure(InvalidField(name, fmt::format("\"{}\" is there more than once", name)));
  auto text = request_.Query(name);
  if (text) Checked(name, *text);
  return text;
}

std::optional<std::string> QueryFields::OneOf(std::string_view name,
                                              const std::vector<std::string>& allowed) {
  auto text = Text(name);
  if (text && std::find(allowed.begin(), allowed.end(), *text) == allowed.end()) {
    throw Failure(InvalidField(
        name, fmt::format("\"{}\" must be one of {}", name, fmt::join(allowed, ", "))));
  }
  return text;
}

bool QueryFields::Bool(std::string_view name) {
  const auto text = OneOf(name, {"true", "false"});
  return text == "true";
}

std::optional<std::int64_t> QueryFields::Integer(std::string_view name, std::int64_t least,
                                                 std::int64_t most) {
  const auto text = Text(name);
  if (!text) return std::nullopt;
  std::int64_t number = 0;
  const char* last = text->data() + text->size();
  const auto [end, error] = std::from_chars(text->data(), last, number);
  if (error != std::errc{} || end != last || number < least || number > most) {
    throw Failure(InvalidField(
        name, fmt::format("\"{}\" must be a whole number from {} to {}", name, least, most)));
  }
  return number;
}

std::optional<std::string> QueryFields::Time(std::string_view name) {
  const auto text = Text(name);
  if (!text) return std::nullopt;
  const auto moment = core::ParseMoment(*text);
  if (!moment || !moment->at) {
    throw Failure(InvalidField(
        name, fmt::format("\"{}\" must be a time such as 2026-11-25T14:30:00Z", name)));
  }
  return core::FormatRfc3339(*moment->at);
}

void QueryFields::Finish() const {
  for (const auto& [name, value] : request_.query) {
    if (std::find(known_.begin(), known_.end(), name) == known_.end())
      throw Failure(InvalidField(name, UnknownField("parameter", name, known_)));
  }
}

std::int64_t IdOf(std::string_view text) {
  std::int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || id <= 0 || text.front() == '0' || text.front() == '+')
    throw Failure(NotFound(fmt::format("\"{}\" is no number of one", text.substr(0, 40))));
  return id;
}

std::string MakeCursor(const Json& place) {
  const std::string text = place.dump(-1, ' ', false, Json::error_handler_t::replace);
  std::string out(sodium_base64_encoded_len(text.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING),
                  '\0');
  sodium_bin2base64(out.data(), out.size(), reinterpret_cast<const unsigned char*>(text.data()),
                    text.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  out.pop_back();  // the NUL
  return out;
}

Json ReadCursor(const std::string& cursor) {
  std::string text(cursor.size() + 1, '\0');
  std::size_t size = 0;
  const int bad = sodium_base642bin(reinterpret_cast<unsigned char*>(text.data()), text.size(),
                                    cursor.data(), cursor.size(), nullptr, &size, nullptr,
                                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.resize(size);
  Json place = bad == 0 && cursor.size() < 2000 ? Json::parse(text, nullptr, false) : Json();
  if (place.is_discarded() || !place.is_array()) {
    throw Failure(InvalidField(
        "cursor", "\"cursor\" is none that was given out; leave it out for the first page"));
  }
  return place;
}

}  // namespace jit::api
