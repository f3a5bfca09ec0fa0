#include "cli/server_feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "core/json_rows.h"

namespace jit::cli {
namespace {

using core::AuditEntry;
using core::Json;
using Seqs = std::set<std::int64_t>;

constexpr std::int64_t kPage = 1000;
constexpr int kMostPages = 50;  // of one look at what is new

// So long before the server's clock. A month is 30 days here: only the database would look into
// the calendar.
std::optional<std::string> TimeOf(const std::optional<core::Moment>& moment, core::Instant now) {
  if (!moment) return std::nullopt;
  if (moment->at) return core::FormatRfc3339(*moment->at);
  const std::chrono::days days{moment->ago->months * 30 + moment->ago->days};
  return core::FormatRfc3339(now - days - std::chrono::microseconds{moment->ago->micros});
}

std::optional<std::string> Flag(bool on) {
  return on ? std::optional<std::string>("true") : std::nullopt;
}

struct Page {
  std::vector<AuditEntry> entries;  // oldest first
  Seqs running;
  std::optional<std::string> next;
};

class ServerFeed : public AuditFeed {
 public:
  ServerFeed(client::Api& api, AuditSearch search) : api_(api), search_(std::move(search)) {}

  bool ReadsLog() override {
    const Json me = api_.Get("/me");  // its answer sets the clock, too
    return me.value("auditor", false) || me.value("superuser", false);
  }

  views::AuditPage Newest() override {
    since_ = TimeOf(search_.since, api_.now());
    until_ = TimeOf(search_.until, api_.now());
    if (search_.follow) BeginFollowing();
    views::AuditPage all;
    const auto limit = static_cast<std::size_t>(search_.filter.limit);
    std::optional<std::string> cursor;
    do {
      Page page = Read(static_cast<std::int64_t>(limit - all.entries.size()), cursor);
      Show(page, all.entries);
      cursor = page.next;
    } while (cursor && all.entries.size() < limit);
    core::KeepNewest(all.entries, limit,
                     search_.filter.log ? core::Order::kBySeq : core::Order::kByTime);
    all.more = cursor.has_value();
    return all;
  }

  // New is what has ended of that which ran before, and what is above all that was there when that
  // was asked: a statement may begin, and something else happen, while we look.
  std::vector<AuditEntry> Following() override {
    const Seqs running = Running();
    const std::int64_t begun = highest_;
    std::int64_t lowest = above_ + 1;
    for (const std::int64_t seq : awaited_) {
      if (!running.contains(seq)) lowest = std::min(lowest, seq);
    }
    std::vector<AuditEntry> fresh;
    std::optional<std::string> cursor;
    bool below = false;
    for (int pages = 0; pages < kMostPages && !below && (pages == 0 || cursor); ++pages) {
      Page page = Read(kPage, cursor);
      below = !page.entries.empty() && page.entries.front().seq < lowest;
      cursor = page.next;
      std::erase_if(page.entries, [&](const AuditEntry& entry) {
        return shown_.contains(entry.seq) || page.running.contains(entry.seq) ||
               (entry.seq <= above_ && !awaited_.contains(entry.seq));
      });
      Show(page, fresh);
    }
    awaited_ = running;
    for (const std::int64_t seq : shown_) awaited_.erase(seq);  // ended while we looked
    above_ = begun;
    shown_.erase(shown_.begin(), shown_.upper_bound(above_));
    std::sort(fresh.begin(), fresh.end(),
              [](const AuditEntry& a, const AuditEntry& b) { return a.seq < b.seq; });
    return fresh;
  }

 private:
  void BeginFollowing() {
    Read(1, std::nullopt);
    above_ = highest_;
    awaited_ = Running();
  }

  void Show(Page& page, std::vector<AuditEntry>& to) {
    for (AuditEntry& entry : page.entries) {
      if (!page.running.contains(entry.seq)) shown_.insert(entry.seq);
      to.push_back(std::move(entry));
    }
  }

  // Statements under way. Of the log itself each record is whole.
  Seqs Running() {
    if (search_.filter.log) return {};
    return Read(kPage, std::nullopt, "running").running;
  }

  Page Read(std::int64_t limit, const std::optional<std::string>& cursor,
            const std::optional<std::string>& outcome = std::nullopt) {
    const views::AuditFilter& filter = search_.filter;
    const Json answer = api_.Get("/audit", {{"person", filter.person},
                                            {"request", filter.request},
                                            {"relation", search_.relation},
                                            {"since", since_},
                                            {"until", until_},
                                            {"outcome", outcome ? outcome : filter.outcome},
                                            {"kind", filter.kind},
                                            {"raw_columns", Flag(filter.raw_columns && !outcome)},
                                            {"log", Flag(filter.log)},
                                            {"limit", fmt::to_string(std::min(limit, kPage))},
                                            {"cursor", cursor}});
    const core::JsonRows rows(answer.value("entries", Json::array()));
    Page page{views::AuditEntries(rows, filter.log), {}, CursorOf(answer)};
    for (int row = 0; row < rows.rows(); ++row) {
      const std::int64_t seq = page.entries[static_cast<std::size_t>(row)].seq;
      if (!filter.log && rows.Text(row, "what") == "running") page.running.insert(seq);
      highest_ = std::max(highest_, seq);
    }
    return page;
  }

  client::Api& api_;
  AuditSearch search_;
  std::optional<std::string> since_;
  std::optional<std::string> until_;
  std::int64_t highest_ = 0;  // of all that was read
  std::int64_t above_ = 0;    // what is higher is new, unless it is among
  Seqs shown_;
  Seqs awaited_;  // ran when last asked
};

}  // namespace

std::optional<std::string> CursorOf(const Json& page) {
  const auto found = page.find("next_cursor");
  if (found == page.end() || !found->is_string()) return std::nullopt;
  return found->get<std::string>();
}

std::unique_ptr<AuditFeed> OpenServerFeed(client::Api& api, AuditSearch search) {
  return std::make_unique<ServerFeed>(api, std::move(search));
}

}  // namespace jit::cli
