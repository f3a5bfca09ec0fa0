#include "cli/doctor_roles.h"

#include <fmt/format.h>

namespace jit::cli {
namespace {

using Findings = std::vector<Finding>;
using Level = Finding::Level;

void Object(Findings& findings, const std::string& name, Level level, std::string text,
            std::string hint) {
  findings.push_back({name, level, std::move(text), std::move(hint)});
}

}  // namespace

void CheckGateways(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(R"sql(
WITH RECURSIVE member (oid) AS (
  SELECT m.member FROM pg_catalog.pg_auth_members m
  WHERE m.roleid = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = 'jit_gateway')
  UNION SELECT m.member FROM member x JOIN pg_catalog.pg_auth_members m ON m.roleid = x.oid),
above (login, oid) AS (
  SELECT oid, oid FROM member
  UNION SELECT a.login, m.roleid FROM above a JOIN pg_catalog.pg_auth_members m ON m.member = a.oid)
SELECT r.rolname AS role,
  pg_catalog.concat_ws(', ', CASE WHEN r.rolsuper THEN 'SUPERUSER' END, CASE WHEN r.rolcreaterole THEN 'CREATEROLE' END,
    CASE WHEN r.rolcreatedb THEN 'CREATEDB' END, CASE WHEN r.rolreplication THEN 'REPLICATION' END,
    CASE WHEN r.rolbypassrls THEN 'BYPASSRLS' END) AS attributes,
  (SELECT pg_catalog.string_agg(g.rolname, ', ' ORDER BY g.rolname) FROM above a JOIN pg_catalog.pg_roles g ON g.oid = a.oid
   WHERE a.login = r.oid AND a.oid <> r.oid AND g.rolname NOT IN ('jit_gateway', 'jit_coordinator')
     AND NOT EXISTS (SELECT FROM member m WHERE m.oid = a.oid)) AS groups,
  (SELECT count(*) FROM pg_catalog.pg_class c WHERE c.relowner = r.oid) AS owned,
  (SELECT count(DISTINCT c.oid) FROM pg_catalog.pg_class c
   CROSS JOIN LATERAL pg_catalog.aclexplode(c.relacl) e WHERE e.grantee = r.oid AND c.relowner <> r.oid) AS granted,
  EXISTS (SELECT FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database()
          WHERE s.setrole = r.oid AND s.setdatabase IN (0, d.oid)) AS settings
FROM member m JOIN pg_catalog.pg_roles r ON r.oid = m.oid ORDER BY 1)sql");
  if (found.empty()) {
    findings.push_back({name, Level::kOk, "no login brings tokens", ""});
    return;
  }
  for (int row = 0; row < found.rows(); ++row) {
    const std::string role = found.TextOr(row, "role");
    const std::size_t before = findings.size();
    if (const std::string attributes = found.TextOr(row, "attributes"); !attributes.empty())
      Object(findings, name, Level::kProblem, fmt::format("\"{}\" has {}", role, attributes),
             "A login that brings tokens needs no attribute but LOGIN.");
    if (const auto groups = found.Text(row, "groups"))
      Object(findings, name, Level::kProblem,
             fmt::format("\"{}\" is also a member of {}", role, *groups),
             "A login that brings tokens needs no group but jit_gateway, and jit_coordinator where "
             "the daemon uses it for both.");
    if (found.Bool(row, "settings"))
      Object(findings, name, Level::kProblem,
             fmt::format("\"{}\" has settings of its own: its sessions are handed to nobody", role),
             fmt::format("ALTER ROLE {} RESET ALL, in this database, too.", role));
    if (found.Integer(row, "owned").value_or(0) + found.Integer(row, "granted").value_or(0) > 0)
      Object(findings, name, Level::kProblem,
             fmt::format("\"{}\" owns {} and holds privileges on {} relations here", role,
                         found.TextOr(row, "owned"), found.TextOr(row, "granted")),
             "A login that brings tokens needs no table.");
    if (findings.size() == before)
      Object(findings, name, Level::kOk,
             fmt::format("\"{}\" brings tokens, and has nothing itself", role), "");
  }
}

void CheckDelegates(pg::Session& session, const std::string& name, Findings& findings) {
  const pg::Result found = session.Query(R"sql(
WITH RECURSIVE member (oid) AS (
  SELECT m.member FROM pg_catalog.pg_auth_members m
  WHERE m.roleid = (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = 'jit_delegate')
  UNION SELECT m.member FROM member x JOIN pg_catalog.pg_auth_members m ON m.roleid = x.oid),
above (login, oid) AS (
  SELECT oid, oid FROM member
  UNION SELECT a.login, m.roleid FROM above a JOIN pg_catalog.pg_auth_members m ON m.member = a.oid)
SELECT r.rolname AS role, r.rolsuper AS super,
  (SELECT pg_catalog.string_agg(DISTINCT g.rolname, ', ') FROM above a JOIN pg_catalog.pg_roles g ON g.oid = a.oid
   WHERE a.login = r.oid AND a.oid <> r.oid
     AND (g.rolname IN ('jit_requester', 'jit_approver') OR EXISTS (SELECT FROM jit.policies p WHERE p.approver = g.rolname)))
    AS groups
FROM member m JOIN pg_catalog.pg_roles r ON r.oid = m.oid ORDER BY 1)sql");
  if (found.empty()) {
    findings.push_back({name, Level::kOk, "nobody asks on behalf of others", ""});
    return;
  }
  for (int row = 0; row < found.rows(); ++row) {
    const std::string role = found.TextOr(row, "role");
    const std::size_t before = findings.size();
    if (found.Bool(row, "super"))
      Object(findings, name, Level::kProblem,
             fmt::format("\"{}\", a delegate, is a superuser", role),
             fmt::format("ALTER ROLE {} NOSUPERUSER;", role));
    if (const auto groups = found.Text(row, "groups"))
      Object(findings, name, Level::kWarning,
             fmt::format("\"{}\", a delegate, is also a member of {}: that gives it nothing", role,
                         *groups),
             "Whoever asks for others neither asks for itself nor decides: REVOKE the one or the "
             "other.");
    if (findings.size() == before)
      Object(findings, name, Level::kOk, fmt::format("\"{}\" asks for others", role), "");
  }
}

}  // namespace jit::cli
