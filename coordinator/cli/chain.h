// The chain of the audit log, as the database says it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cli/connect.h"
#include "core/anchor_file.h"
#include "core/table.h"

namespace jit::cli {

struct ChainState {
  std::int64_t checked = 0;
  std::optional<std::int64_t> first_bad;  // none: the chain is whole
  core::ChainHead head;                   // as it was before the check
  std::string partition;                  // empty: the whole log
};

// Checks all of it, or one partition: as long as that takes.
ChainState VerifyChain(Database& database, const std::optional<std::string>& partition);
core::Json ChainJson(const ChainState& chain);

// Empty where the caller may not ask for it.
std::string SystemIdentifier(pg::Session& session);

// What the chain has at the anchors' rows.
core::ChainNow ChainNowAt(pg::Session& session, const core::AnchorFile& file);

}  // namespace jit::cli
