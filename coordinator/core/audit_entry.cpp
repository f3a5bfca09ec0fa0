#include "core/audit_entry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace jit::core {
namespace {

bool Says(const Json& value) {
  return !value.is_null() && !(value.is_string() && value.get_ref<const std::string&>().empty()) &&
         value != false;
}

std::string Plain(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_array() &&
      std::all_of(value.begin(), value.end(), [](const Json& item) { return item.is_string(); })) {
    return fmt::format("{}", fmt::join(value.get<std::vector<std::string>>(), ", "));
  }
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

// '2 hours' as '2h', where it is a length of time at all.
std::string Short(const std::string& length) {
  const auto interval = ParseInterval(length);
  return interval ? FormatInterval(*interval) : length;
}

// The members that make the sentence of a request, taken out of what is left to list.
std::string TakeSentence(Json& rest) {
  const auto take = [&](const char* name) {
    std::string out;
    if (const auto found = rest.find(name); found != rest.end()) {
      if (Says(*found)) out = Plain(*found);
      rest.erase(name);
    }
    return out;
  };
  const std::string requester = take("requester");
  const std::string access = take("access");
  if (!access.empty()) {  // of a request; `show` tells the rest
    for (const char* name :
         {"status", "policy", "starts_at", "expires_at", "statement", "break_glass"})
      rest.erase(name);
    if (rest.contains("approved_duration")) {
      if (rest["approved_duration"] != rest.value("duration", Json()))
        rest["duration"] = rest["approved_duration"];
      rest.erase("approved_duration");
    }
  }
  const std::string duration = take("duration");
  const std::string reason = take("reason");
  const std::string ticket = take("ticket");
  std::string out = requester;
  const auto add = [&](std::string_view gap, const std::string& text) {
    if (text.empty()) return;
    if (!out.empty()) out += gap;
    out += text;
  };
  add(": ", access);
  if (!duration.empty()) add(" for ", Short(duration));
  if (!reason.empty()) add(" ", "(" + reason + ")");
  if (!ticket.empty() && reason.find(ticket) == std::string::npos) add(" ", "[" + ticket + "]");
  return out;
}

// 'a 1, b 2': the members that say something.
std::string DescribeMembers(const Json& object) {
  std::string out;
  for (const auto& [key, value] : object.items()) {
    if (Says(value)) out += fmt::format("{}{} {}", out.empty() ? "" : ", ", key, Plain(value));
  }
  return out;
}

// What differs between the two states of a changed thing; all of it where one is missing.
std::string DescribeChange(const Json& before, const Json& after) {
  const auto whole = [](const Json& value) {
    return value.is_object() ? DescribeMembers(value) : Plain(value);
  };
  if (!Says(before)) return whole(after);
  if (!Says(after)) return "was " + whole(before);
  if (!before.is_object() || !after.is_object()) return Plain(before) + " -> " + Plain(after);
  std::string out;
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : ", ") + text; };
  for (const auto& [key, value] : after.items()) {
    const Json old = before.value(key, Json());
    if (old != value) {
      add(fmt::format("{} {} -> {}", key, Says(old) ? Plain(old) : "none",
                      Says(value) ? Plain(value) : "none"));
    } else if (key == "name") {
      add("name " + Plain(value));
    }
  }
  for (const auto& [key, value] : before.items()) {
    if (!after.contains(key)) add(fmt::format("{} was {}", key, Plain(value)));
  }
  return out;
}

bool IsChange(const Json& value) {
  return value.is_object() && (value.contains("before") || value.contains("after"));
}

}  // namespace

bool KeepNewest(std::vector<AuditEntry>& entries, std::size_t limit, Order order) {
  std::sort(entries.begin(), entries.end(),
            [](const AuditEntry& a, const AuditEntry& b) { return a.seq > b.seq; });
  const bool more = entries.size() > limit;
  if (more) entries.resize(limit);
  std::sort(entries.begin(), entries.end(), [order](const AuditEntry& a, const AuditEntry& b) {
    if (order == Order::kBySeq) return a.seq < b.seq;
    return std::tie(a.time, a.seq) < std::tie(b.time, b.seq);
  });
  return more;
}

std::string DescribeEvent(const Json& detail, std::string_view message) {
  std::string out;
  if (detail.is_object()) {
    Json rest = detail;
    out = TakeSentence(rest);
    if (IsChange(rest)) {
      const std::string change =
          DescribeChange(rest.value("before", Json()), rest.value("after", Json()));
      rest.erase("before");
      rest.erase("after");
      if (!change.empty()) out += (out.empty() ? "" : ", ") + change;
    }
    for (const auto& [key, value] : rest.items()) {
      if (!Says(value)) continue;
      const std::string words = IsChange(value)     ? DescribeChange(value.value("before", Json()),
                                                                     value.value("after", Json()))
                                : value.is_object() ? DescribeMembers(value)
                                                    : Plain(value);
      out += fmt::format("{}{} {}", out.empty() ? "" : ", ", key, words);
    }
  } else if (Says(detail)) {
    out = Plain(detail);
  }
  if (!message.empty()) out += fmt::format("{}{}", out.empty() ? "" : ": ", message);
  return out;
}

std::string OneLine(std::string_view text) {
  std::string out;
  bool gap = false;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      gap = !out.empty();
      continue;
    }
    if (gap) out += ' ';
    gap = false;
    out += c;
  }
  return out;
}

Style StyleOfOutcome(std::string_view outcome_or_kind) {
  static constexpr std::array kBad{"failed",
                                   "refused",
                                   "cancelled",
                                   "denied",
                                   "revoked",
                                   "break_glass",
                                   "audit_failed",
                                   "audit_detached",
                                   "statement_refused",
                                   "statement_cancelled"};
  static constexpr std::array kWarning{"running",
                                       "unknown",
                                       "requested",
                                       "pending",
                                       "policy_changed",
                                       "mask_changed",
                                       "setting_changed",
                                       "membership_changed",
                                       "mask_class_changed",
                                       "trusted_function_changed"};
  static constexpr std::array kGood{"approved", "granted", "started", "reviewed"};
  const auto among = [&](const auto& names) {
    return std::find(names.begin(), names.end(), outcome_or_kind) != names.end();
  };
  if (among(kBad)) return Style::kBad;
  if (among(kWarning)) return Style::kWarning;
  return among(kGood) ? Style::kGood : Style::kPlain;
}

}  // namespace jit::core
