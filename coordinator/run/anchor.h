// The anchors of one target: the head of its audit chain, written down outside the database at an
// interval, so that a chain that was cut back or written anew shows.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "core/anchor.h"
#include "pg/connection.h"

namespace jit::run {

class Anchoring {
 public:
  Anchoring(asio::thread_pool& pool, const config::Target& target) : pool_(pool), target_(target) {}

  bool on() const { return target_.anchor_interval.count() > 0; }
  // When to call Take; the distant future where it is off.
  Clock::time_point due() const { return on() ? due_ : Clock::time_point::max(); }

  // The newest record's number, as far as was looked.
  std::optional<std::int64_t> head() const {
    return last_ ? std::optional<std::int64_t>(last_->seq) : std::nullopt;
  }

  // Compares the chain with the anchor before, and writes its head down where that has moved. What
  // the database refuses is logged, not thrown; the loss of the connection is thrown.
  Task<void> Take(pg::Connection& connection);

 private:
  Task<void> Look(pg::Connection& connection);
  // The last one in the file, so that what happened while no daemon ran is seen, too.
  Task<void> Remember(const core::ChainPlace& place);
  Task<void> Write(const core::Anchor& anchor);
  void LogDifference(core::AnchorState state, const core::ChainHead& head,
                     const std::optional<std::string>& hash_now);

  asio::thread_pool& pool_;
  const config::Target& target_;
  Clock::time_point due_ = Clock::now();
  std::optional<core::ChainHead> last_;   // the newest head that was seen
  std::optional<core::ChainHead> filed_;  // the newest that is in the file
  bool remembered_ = false;               // the file was looked at
  bool told_missing_ = false;             // that there is no audit log to anchor
};

}  // namespace jit::run
