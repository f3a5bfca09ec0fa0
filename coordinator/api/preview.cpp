#include "api/preview.h"
#include "core/json_text.h"

namespace jit::api {
namespace {

using core::Json;

Json OrNull(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }

Json Parsed(const std::optional<std::string>& text) {
  return text ? core::ParseJson(*text) : Json(nullptr);
}

Json Length(const pg::Result& found, const char* column) {
  const auto length = found.Length(0, column);
  return core::Cell::Length(length).json;
}

}  // namespace

const char* const kPreview = R"sql(
SELECT p.access, p.objects, p.policies, p.denied_by, p.denied_what, p.max_duration, p.max_by, p.approvals_needed,
       p.approver_roles, p.requirements, p.reason_patterns, p.ticket_required, p.break_glass, p.lapse_after
FROM jit.request_preview($1::pg_catalog.text, $2::pg_catalog.text, $3::pg_catalog.name) p
)sql";

Json PreviewJson(const pg::Result& found) {
  const auto list = [&](const char* column) {
    return Json(found.List(0, column).value_or(std::vector<std::string>{}));
  };
  const auto needed = found.Integer(0, "approvals_needed");
  return {{"access", OrNull(found.Text(0, "access"))},
          {"objects", Parsed(found.Text(0, "objects"))},
          {"policies", list("policies")},
          {"denied_by", OrNull(found.Text(0, "denied_by"))},
          {"denied_what", OrNull(found.Text(0, "denied_what"))},
          {"max_duration", Length(found, "max_duration")},
          {"max_by", OrNull(found.Text(0, "max_by"))},
          {"approvals_needed", needed ? Json(*needed) : Json(nullptr)},
          {"approver_roles", list("approver_roles")},
          {"requirements", Parsed(found.Text(0, "requirements"))},
          {"reason_patterns", list("reason_patterns")},
          {"ticket_required", found.Bool(0, "ticket_required")},
          {"break_glass", found.Bool(0, "break_glass")},
          {"lapse_after", Length(found, "lapse_after")}};
}

}  // namespace jit::api
