// Anchors: the head of an audit chain written down outside the database, and what a later look at
// the chain says about them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/timestamp.h"

namespace jit::core {

// The end of a chain. seq 0: the log was empty.
struct ChainHead {
  std::int64_t seq = 0;
  std::string hash;  // hexadecimal, in small letters

  bool operator==(const ChainHead&) const = default;
};

struct Anchor {
  Instant time;          // by the database's clock
  std::string target;    // the daemon's name for the database
  std::string database;  // the database's own
  std::string system;    // system identifier of the cluster; empty where it was not told
  ChainHead head;

  bool operator==(const Anchor&) const = default;
};

// One line of an anchor file, without its end; and back. No value for what is no such line.
std::string FormatAnchor(const Anchor& anchor);
std::optional<Anchor> ParseAnchor(std::string_view line);

// Which chain a file's lines are compared with.
struct ChainPlace {
  std::string target;  // empty: it was not named
  std::string database;
  std::string system;  // empty: not to be looked at
};
enum class Belonging { kThis, kOtherCluster, kOther };
Belonging BelongsTo(const Anchor& anchor, const ChainPlace& place);

// What the chain has where an anchor was taken.
enum class AnchorState {
  kSame,     // the row is there with the hash that was written down
  kCutOff,   // the row left the log with a detached partition: nothing to compare here
  kChanged,  // the row has another hash
  kMissing,  // there is no such row
  kBehind,   // the chain ends before it: it was cut back, or is another one
};

// `hash_now`: jit.audit_hash_at of the anchor's seq. `cut_off`: the row was in a partition that is
// detached by now.
AnchorState CompareAnchor(const ChainHead& anchor, const std::optional<std::string>& hash_now,
                          std::int64_t head_seq, bool cut_off);
bool IsFinding(AnchorState state);
// 'the row has another hash', and the like.
std::string_view Describe(AnchorState state);

}  // namespace jit::core
