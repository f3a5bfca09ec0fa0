#include "run/anchor.h"

#include <fmt/format.h>

#include "run/anchor_file.h"
#include "run/log.h"

namespace jit::run {
namespace {

// The head, and what the chain has now where the last anchor was taken; one snapshot for both.
constexpr const char* kHead =
    "SELECT h.seq, pg_catalog.encode(h.hash, 'hex') AS hash,"
    " pg_catalog.encode(jit.audit_hash_at($1), 'hex') AS hash_at_last,"
    " pg_catalog.clock_timestamp() AS now FROM jit.audit_head() h";

constexpr const char* kPlace =
    "SELECT pg_catalog.current_database() AS database,"
    " (SELECT c.system_identifier FROM pg_catalog.pg_control_system() c"
    "  WHERE pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'))"
    " AS system";

// An older extension, or none: there is nothing to anchor.
bool IsMissing(std::string_view sqlstate) {
  return sqlstate == "42883" || sqlstate == "42P01" || sqlstate == "3F000";
}

}  // namespace

Task<void> Anchoring::Take(pg::Connection& connection) {
  due_ = Clock::now() + target_.anchor_interval;
  std::optional<pg::Error> failure;
  try {
    co_await Look(connection);
    told_missing_ = false;
  } catch (const pg::Error& error) {
    if (error.connection_lost()) throw;
    failure = error;
  }
  if (!failure) co_return;
  const bool missing = IsMissing(failure->sqlstate());
  if (missing && told_missing_) co_return;
  told_missing_ = missing;
  Log(missing ? Level::kWarning : Level::kError,
      missing ? "no audit log to anchor" : "audit chain not anchored",
      {{"target", target_.name},
       {"error", failure->what()},
       {"sqlstate", std::string(failure->sqlstate())},
       {"hint", missing ? "ALTER EXTENSION jit_access UPDATE" : failure->fields().hint}});
}

Task<void> Anchoring::Look(pg::Connection& connection) {
  const pg::Result where = co_await connection.Execute(kPlace);
  const core::ChainPlace place{target_.name, where.TextOr(0, "database"),
                               where.TextOr(0, "system")};
  co_await Remember(place);

  pg::Values values;
  values.emplace_back(last_ ? std::optional(fmt::to_string(last_->seq)) : std::nullopt);
  const pg::Result found = co_await connection.Execute(kHead, std::move(values));
  if (found.empty()) co_return;
  const core::ChainHead head{found.Integer(0, "seq").value_or(0), found.TextOr(0, "hash")};
  if (last_) {
    const auto hash_now = found.Text(0, "hash_at_last");
    // A row of some minutes ago does not leave with an old partition: without it the log is not
    // what it was.
    const core::AnchorState state = core::CompareAnchor(*last_, hash_now, head.seq, false);
    if (core::IsFinding(state)) LogDifference(state, head, hash_now);
  }
  const core::Anchor anchor{found.Time(0, "now").value_or(core::Instant{}), target_.name,
                            place.database, place.system, head};
  if (last_ != head) {
    last_ = head;
    Log(Level::kInfo, "audit anchor",
        {{"target", target_.name},
         {"database", place.database},
         {"system", place.system},
         {"seq", fmt::to_string(head.seq)},
         {"hash", head.hash}});
  }
  if (!target_.anchor_file.empty() && filed_ != head) co_await Write(anchor);
}

Task<void> Anchoring::Remember(const core::ChainPlace& place) {
  if (remembered_ || target_.anchor_file.empty()) co_return;
  const auto read = [path = target_.anchor_file, place]() -> Task<std::optional<core::Anchor>> {
    co_return LastAnchor(path, place);
  };
  const auto anchor = co_await asio::co_spawn(pool_.get_executor(), read, asio::use_awaitable);
  remembered_ = true;
  if (!anchor) co_return;
  filed_ = anchor->head;
  if (!last_) last_ = anchor->head;
}

// On the pool: a disk may take its time, and the other targets are not to wait for it.
Task<void> Anchoring::Write(const core::Anchor& anchor) {
  const auto append = [path = target_.anchor_file, anchor]() -> Task<std::string> {
    co_return AppendAnchor(path, anchor);
  };
  const std::string failure =
      co_await asio::co_spawn(pool_.get_executor(), append, asio::use_awaitable);
  if (failure.empty()) {
    filed_ = anchor.head;
  } else {
    Log(Level::kError, "anchor file not written",
        {{"target", target_.name}, {"file", target_.anchor_file}, {"error", failure}});
  }
}

void Anchoring::LogDifference(core::AnchorState state, const core::ChainHead& head,
                              const std::optional<std::string>& hash_now) {
  Log(Level::kError, "audit chain differs from its anchor",
      {{"target", target_.name},
       {"finding", std::string(core::Describe(state))},
       {"anchored_seq", fmt::to_string(last_->seq)},
       {"anchored_hash", last_->hash},
       {"hash_now", hash_now.value_or("")},
       {"head_seq", fmt::to_string(head.seq)}});
}

}  // namespace jit::run
