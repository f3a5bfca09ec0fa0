#include "api/feeds.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/json_text.h"
#include "core/table.h"

namespace jit::api {
namespace {

using core::Json;

constexpr std::size_t kKept = 2000;  // events that a feed remembers
// What the session's user might read then they may no longer be allowed to.
constexpr std::chrono::seconds kRemembered{10};
constexpr int kPage = 500;
constexpr std::chrono::seconds kTick{10};
constexpr std::chrono::milliseconds kTogether{5};
// Anybody may say NOTIFY as often as they like: the first is heard at once, those behind it
// together.
constexpr std::chrono::milliseconds kApart{100};
// With jit_access.audit = async the record follows its notification: when to look once more.
constexpr std::array<std::chrono::milliseconds, 3> kLater{
    std::chrono::milliseconds{50}, std::chrono::milliseconds{250}, std::chrono::milliseconds{1000}};

// Word for word what the audit log leaves out.
constexpr const char* kEvents = "SELECT * FROM jit.events_after($1, $2)";

Json OrNull(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }
Json OrNull(const std::optional<std::int64_t>& number) {
  return number ? Json(*number) : Json(nullptr);
}

// The last row may say only up to where there is nothing.
bool IsEvent(const pg::Result& found, int row) { return found.Text(row, "event").has_value(); }

std::shared_ptr<const Event> EventOf(const pg::Result& found, int row) {
  auto event = std::make_shared<Event>();
  event->id = found.Integer(row, "id").value_or(0);
  event->read_at = Clock::now();
  const auto at = found.Time(row, "at");
  const Json data = {{"id", event->id},
                     {"at", at ? Json(core::FormatRfc3339(*at)) : Json(nullptr)},
                     {"event", found.TextOr(row, "event")},
                     {"request_id", OrNull(found.Integer(row, "request_id"))},
                     {"token_id", OrNull(found.Integer(row, "token_id"))},
                     {"requester", OrNull(found.Text(row, "requester"))},
                     {"actor", OrNull(found.Text(row, "actor"))},
                     {"status", OrNull(found.Text(row, "status"))},
                     {"access", OrNull(found.Text(row, "access"))},
                     {"detail", core::ParseJson(found.TextOr(row, "detail", "null"))}};
  // On one line, whatever the texts hold.
  event->text =
      fmt::format("id: {}\nevent: {}\ndata: {}\n\n", event->id, found.TextOr(row, "event"),
                  data.dump(-1, ' ', false, Json::error_handler_t::replace));
  return event;
}

}  // namespace

Task<std::int64_t> Feed::Head() {
  const pg::Result found = co_await session_->Query("SELECT jit.events_head() AS head");
  co_return found.Integer(0, "head").value_or(0);
}

std::int64_t Feed::Last() const {
  return std::max(read_to_, recent_.empty() ? floor_ : recent_.back()->id);
}

Task<void> Feed::ReadOn() {
  dirty_ = false;
  const pg::Result found =
      co_await session_->Query(kEvents, pg::With(fmt::to_string(Last()), fmt::to_string(kPage)));
  int events = 0;
  for (int row = 0; row < found.rows(); ++row) {
    if (IsEvent(found, row)) {
      recent_.push_back(EventOf(found, row));
      ++events;
    }
    read_to_ = found.Integer(row, "id").value_or(read_to_);
  }
  // Streams that looked while this was under way found nothing, and wait.
  if (events > 0) changed_.cancel();
  LookLater();
  if (events == kPage) dirty_ = true;
  Forget();
}

void Feed::Forget() {
  const Clock::time_point old = Clock::now() - kRemembered;
  while (recent_.size() > kKept || (!recent_.empty() && recent_.front()->read_at < old)) {
    floor_ = recent_.front()->id;
    recent_.pop_front();
  }
}

Task<Feed::Found> Feed::After(std::int64_t id) {
  Found out{{}, id};
  const Turn::Hold hold = co_await turn_.Take();
  if (floor_ < 0) floor_ = id;
  Forget();
  if (id < floor_) {
    // Further back than is remembered: read for this stream alone.
    const pg::Result found =
        co_await session_->Query(kEvents, pg::With(fmt::to_string(id), fmt::to_string(kPage)));
    out.reached = floor_;
    for (int row = 0; row < found.rows(); ++row) {
      if (IsEvent(found, row)) out.events.push_back(EventOf(found, row));
      out.reached = found.Integer(row, "id").value_or(out.reached);
    }
    co_return out;
  }
  if (dirty_ && (recent_.empty() || id >= recent_.back()->id)) co_await ReadOn();
  for (const auto& event : recent_) {
    if (event->id > id) out.events.push_back(event);
  }
  out.reached = std::max(id, out.events.empty() ? read_to_ : out.events.back()->id);
  co_return out;
}

void Feed::Wake() {
  looks_ = 0;
  Look();
}

void Feed::Look() {
  dirty_ = true;
  changed_.cancel();
}

void Feed::LookLater() {
  if (looks_ >= kLater.size()) return;
  later_.expires_after(kLater[looks_++]);
  later_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->Look();
  });
}

bool Feed::MayHaveAfter(std::int64_t id) const {
  return dirty_ || id < floor_ || (!recent_.empty() && recent_.back()->id > id);
}

Task<void> Feed::Wait() {
  boost::system::error_code ignored;
  co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

void Feeds::StartTicking() {
  if (stopping_) return;
  tick_.expires_after(kTick);
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    for (const auto& [key, weak] : feeds_) {
      if (const auto feed = weak.lock()) feed->Look();
    }
    StartTicking();
  });
}

void Feeds::Stop() {
  stopping_ = true;
  tick_.cancel();
  for (const auto& [target, timer] : soon_) timer->cancel();
  for (const auto& [key, weak] : feeds_) {
    if (const auto feed = weak.lock()) feed->Wake();
  }
}

std::shared_ptr<Feed> Feeds::Of(const std::shared_ptr<Session>& session) {
  std::erase_if(feeds_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<Feed>& slot = feeds_[session.get()];
  std::shared_ptr<Feed> feed = slot.lock();
  if (!feed) {
    feed = std::make_shared<Feed>(reactor_, session);
    slot = feed;
    session->OnEnd([weak = slot] {
      if (const auto ended = weak.lock()) ended->Wake();
    });
  }
  return feed;
}

void Feeds::Wake(const std::string& target) {
  if (stopping_ || feeds_.empty() || soon_.contains(target)) return;
  const Clock::time_point when = std::max(Clock::now() + kTogether, woken_[target] + kApart);
  const auto timer = std::make_shared<asio::steady_timer>(reactor_, when);
  soon_.emplace(target, timer);
  timer->async_wait([this, target, timer](const boost::system::error_code& error) {
    if (error) return;
    soon_.erase(target);
    woken_[target] = Clock::now();
    for (const auto& [key, weak] : feeds_) {
      if (const auto feed = weak.lock(); feed && feed->session().target() == target) feed->Wake();
    }
  });
}

std::int64_t Feeds::streams() const {
  std::int64_t count = 0;
  for (const auto& [key, weak] : feeds_) {
    if (const auto feed = weak.lock()) count += feed->streams;
  }
  return count;
}

std::int64_t Feeds::StreamsOf(const std::string& target, const std::string& user) const {
  std::int64_t count = 0;
  for (const auto& [key, weak] : feeds_) {
    const auto feed = weak.lock();
    if (feed && feed->session().target() == target && feed->session().who().user == user)
      count += feed->streams;
  }
  return count;
}

}  // namespace jit::api
