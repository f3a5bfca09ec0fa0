// What an auditor's report says, before it has a form.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/anchor.h"
#include "core/interval.h"
#include "core/table.h"
#include "core/timestamp.h"

namespace jit::report {

using core::Instant;
using OptionalInstant = std::optional<Instant>;

// Statements of one person that are alike: same normalised text, requests and end, on one day.
struct StatementGroup {
  Instant first;
  Instant last;
  std::string person;
  std::vector<std::int64_t> requests;
  std::string outcome;
  std::string key;   // statements with the same key are the same but for their constants
  std::string text;  // of one of them
  std::vector<std::string> relations;
  std::vector<std::string> raw_columns;
  std::string error;  // SQLSTATE and message of one of them
  std::int64_t count = 0;
  std::int64_t rows = 0;
};

struct TopStatement {
  std::string text;
  std::int64_t count = 0;
  std::int64_t rows = 0;
  std::int64_t unsuccessful = 0;
  Instant last;
};

// What was run under one request.
struct Use {
  std::int64_t statements = 0;
  std::int64_t rows = 0;
  std::int64_t unsuccessful = 0;
  std::vector<std::string> relations;    // sorted
  std::vector<std::string> raw_columns;  // sorted
  std::vector<TopStatement> top;         // the most frequent first
  std::size_t others = 0;                // different statements that are not among them
};

struct Decision {
  std::string who;
  std::string decision;  // approve, deny
  std::string comment;
  OptionalInstant at;
};

struct Request {
  std::int64_t id = 0;
  std::string person;
  std::string access;
  std::string reason;
  std::string ticket;
  std::string status;
  std::string policy;
  Instant asked_at;
  std::optional<core::Interval> asked_for;
  std::optional<core::Interval> approved_for;
  OptionalInstant begins;  // of the access; none: never granted
  OptionalInstant ends;
  std::string ended_by;
  std::string end_reason;
  bool break_glass = false;
  bool review_owed = false;
  std::string reviewed_by;
  OptionalInstant reviewed_at;
  std::string review;
  std::vector<Decision> decisions;
  Use use;

  bool granted() const { return begins.has_value(); }
  // How long it was held until `now`; nothing for what was revoked before it began.
  std::chrono::microseconds Held(Instant now) const;
};

struct Refusal {
  std::string person;
  std::string text;
  std::string error;
  std::int64_t count = 0;
  Instant last;
};

struct RawColumn {
  std::string column;
  std::string person;
  std::vector<std::int64_t> requests;
  std::int64_t statements = 0;
  Instant last;
};

struct Standing {
  std::string role;
  std::string relation;
  std::vector<std::string> privileges;
  std::string via;
};

// A change of policies, masks and the like, or of the log itself.
struct Change {
  Instant at;
  std::string kind;
  std::string who;
  std::string what;
};

struct Chain {
  enum class State { kIntact, kBroken, kUnknown };
  State state = State::kUnknown;
  std::int64_t checked = 0;
  std::optional<std::int64_t> first_bad;
  core::ChainHead head;
  std::string why_unknown;
};

inline constexpr std::size_t kOutcomes = 5;
// In the order of the charts; 'running' and 'unknown' are one.
extern const std::array<std::string, kOutcomes> kOutcomeNames;
std::size_t OutcomeIndex(std::string_view outcome);

struct Report {
  std::string database;
  std::string server;
  std::string made_by;
  std::string version;
  Instant made_at;
  Instant since;
  Instant until;
  std::string person;  // empty: everybody
  std::vector<Request> requests;
  std::vector<Refusal> refusals;
  std::size_t other_refusals = 0;
  std::vector<RawColumn> raw_columns;
  std::vector<Standing> standing;
  std::vector<Change> changes;
  std::vector<Change> log_events;
  Chain chain;
  std::vector<std::pair<Instant, std::array<std::int64_t, kOutcomes>>>
      statements;  // by group's day
  std::int64_t rows = 0;
};

}  // namespace jit::report
