// Answers of the database itself, by the caller's own login.
#include <fmt/format.h>

#include "cli/connect.h"
#include "cli/moment.h"
#include "cli/source.h"
#include "views/policies.h"

namespace jit::cli {
namespace {

std::string Timestamp(core::Instant at) { return core::FormatRfc3339(at); }

class DatabaseFeed : public AuditFeed {
 public:
  DatabaseFeed(pg::Session& session, views::AuditFilter filter)
      : session_(session), reader_(session.connection(), std::move(filter)) {}

  bool ReadsLog() override { return session_.Await(reader_.ReadsLog()); }
  views::AuditPage Newest() override { return session_.Await(reader_.Newest()); }
  std::vector<core::AuditEntry> Following() override { return session_.Await(reader_.Following()); }

 private:
  pg::Session& session_;
  views::AuditReader reader_;
};

class DatabaseSource : public Source {
 public:
  explicit DatabaseSource(Database database) : database_(std::move(database)) {}

  core::Table Requests(const views::RequestFilter& filter, bool& more) override {
    return session().Await(views::ReadRequests(connection(), filter, more));
  }
  views::RequestFacts Request(std::int64_t id) override {
    return session().Await(views::ReadRequest(connection(), id));
  }
  core::Table Grants(const views::GrantFilter& filter) override {
    return session().Await(views::ReadGrants(connection(), filter));
  }
  std::vector<core::Policy> Policies() override {
    return session().Await(views::ReadPolicyList(connection()));
  }
  core::Table Tokens(const views::TokenFilter& filter) override {
    return session().Await(views::ReadTokens(connection(), filter));
  }
  std::unique_ptr<AuditFeed> Audit(const AuditSearch& search) override {
    views::AuditFilter filter = search.filter;
    if (search.relation) filter.relation = core::LikePattern(*search.relation);
    filter.since = Resolve(session(), search.since);
    filter.until = Resolve(session(), search.until);
    return std::make_unique<DatabaseFeed>(session(), std::move(filter));
  }

  std::string Decide(Decision decision, std::int64_t id, const std::optional<std::string>& message,
                     const std::optional<core::Interval>& duration) override {
    const std::string number = fmt::to_string(id);
    switch (decision) {
      case Decision::kApprove:
        return Status(Own("jit_approve"), {number, message, IntervalValue(duration)});
      case Decision::kDeny:
        return Status(Own("jit_deny"), {number, message});
      case Decision::kCancel:
        return Status(Own("jit_cancel"), {number});
      case Decision::kRevoke:
        return Status(Own("jit_revoke"), {number, message});
      case Decision::kReview:
        return Status("jit.review", {number, message});
    }
    return "";
  }
  std::string RevokeToken(std::int64_t id) override {
    return Status(Own("jit_token_revoke"), {fmt::to_string(id)});
  }

  // By name, so that what is left out keeps its default.
  std::int64_t Ask(const Asking& asking) override {
    std::string arguments;
    pg::Values values;
    const auto add = [&](const char* name, const char* type, std::optional<std::string> value) {
      if (!value) return;
      values.push_back(std::move(value));
      arguments += fmt::format("{}{} => ${}::pg_catalog.{}", arguments.empty() ? "" : ", ", name,
                               values.size(), type);
    };
    const bool by_access = !asking.access.empty();
    add("requester", "name", asking.on_behalf_of);
    add(by_access ? "access" : "statement", "text", by_access ? asking.access : asking.statement);
    add("duration", "interval", IntervalValue(asking.duration));
    add("reason", "text", asking.reason);
    add("ticket", "text", asking.ticket);
    if (asking.starts_at) add("starts_at", "timestamptz", Timestamp(*asking.starts_at));
    add("client_addr", "inet", asking.client_addr);
    if (asking.break_glass) add("break_glass", "bool", "true");
    const char* function = asking.on_behalf_of ? "jit_request_as"
                           : by_access         ? "jit_request"
                                               : "jit_request_for";
    return Made(fmt::format("SELECT {}({}) AS id", Own(function), arguments), std::move(values));
  }
  std::int64_t Extend(std::int64_t id, const core::Interval& duration,
                      const std::string& reason) override {
    return Made(fmt::format("SELECT {}($1, $2, $3) AS id", Own("jit_extend")),
                {fmt::to_string(id), IntervalValue(duration), reason});
  }

  bool HasDaemon() override {
    return !session()
                .Query(
                    "SELECT FROM pg_catalog.pg_stat_activity a"
                    " WHERE a.datname = pg_catalog.current_database()"
                    " AND a.application_name = 'jit-coordinator'"
                    " AND pg_catalog.pg_has_role(a.usesysid, 'jit_coordinator', 'MEMBER')")
                .empty();
  }

  void BeginWatching() override { session().Query("LISTEN jit_access"); }
  void AwaitChange(std::chrono::milliseconds wait) override { session().AwaitNotification(wait); }

 private:
  pg::Session& session() { return *database_.session; }
  pg::Connection& connection() { return session().connection(); }
  std::string Own(const char* function) const { return database_.schema + "." + function; }

  std::string Status(const std::string& function, pg::Values values) {
    std::string parameters;
    for (std::size_t i = 1; i <= values.size(); ++i)
      parameters += fmt::format("{}${}", i == 1 ? "" : ", ", i);
    return session()
        .Query(fmt::format("SELECT {}({}) AS status", function, parameters), std::move(values))
        .TextOr(0, "status");
  }
  std::int64_t Made(const std::string& sql, pg::Values values) {
    return session().Query(sql, std::move(values)).Integer(0, "id").value_or(0);
  }

  Database database_;
};

}  // namespace

std::unique_ptr<Source> OpenDatabaseSource(const Invocation& invocation) {
  return std::make_unique<DatabaseSource>(Open(invocation));
}

}  // namespace jit::cli
