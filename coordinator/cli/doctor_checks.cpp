#include "cli/doctor_checks.h"

#include <fmt/format.h>

#include "cli/doctor_audit.h"
#include "cli/doctor_roles.h"

namespace jit::cli {
namespace {

using Findings = std::vector<Finding>;
using Level = Finding::Level;

constexpr int kOldestServer = 150000;

void CheckServer(pg::Session& session, const std::string& name, Findings& findings) {
  const int version = session.connection().server_version();
  const std::string text =
      fmt::format("PostgreSQL {}.{}, database \"{}\", as \"{}\"", version / 10000, version % 10000,
                  session.connection().database(), session.connection().user());
  if (version < kOldestServer) {
    findings.push_back({name, Level::kProblem, text, "jit_access needs PostgreSQL 15 or newer."});
  } else {
    findings.push_back({name, Level::kOk, text, ""});
  }
}

// The setting exists only where the library is loaded, and in a new session only preloading has
// done that.
void CheckPreloaded(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(
      "SELECT count(*) AS n FROM pg_catalog.pg_settings WHERE name = 'jit_access.default_explain'");
  if (found.Integer(0, "n") == 1) {
    findings.push_back({name, Level::kOk, "the library is preloaded", ""});
  } else {
    findings.push_back(
        {name, Level::kProblem,
         "the library jit_access is not preloaded: nothing is granted or governed",
         "Add it to shared_preload_libraries in postgresql.conf and restart PostgreSQL."});
  }
}

void CheckExtension(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(
      "SELECT e.extversion AS installed, a.default_version AS available"
      " FROM (SELECT) one LEFT JOIN pg_catalog.pg_extension e ON e.extname = 'jit_access'"
      " LEFT JOIN pg_catalog.pg_available_extensions a ON a.name = 'jit_access'");
  const auto installed = found.Text(0, "installed");
  const auto available = found.Text(0, "available");
  if (!installed) {
    findings.push_back(
        {name, Level::kProblem, "the extension is not in this database",
         available ? "CREATE EXTENSION jit_access;"
                   : "Install jit_access on the server, then CREATE EXTENSION jit_access;"});
  } else if (available && *available != *installed) {
    findings.push_back({name, Level::kWarning,
                        fmt::format("version {}, but {} is on the server", *installed, *available),
                        "ALTER EXTENSION jit_access UPDATE;"});
  } else {
    findings.push_back({name, Level::kOk, fmt::format("version {}", *installed), ""});
  }
}

// Whoever may create functions there can shadow jit_request for those who call it without its
// schema.
void CheckSchema(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(
      "SELECT n.nspname AS schema, pg_catalog.has_schema_privilege('public', n.oid, 'CREATE') AS "
      "open"
      " FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace"
      " WHERE e.extname = 'jit_access'");
  const std::string schema = found.TextOr(0, "schema");
  if (found.Bool(0, "open")) {
    findings.push_back(
        {name, Level::kProblem,
         fmt::format("anybody may create functions in \"{}\", beside jit_request", schema),
         fmt::format("REVOKE CREATE ON SCHEMA {} FROM PUBLIC;", schema)});
  } else {
    findings.push_back({name, Level::kOk, fmt::format("\"{}\" is closed to PUBLIC", schema), ""});
  }
}

void CheckVersions(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(
      "SELECT jit.library_version() AS library, e.extversion AS extension"
      " FROM pg_catalog.pg_extension e WHERE e.extname = 'jit_access'");
  const std::string library = found.TextOr(0, "library");
  const std::string extension = found.TextOr(0, "extension");
  if (library == extension) {
    findings.push_back(
        {name, Level::kOk, fmt::format("library and extension are both {}", library), ""});
  } else {
    findings.push_back(
        {name, Level::kProblem,
         fmt::format("the loaded library is {}, the extension {}", library, extension),
         "Restart PostgreSQL after installing, then ALTER EXTENSION jit_access UPDATE;"});
  }
}

// Without them sessions would go on with grants that are over, and a dropped table's OID could come
// back.
void CheckTriggers(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(
      "SELECT 'trigger ' || t.tgname || ' on ' || c.relname AS what FROM pg_catalog.pg_trigger t"
      " JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid JOIN pg_catalog.pg_namespace n ON n.oid = "
      "c.relnamespace"
      " WHERE n.nspname = 'jit' AND NOT t.tgisinternal AND t.tgenabled <> 'A'"
      " UNION ALL SELECT 'event trigger ' || e.evtname FROM pg_catalog.pg_event_trigger e"
      " JOIN pg_catalog.pg_depend d ON d.classid = "
      "'pg_catalog.pg_event_trigger'::pg_catalog.regclass AND d.objid = e.oid"
      " JOIN pg_catalog.pg_extension x ON x.oid = d.refobjid AND x.extname = 'jit_access' WHERE "
      "e.evtenabled <> 'A'");
  for (int row = 0; row < found.rows(); ++row) {
    findings.push_back({name, Level::kProblem, found.TextOr(row, "what") + " is not ENABLE ALWAYS",
                        "Somebody altered it: ALTER … ENABLE ALWAYS."});
  }
  if (found.empty()) findings.push_back({name, Level::kOk, "all are ENABLE ALWAYS", ""});
}

// Whoever is or can become jit_elevated reads and writes everything.
void CheckElevated(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(
      "SELECT r.rolcanlogin OR r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication "
      "OR r.rolbypassrls AS able,"
      " (SELECT pg_catalog.string_agg(m.member::pg_catalog.regrole::text, ', ') FROM "
      "pg_catalog.pg_auth_members m"
      "  WHERE m.roleid = r.oid) AS members,"
      " pg_catalog.pg_has_role(r.oid, 'pg_read_all_data', 'USAGE') AND "
      "pg_catalog.pg_has_role(r.oid, 'pg_write_all_data', 'USAGE') AS works"
      " FROM pg_catalog.pg_roles r WHERE r.rolname = 'jit_elevated'");
  const std::size_t before = findings.size();
  if (found.empty()) {
    findings.push_back(
        {name, Level::kProblem, "there is no role jit_elevated: no grant works",
         "CREATE ROLE jit_elevated NOLOGIN IN ROLE pg_read_all_data, pg_write_all_data;"});
    return;
  }
  if (found.Bool(0, "able")) {
    findings.push_back({name, Level::kProblem,
                        "jit_elevated may log in or has an attribute that a marker should not have",
                        "ALTER ROLE jit_elevated NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB "
                        "NOREPLICATION NOBYPASSRLS;"});
  }
  if (const auto members = found.Text(0, "members")) {
    findings.push_back(
        {name, Level::kProblem,
         fmt::format("jit_elevated has members, who read and write everything: {}", *members),
         "REVOKE jit_elevated FROM each of them."});
  }
  if (!found.Bool(0, "works")) {
    findings.push_back(
        {name, Level::kProblem,
         "jit_elevated lacks pg_read_all_data or pg_write_all_data: grants do not work",
         "GRANT pg_read_all_data, pg_write_all_data TO jit_elevated;"});
  }
  if (findings.size() == before)
    findings.push_back({name, Level::kOk, "a marker that nobody can become", ""});
}

void CheckStanding(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(
      "SELECT role, relation, pg_catalog.array_to_string(privileges, ', ') AS privileges, via"
      " FROM jit.standing_access ORDER BY role, relation LIMIT 21");
  constexpr int kMost = 20;
  for (int row = 0; row < found.rows() && row < kMost; ++row) {
    findings.push_back({name, Level::kWarning,
                        fmt::format("\"{}\" holds {} on {} without asking ({})",
                                    found.TextOr(row, "role"), found.TextOr(row, "privileges"),
                                    found.TextOr(row, "relation"), found.TextOr(row, "via")),
                        ""});
  }
  if (found.rows() > 0) {
    findings.back().hint =
        fmt::format("{}REVOKE what people should ask for: SELECT * FROM jit.standing_access;",
                    found.rows() > kMost ? "There is more. " : "");
  } else {
    findings.push_back(
        {name, Level::kOk, "no requester that you may see holds a privilege natively", ""});
  }
}

// The daemon needs jit_coordinator and CONNECT, and nothing else.
void CheckCoordinator(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(R"sql(
WITH RECURSIVE member (oid) AS (
  SELECT m.member FROM pg_catalog.pg_auth_members m WHERE m.roleid = 'jit_coordinator'::pg_catalog.regrole
  UNION SELECT m.member FROM member x JOIN pg_catalog.pg_auth_members m ON m.roleid = x.oid),
above (login, oid) AS (
  SELECT oid, oid FROM member
  UNION SELECT a.login, m.roleid FROM above a JOIN pg_catalog.pg_auth_members m ON m.member = a.oid)
SELECT r.rolname AS role, r.rolcanlogin AS login,
  pg_catalog.concat_ws(', ', CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
    CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END,
    CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END) AS attributes,
  (SELECT pg_catalog.string_agg(g.rolname, ', ' ORDER BY g.rolname) FROM above a JOIN pg_catalog.pg_roles g ON g.oid = a.oid
   WHERE a.login = r.oid AND a.oid <> r.oid AND g.rolname NOT IN ('jit_coordinator', 'jit_gateway')
     AND NOT EXISTS (SELECT FROM member m WHERE m.oid = a.oid)) AS groups,
  (SELECT count(*) FROM pg_catalog.pg_class c WHERE c.relowner = r.oid) AS owned,
  (SELECT count(DISTINCT c.oid) FROM pg_catalog.pg_class c
   CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) e WHERE e.grantee = r.oid AND c.relowner <> r.oid) AS granted
FROM member m JOIN pg_catalog.pg_roles r ON r.oid = m.oid ORDER BY 1)sql");
  bool login = false;
  for (int row = 0; row < found.rows(); ++row) {
    login |= found.Bool(row, "login");
    const std::string role = found.TextOr(row, "role");
    const std::size_t before = findings.size();
    if (const std::string attributes = found.TextOr(row, "attributes"); !attributes.empty()) {
      findings.push_back({name, Level::kProblem, fmt::format("\"{}\" has {}", role, attributes),
                          "The daemon needs no attribute but LOGIN."});
    }
    if (const auto groups = found.Text(row, "groups")) {
      findings.push_back({name, Level::kProblem,
                          fmt::format("\"{}\" is also a member of {}", role, *groups),
                          "The daemon needs no group but jit_coordinator; as an approver it could "
                          "decide for itself."});
    }
    if (found.Integer(row, "owned").value_or(0) + found.Integer(row, "granted").value_or(0) > 0) {
      findings.push_back(
          {name, Level::kWarning,
           fmt::format("\"{}\" owns {} and holds privileges on {} relations here", role,
                       found.TextOr(row, "owned"), found.TextOr(row, "granted")),
           "The daemon needs no table."});
    }
    if (findings.size() == before)
      findings.push_back(
          {name, Level::kOk, fmt::format("\"{}\" has nothing but jit_coordinator", role), ""});
  }
  if (!login) {
    findings.push_back({name, Level::kWarning, "no login is a member of jit_coordinator",
                        "CREATE ROLE jit_daemon LOGIN IN ROLE jit_coordinator;"});
  }
}

void CheckPeople(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(R"sql(
WITH RECURSIVE above (member, oid) AS (
  SELECT r.oid, r.oid FROM pg_catalog.pg_roles r WHERE r.rolcanlogin
  UNION SELECT a.member, m.roleid FROM above a JOIN pg_catalog.pg_auth_members m ON m.member = a.oid)
SELECT g.rolname AS role, count(r.oid) AS logins, pg_catalog.string_agg(r.rolname, ', ') FILTER (WHERE r.rolsuper) AS supers
FROM pg_catalog.pg_roles g LEFT JOIN above a ON a.oid = g.oid LEFT JOIN pg_catalog.pg_roles r ON r.oid = a.member
WHERE g.rolname IN ('jit_requester', 'jit_approver') GROUP BY g.rolname ORDER BY 1)sql");
  for (int row = 0; row < found.rows(); ++row) {
    const std::string role = found.TextOr(row, "role");
    const auto logins = found.Integer(row, "logins").value_or(0);
    if (logins == 0) {
      findings.push_back({name, Level::kWarning, fmt::format("nobody is a member of {}", role),
                          fmt::format("GRANT {} TO somebody;", role)});
    } else {
      findings.push_back({name, Level::kOk, fmt::format("{} has {} logins", role, logins), ""});
    }
    if (const auto supers = found.Text(row, "supers"); supers && role == "jit_requester") {
      findings.push_back(
          {name, Level::kWarning,
           fmt::format("requesters who are superusers, and so outside the system: {}", *supers),
           ""});
    }
  }
}

// A policy that wants more approvers than there are lets every request lapse. The requester may be
// one of them.
void CheckPolicies(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(R"sql(
WITH RECURSIVE above (member, oid) AS (
  SELECT r.oid, r.oid FROM pg_catalog.pg_roles r WHERE r.rolcanlogin
  UNION SELECT a.member, m.roleid FROM above a JOIN pg_catalog.pg_auth_members m ON m.member = a.oid)
SELECT p.name, p.approvals, p.approver, pg_catalog.to_regrole(pg_catalog.quote_ident(p.approver)) IS NULL AS no_approver,
  p.requester IS NOT NULL AND pg_catalog.to_regrole(pg_catalog.quote_ident(p.requester)) IS NULL AS no_requester, p.requester,
  (SELECT count(*) FROM above a JOIN pg_catalog.pg_roles g ON g.oid = a.oid WHERE g.rolname = p.approver) AS approvers
FROM jit.policies p WHERE p.verdict = 'allow' ORDER BY p.priority, p.name)sql");
  const std::size_t before = findings.size();
  for (int row = 0; row < found.rows(); ++row) {
    const std::string policy = found.TextOr(row, "name");
    if (found.Bool(row, "no_approver") || found.Bool(row, "no_requester")) {
      findings.push_back({name, Level::kProblem,
                          fmt::format("policy \"{}\" names a role that does not exist", policy),
                          "jit-coordinator policy list shows it."});
    } else if (found.Integer(row, "approvals") > found.Integer(row, "approvers")) {
      findings.push_back(
          {name, Level::kWarning,
           fmt::format("policy \"{}\" wants {} approvals, and {} has {} logins", policy,
                       found.TextOr(row, "approvals"), found.TextOr(row, "approver"),
                       found.TextOr(row, "approvers")),
           "Its requests can only lapse."});
    }
  }
  if (findings.size() == before)
    findings.push_back(
        {name, Level::kOk, fmt::format("{} that allow, each can be met", found.rows()), ""});
}

void CheckDaemon(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(
      "SELECT a.usename AS role, count(*) AS n FROM pg_catalog.pg_stat_activity a"
      " WHERE a.datname = pg_catalog.current_database() AND a.application_name = 'jit-coordinator'"
      "   AND pg_catalog.pg_has_role(a.usesysid, 'jit_coordinator', 'MEMBER') GROUP BY 1");
  if (found.empty()) {
    findings.push_back(
        {name, Level::kProblem, "no daemon is connected: what is approved is not granted",
         "Start one: jit-coordinator run --config FILE, or systemctl start jit-coordinator."});
  }
  for (int row = 0; row < found.rows(); ++row) {
    findings.push_back(
        {name, Level::kOk,
         fmt::format("{} connected as \"{}\"", found.TextOr(row, "n"), found.TextOr(row, "role")),
         ""});
  }
  const pg::Result stuck = session.Query(
      "SELECT count(*) AS n FROM jit.visible_requests WHERE status = 'approved' AND pushed_at IS "
      "NULL"
      " AND decided_at < pg_catalog.clock_timestamp() - '1 minute'::pg_catalog.interval");
  if (stuck.Integer(0, "n").value_or(0) > 0) {
    findings.push_back(
        {name, Level::kProblem,
         fmt::format("{} requests were approved more than a minute ago and are not granted",
                     stuck.TextOr(0, "n")),
         "The daemon's log says why, if one runs."});
  }
}

}  // namespace

const std::vector<Check>& Checks() {
  static const std::vector<Check> checks{
      {"server", CheckServer, false},        {"preloaded", CheckPreloaded, false},
      {"extension", CheckExtension, false},  {"schema", CheckSchema, true},
      {"versions", CheckVersions, true},     {"triggers", CheckTriggers, true},
      {"jit_elevated", CheckElevated, true}, {"coordinator", CheckCoordinator, true},
      {"gateways", CheckGateways, true},     {"delegates", CheckDelegates, true},
      {"daemon", CheckDaemon, true},         {"people", CheckPeople, true},
      {"policies", CheckPolicies, true},     {"audit log", CheckAuditLog, true},
      {"auditors", CheckAuditors, true},     {"standing access", CheckStanding, true},
  };
  return checks;
}

}  // namespace jit::cli
