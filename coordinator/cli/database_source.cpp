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
    return Status(
        views::DecisionCall(database_.schema, decision, id, message, IntervalValue(duration)));
  }
  std::string RevokeToken(std::int64_t id) override {
    return Status(views::TokenRevocationCall(database_.schema, id));
  }

  std::int64_t Ask(const Asking& asking) override {
    views::Asking call;
    if (asking.access.empty()) {
      call.statement = asking.statement;
    } else {
      call.access = asking.access;
    }
    call.duration = IntervalValue(asking.duration).value_or("");
    call.reason = asking.reason;
    call.ticket = asking.ticket;
    if (asking.starts_at) call.starts_at = Timestamp(*asking.starts_at);
    call.client_addr = asking.client_addr;
    call.on_behalf_of = asking.on_behalf_of;
    call.break_glass = asking.break_glass;
    return Made(views::AskingCall(database_.schema, call));
  }
  std::int64_t Extend(std::int64_t id, const core::Interval& duration,
                      const std::string& reason) override {
    return Made(
        views::ExtensionCall(database_.schema, id, IntervalValue(duration).value_or(""), reason));
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

  std::string Status(views::Statement call) {
    return session().Query(call.sql, std::move(call.values)).TextOr(0, "status");
  }
  std::int64_t Made(views::Statement call) {
    return session().Query(call.sql, std::move(call.values)).Integer(0, "id").value_or(0);
  }

  Database database_;
};

}  // namespace

std::unique_ptr<Source> OpenDatabaseSource(const Invocation& invocation) {
  return std::make_unique<DatabaseSource>(Open(invocation));
}

}  // namespace jit::cli
