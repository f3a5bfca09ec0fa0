#include "core/anchor.h"

#include <nlohmann/json.hpp>

namespace jit::core {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kHashLength = 64;  // of SHA-256 in hexadecimal

bool IsHash(std::string_view text) {
  return text.size() == kHashLength &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::optional<std::string> Member(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

}  // namespace

std::string FormatAnchor(const Anchor& anchor) {
  Json line;
  line["time"] = FormatRfc3339(anchor.time);
  line["target"] = anchor.target;
  line["database"] = anchor.database;
  if (!anchor.system.empty()) line["system"] = anchor.system;
  line["seq"] = anchor.head.seq;
  line["hash"] = anchor.head.hash;
  return line.dump(-1, ' ', true, Json::error_handler_t::replace);
}

std::optional<Anchor> ParseAnchor(std::string_view line) {
  const Json object = Json::parse(line, nullptr, false);
  if (!object.is_object()) return std::nullopt;
  const auto time = Member(object, "time");
  const auto target = Member(object, "target");
  const auto database = Member(object, "database");
  const auto hash = Member(object, "hash");
  const auto seq = object.find("seq");
  if (!time || !target || !database || !hash || !IsHash(*hash) || seq == object.end() ||
      !seq->is_number_integer() || *seq < 0) {
    return std::nullopt;
  }
  const auto instant = ParseTimestamp(*time);
  if (!instant) return std::nullopt;
  return Anchor{*instant,
                *target,
                *database,
                Member(object, "system").value_or(""),
                {seq->get<std::int64_t>(), *hash}};
}

Belonging BelongsTo(const Anchor& anchor, const ChainPlace& place) {
  const bool same_name =
      anchor.database == place.database || (!place.target.empty() && anchor.target == place.target);
  if (!same_name) return Belonging::kOther;
  if (!anchor.system.empty() && !place.system.empty()) {
    if (anchor.system != place.system) return Belonging::kOtherCluster;
    return anchor.database == place.database ? Belonging::kThis : Belonging::kOther;
  }
  // Without the cluster's identifier two clusters' databases of one name look alike: the target's
  // name decides where it is known.
  if (!place.target.empty() && anchor.target != place.target) return Belonging::kOther;
  return Belonging::kThis;
}

AnchorState CompareAnchor(const ChainHead& anchor, const std::optional<std::string>& hash_now,
                          std::int64_t head_seq, bool cut_off) {
  if (anchor.seq > head_seq) return AnchorState::kBehind;
  if (hash_now) return *hash_now == anchor.hash ? AnchorState::kSame : AnchorState::kChanged;
  if (anchor.seq == 0) return AnchorState::kSame;  // of the empty log there is no row
  // That what was cut off fits to what is left is jit_audit_verify's to check.
  return cut_off ? AnchorState::kCutOff : AnchorState::kMissing;
}

bool IsFinding(AnchorState state) {
  return state != AnchorState::kSame && state != AnchorState::kCutOff;
}

std::string_view Describe(AnchorState state) {
  switch (state) {
    case AnchorState::kSame:
      return "the row is as it was";
    case AnchorState::kCutOff:
      return "the row left the log with a detached partition";
    case AnchorState::kChanged:
      return "the row has another hash";
    case AnchorState::kMissing:
      return "the row is missing";
    case AnchorState::kBehind:
      return "the log ends before it";
  }
  return "";
}

}  // namespace jit::core
