// Answers of a server's API, shown as if they came from its database.
#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "cli/connect.h"
#include "cli/server.h"
#include "cli/server_feed.h"
#include "cli/source.h"
#include "core/json_rows.h"
#include "views/policies.h"

namespace jit::cli {
namespace {

using client::Api;
using core::Json;

constexpr std::int64_t kMostRequests = 500;  // a page of the API

std::optional<std::string> Flag(bool on) {
  return on ? std::optional<std::string>("true") : std::nullopt;
}

core::JsonRows Rows(const Json& answer, const char* name) {
  return core::JsonRows(answer.value(name, Json::array()));
}

// In a body null counts as left out.
Json Value(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }
Json Value(const std::optional<core::Interval>& length) {
  return length ? Json(core::FormatInterval(*length)) : Json(nullptr);
}

class ServerSource : public Source {
 public:
  explicit ServerSource(std::unique_ptr<Api> api) : api_(std::move(api)) {}

  core::Table Requests(const views::RequestFilter& filter, bool& more) override {
    Json all = Json::array();
    std::optional<std::string> cursor;
    more = true;
    while (more && static_cast<std::int64_t>(all.size()) < filter.limit) {
      const std::int64_t wanted = filter.limit - static_cast<std::int64_t>(all.size());
      const Json page =
          api_->Get("/requests", {{"status", filter.status},
                                  {"requester", filter.requester},
                                  {"mine", Flag(filter.mine)},
                                  {"reviewable", Flag(filter.reviewable)},
                                  {"ticket", filter.ticket},
                                  {"limit", fmt::to_string(std::min(wanted, kMostRequests))},
                                  {"cursor", cursor}});
      for (const Json& row : page.value("requests", Json::array())) all.push_back(row);
      cursor = CursorOf(page);
      more = cursor.has_value();
    }
    return views::RequestTable(core::JsonRows(std::move(all)), api_->now(), filter.limit);
  }

  views::RequestFacts Request(std::int64_t id) override {
    Json request = api_->Get(fmt::format("/requests/{}", id));
    // Only whoever waits for a decision wants to know, so only then it is asked.
    if (request.value("status", "") == "pending" && !request.value("reviewable", false))
      request["own"] = request.value("requester", Json()) == api_->Get("/me").value("user", Json());
    return views::RequestFactsOf(request, api_->now());
  }

  core::Table Grants(const views::GrantFilter& filter) override {
    const Json answer = api_->Get(
        "/grants",
        {{"grantee", filter.grantee}, {"relation", filter.relation}, {"mine", Flag(filter.mine)}});
    return views::GrantTable(Rows(answer, "grants"), api_->now());
  }

  // Lengths of time as the database writes them, so that a policy file comes out the same.
  std::vector<core::Policy> Policies() override {
    auto policies = views::PoliciesOf(Rows(api_->Get("/policies"), "policies"));
    for (core::Policy& policy : policies) {
      for (core::OptionalText* length : {&policy.max_duration, &policy.lapse_after}) {
        const auto interval = *length ? core::ParseInterval(**length) : std::nullopt;
        if (interval) *length = core::FormatAsPostgres(*interval);
      }
    }
    return policies;
  }

  core::Table Tokens(const views::TokenFilter& filter) override {
    const Json answer = api_->Get("/tokens", {{"all", Flag(filter.all)}});
    return views::TokenTable(Rows(answer, "tokens"), api_->now());
  }

  std::unique_ptr<AuditFeed> Audit(const AuditSearch& search) override {
    return OpenServerFeed(*api_, search);
  }

  std::string Decide(Decision decision, std::int64_t id, const std::optional<std::string>& message,
                     const std::optional<core::Interval>& duration) override {
    switch (decision) {
      case Decision::kApprove:
        return Status(id, "approve", {{"comment", Value(message)}, {"duration", Value(duration)}});
      case Decision::kDeny:
        return Status(id, "deny", {{"comment", Value(message)}});
      case Decision::kCancel:
        return Status(id, "cancel", Json::object());
      case Decision::kRevoke:
        return Status(id, "revoke", {{"reason", Value(message)}});
      case Decision::kReview:
        return Status(id, "review", {{"comment", Value(message)}});
    }
    return "";
  }

  std::string RevokeToken(std::int64_t id) override {
    return api_->Delete(fmt::format("/tokens/{}", id)).value("status", "");
  }

  std::int64_t Ask(const Asking& asking) override {
    Json body = {{"duration", core::FormatInterval(asking.duration)}, {"reason", asking.reason}};
    const bool by_access = !asking.access.empty();
    body[by_access ? "access" : "statement"] = by_access ? asking.access : asking.statement;
    const auto add = [&](const char* name, const std::optional<std::string>& value) {
      if (value) body[name] = *value;
    };
    add("ticket", asking.ticket);
    if (asking.starts_at) body["starts_at"] = core::FormatRfc3339(*asking.starts_at);
    add("client_addr", asking.client_addr);
    add("on_behalf_of", asking.on_behalf_of);
    if (asking.break_glass) body["break_glass"] = true;
    return Id(api_->Post("/requests", body));
  }

  std::int64_t Extend(std::int64_t id, const core::Interval& duration,
                      const std::string& reason) override {
    return Id(api_->Post(fmt::format("/requests/{}/extend", id),
                         {{"duration", core::FormatInterval(duration)}, {"reason", reason}}));
  }

  // The server is one, where it is connected itself.
  bool HasDaemon() override {
    const Json answer = api_->Get("/targets");
    const core::JsonRows targets = Rows(answer, "targets");
    for (int row = 0; row < targets.rows(); ++row) {
      const bool ours = api_->target().empty() || targets.Text(row, "name") == api_->target();
      // Where it does not tell, nothing is wrong that we know of.
      if (ours && (targets.Bool(row, "connected") || !targets.Text(row, "connected"))) return true;
    }
    return false;
  }

  void BeginWatching() override {}
  void AwaitChange(std::chrono::milliseconds wait) override { std::this_thread::sleep_for(wait); }

 private:
  std::string Status(std::int64_t id, const char* what, const Json& body) {
    return api_->Post(fmt::format("/requests/{}/{}", id, what), body).value("status", "");
  }
  static std::int64_t Id(const Json& answer) {
    return core::JsonRows(Json::array({answer})).Integer(0, "id").value_or(0);
  }

  std::unique_ptr<Api> api_;
};

}  // namespace

std::unique_ptr<Source> OpenServerSource(const Invocation& invocation, const std::string& address) {
  return std::make_unique<ServerSource>(OpenServer(invocation, address));
}

}  // namespace jit::cli
