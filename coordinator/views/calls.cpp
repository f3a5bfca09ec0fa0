#include "views/calls.h"

#include <fmt/format.h>

namespace jit::views {
namespace {

class Call {
 public:
  explicit Call(std::string function) : function_(std::move(function)) {}

  void Add(std::string_view type, std::optional<std::string> value) {
    values_.push_back(std::move(value));
    if (!arguments_.empty()) arguments_ += ", ";
    arguments_ += fmt::format("${}::pg_catalog.{}", values_.size(), type);
  }
  Statement Make(std::string_view result) {
    return {fmt::format("SELECT {}({}){}", function_, arguments_, result), std::move(values_)};
  }
  Statement MakeRows() {
    return {fmt::format("SELECT * FROM {}({})", function_, arguments_), std::move(values_)};
  }

 private:
  std::string function_;
  std::string arguments_;
  pg::Values values_;
};

constexpr std::string_view kStatus = " AS status";
constexpr std::string_view kId = " AS id";

std::string_view NameOf(Decision decision) {
  switch (decision) {
    case Decision::kApprove:
      return "jit_approve";
    case Decision::kDeny:
      return "jit_deny";
    case Decision::kCancel:
      return "jit_cancel";
    case Decision::kRevoke:
      return "jit_revoke";
    case Decision::kReview:
      return "review";
  }
  return "";
}

}  // namespace

Statement DecisionCall(const std::string& schema, Decision decision, std::int64_t id,
                       std::optional<std::string> message, std::optional<std::string> duration) {
  const bool review = decision == Decision::kReview;
  Call call(fmt::format("{}.{}", review ? "jit" : schema, NameOf(decision)));
  call.Add("int8", fmt::to_string(id));
  if (decision != Decision::kCancel) call.Add("text", std::move(message));
  if (decision == Decision::kApprove) call.Add("interval", std::move(duration));
  return call.Make(kStatus);
}

Statement AskingCall(const std::string& schema, const Asking& asking) {
  const auto flag = [](bool set) { return std::string(set ? "true" : "false"); };
  if (asking.on_behalf_of) {
    Call call(schema + ".jit_request_as");
    call.Add("name", asking.on_behalf_of);
    call.Add("text", asking.access);
    call.Add("interval", asking.duration);
    call.Add("text", asking.reason);
    call.Add("text", asking.ticket);
    call.Add("timestamptz", asking.starts_at);
    call.Add("inet", asking.client_addr);
    return call.Make(kId);
  }
  Call call(schema + (asking.access ? ".jit_request" : ".jit_request_for"));
  call.Add("text", asking.access ? asking.access : asking.statement);
  call.Add("interval", asking.duration);
  call.Add("text", asking.reason);
  call.Add("text", asking.ticket);
  call.Add("timestamptz", asking.starts_at);
  call.Add("text", std::nullopt);  // row_filter
  call.Add("int8", std::nullopt);  // max_rows
  call.Add("bool", flag(asking.session_only));
  call.Add("inet", asking.client_addr);
  call.Add("bool", flag(asking.break_glass));
  return call.Make(kId);
}

Statement ExtensionCall(const std::string& schema, std::int64_t id, std::string duration,
                        std::string reason) {
  Call call(schema + ".jit_extend");
  call.Add("int8", fmt::to_string(id));
  call.Add("interval", std::move(duration));
  call.Add("text", std::move(reason));
  return call.Make(kId);
}

Statement TokenCall(const std::string& schema, std::string name,
                    const std::vector<std::string>& scopes, std::optional<std::string> lifetime) {
  Call call(schema + ".jit_token_create");
  call.Add("text", std::move(name));
  call.Add("text[]", pg::FormatArray(scopes));
  call.Add("interval", lifetime.value_or("30 days"));  // the function's own default
  return call.MakeRows();
}

Statement TokenRevocationCall(const std::string& schema, std::int64_t id) {
  Call call(schema + ".jit_token_revoke");
  call.Add("int8", fmt::to_string(id));
  return call.Make(kStatus);
}

}  // namespace jit::views
