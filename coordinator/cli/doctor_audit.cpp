#include "cli/doctor_audit.h"

#include <fmt/format.h>

#include "cli/connect.h"
#include "core/interval.h"
#include "core/table.h"

namespace jit::cli {
namespace {

using Findings = std::vector<Finding>;
using Level = Finding::Level;

bool HasAuditLog(pg::Session& session) {
  return session.Query("SELECT pg_catalog.to_regclass('jit.audit_log') IS NOT NULL AS has")
      .Bool(0, "has");
}

// What the server does with audited statements.
void CheckSettings(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(
      "SELECT pg_catalog.current_setting('jit_access.audit', true) AS mode,"
      " pg_catalog.current_setting('jit_access.audit_failure', true) AS failure");
  const std::string mode = found.TextOr(0, "mode");
  const std::string failure = found.TextOr(0, "failure");
  if (mode == "off") {
    findings.push_back({name, Level::kProblem, "nothing is audited: jit_access.audit is off",
                        "ALTER SYSTEM SET jit_access.audit = sync; SELECT pg_reload_conf();"});
  } else if (mode == "async") {
    findings.push_back({name, Level::kWarning,
                        "jit_access.audit is async: a crash can lose the last records",
                        "With sync no row leaves before its record is durable."});
  } else if (mode == "sync") {
    findings.push_back({name, Level::kOk, "a statement's record is durable before its rows", ""});
  }
  if (failure == "log") {
    findings.push_back(
        {name, Level::kWarning,
         "jit_access.audit_failure is log: statements run while the log cannot be written",
         "ALTER SYSTEM SET jit_access.audit_failure = deny; SELECT pg_reload_conf();"});
  }
}

// Other people's processes are shown to members of pg_read_all_stats.
void CheckWorker(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(
      "SELECT count(*) FILTER (WHERE a.backend_type = 'jit_access audit') AS workers,"
      " pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees"
      " FROM pg_catalog.pg_stat_activity a WHERE a.datname = pg_catalog.current_database()");
  const bool alive = found.Integer(0, "workers").value_or(0) > 0;
  if (!alive && found.Bool(0, "sees")) {
    findings.push_back({name, Level::kProblem, "no audit worker runs in this database",
                        "The server's log says why: jit_access.audit_databases or "
                        "max_worker_processes may be too small."});
  }
  const pg::Result head = session.Query("SELECT h.seq, h.at FROM jit.audit_head() h");
  const auto seq = head.empty() ? std::nullopt : head.Integer(0, "seq");
  if (!seq || *seq == 0) {
    findings.push_back(
        {name, Level::kWarning, "the log is empty", "Not even its worker's start was recorded."});
    return;
  }
  std::string text = fmt::format("{} records", core::FormatCount(*seq));
  if (const auto at = head.Time(0, "at"))
    text += ", the last " + core::FormatRelative(*at, session.Now());
  if (alive) text += "; its worker runs";
  findings.push_back({name, Level::kOk, text, ""});
}

}  // namespace

void CheckAuditLog(pg::Session& session, const std::string& name, Findings& findings) {
  if (!HasAuditLog(session)) {
    findings.push_back({name, Level::kWarning, "this version of the extension has no audit log",
                        "ALTER EXTENSION jit_access UPDATE;"});
    return;
  }
  CheckSettings(session, name, findings);
  CheckWorker(session, name, findings);
}

// Whoever is audited should not be the one who reads whether it was noticed.
void CheckAuditors(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(R"sql(
WITH RECURSIVE above (member, oid) AS (
  SELECT r.oid, r.oid FROM pg_catalog.pg_roles r WHERE r.rolcanlogin
  UNION SELECT a.member, m.roleid FROM above a JOIN pg_catalog.pg_auth_members m ON m.member = a.oid)
SELECT count(*) AS logins, pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname) FILTER (WHERE r.rolsuper) AS supers,
  pg_catalog.string_agg(r.rolname, ', ' ORDER BY r.rolname) FILTER (WHERE EXISTS (
    SELECT FROM above q JOIN pg_catalog.pg_roles g ON g.oid = q.oid WHERE q.member = r.oid AND g.rolname = 'jit_requester'))
    AS requesters
FROM pg_catalog.pg_roles a_role JOIN above a ON a.oid = a_role.oid JOIN pg_catalog.pg_roles r ON r.oid = a.member
WHERE a_role.rolname = 'jit_auditor')sql");
  if (found.Integer(0, "logins").value_or(0) == 0) {
    findings.push_back({name, Level::kWarning,
                        "nobody is a member of jit_auditor: nobody reads the log",
                        "GRANT jit_auditor TO somebody;"});
    return;
  }
  const auto requesters = found.Text(0, "requesters");
  const auto supers = found.Text(0, "supers");
  if (requesters) {
    findings.push_back({name, Level::kWarning,
                        fmt::format("auditors who are requesters, too: {}", *requesters),
                        "Whoever is audited should not audit."});
  }
  if (supers) {
    findings.push_back({name, Level::kWarning,
                        fmt::format("auditors who are superusers: {}", *supers),
                        "They could change what they read; only the anchors show it."});
  }
  if (!requesters && !supers) {
    findings.push_back({name, Level::kOk,
                        fmt::format("jit_auditor has {} logins", found.TextOr(0, "logins")), ""});
  }
}

void CheckAnchors(const Invocation& invocation, pg::Session& session, const std::string& name,
                  Findings& findings) {
  if (!HasAuditLog(session)) return;
  const FoundConfig found = FindConfig(invocation);
  const config::Target* target = found.config.Find(TargetName(invocation));
  if (target == nullptr) {
    findings.push_back({name, Level::kUnknown,
                        "no target of a configuration: whether a daemon anchors the chain is not "
                        "seen from here",
                        "Name the target with -d, and the daemon's configuration with --config."});
  } else if (target->anchor_interval.count() == 0) {
    findings.push_back({name, Level::kWarning, "the chain is not anchored: anchor_interval is 0",
                        "Without anchors a superuser can write the whole chain anew."});
  } else if (target->anchor_file.empty()) {
    findings.push_back({name, Level::kWarning, "anchors go into the daemon's log only",
                        "Set anchor_file in [audit]: audit verify --anchor compares with it."});
  } else {
    findings.push_back({name, Level::kOk,
                        fmt::format("every {} into {}", core::FormatSpan(target->anchor_interval),
                                    target->anchor_file),
                        ""});
  }
}

}  // namespace jit::cli
