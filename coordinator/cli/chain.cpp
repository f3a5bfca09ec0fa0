#include "cli/chain.h"

#include <fmt/format.h>

#include "pg/result.h"

namespace jit::cli {

ChainState VerifyChain(Database& database, const std::optional<std::string>& partition) {
  pg::Session& session = *database.session;
  ChainState state;
  const pg::Result head = session.Query(
      "SELECT h.seq, pg_catalog.encode(h.hash, 'hex') AS hash FROM jit.audit_head() h");
  if (!head.empty()) state.head = {head.Integer(0, "seq").value_or(0), head.TextOr(0, "hash")};
  state.partition = partition.value_or("");
  const pg::Result found =
      partition
          ? session.Query(fmt::format("SELECT v.checked, v.first_bad FROM"
                                      " {}.jit_audit_verify($1::pg_catalog.regclass) v",
                                      database.schema),
                          {partition})
          : session.Query(fmt::format("SELECT v.checked, v.first_bad FROM {}.jit_audit_verify() v",
                                      database.schema));
  state.checked = found.Integer(0, "checked").value_or(0);
  state.first_bad = found.Integer(0, "first_bad");
  return state;
}

core::Json ChainJson(const ChainState& chain) {
  core::Json json;
  if (!chain.partition.empty()) json["partition"] = chain.partition;
  json["checked"] = chain.checked;
  json["first_bad"] = chain.first_bad ? core::Json(*chain.first_bad) : core::Json();
  json["head"] = core::Json{{"seq", chain.head.seq}, {"hash", chain.head.hash}};
  return json;
}

std::string SystemIdentifier(pg::Session& session) {
  try {
    return session
        .Query("SELECT c.system_identifier::text AS id FROM pg_catalog.pg_control_system() c")
        .TextOr(0, "id");
  } catch (const pg::Error& error) {
    if (error.connection_lost()) throw;
    return "";
  }
}

core::ChainNow ChainNowAt(pg::Session& session, const core::AnchorFile& file) {
  std::vector<std::string> seqs;
  for (const auto& line : file.lines) seqs.push_back(fmt::to_string(line.anchor.head.seq));
  core::ChainNow now;
  // The order is kept by number: anchors of several daemons may name one row twice.
  const pg::Result hashes = session.Query(
      "SELECT pg_catalog.encode(jit.audit_hash_at(a.seq), 'hex') AS hash"
      " FROM pg_catalog.unnest($1::bigint[]) WITH ORDINALITY AS a (seq, number) ORDER BY a.number",
      {pg::FormatArray(seqs)});
  for (int row = 0; row < hashes.rows(); ++row) now.hashes.push_back(hashes.Text(row, "hash"));
  const pg::Result cut = session.Query(
      "SELECT p.first_seq, p.last_seq FROM jit.audit_partitions p"
      " WHERE p.detached_at IS NOT NULL AND p.last_seq IS NOT NULL");
  for (int row = 0; row < cut.rows(); ++row) {
    now.cut_off.emplace_back(cut.Integer(row, "first_seq").value_or(0),
                             cut.Integer(row, "last_seq").value_or(0));
  }
  const pg::Result head = session.Query("SELECT h.seq FROM jit.audit_head() h");
  now.head_seq = head.empty() ? 0 : head.Integer(0, "seq").value_or(0);
  return now;
}

}  // namespace jit::cli
