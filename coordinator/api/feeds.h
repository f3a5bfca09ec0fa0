// Events for streams: what jit.events shows a session's user, read once for all of its streams.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>

#include "api/session.h"

namespace jit::api {

// One event in its final form.
struct Event {
  std::int64_t id;
  std::string text;  // as server-sent events write it, with the empty line at its end
  Clock::time_point read_at;
};

// Of one session. Streams take from it, each at its own pace.
class Feed : public std::enable_shared_from_this<Feed> {
 public:
  Feed(asio::io_context& reactor, std::shared_ptr<Session> session)
      : session_(std::move(session)),
        turn_(reactor),
        changed_(reactor, Clock::time_point::max()),
        later_(reactor) {}

  Session& session() { return *session_; }

  // The number of the newest record there is.
  Task<std::int64_t> Head();
  // The next events after `id`, in order, at most a few hundred; none where there are none yet.
  struct Found {
    std::vector<std::shared_ptr<const Event>> events;
    std::int64_t reached = 0;  // there are none between `id` and this but those
  };
  Task<Found> After(std::int64_t id);

  // Something has changed, or is about to be seen: streams that wait look, and some times more
  // soon.
  void Wake();
  // Something may have changed: streams that wait look once.
  void Look();
  // Whether After would find something, as far as is known.
  bool MayHaveAfter(std::int64_t id) const;
  // Until Wake.
  Task<void> Wait();

  int streams = 0;

 private:
  Task<void> ReadOn();
  std::int64_t Last() const;
  void Forget();
  void LookLater();

  std::shared_ptr<Session> session_;
  Turn turn_;
  asio::steady_timer changed_;
  asio::steady_timer later_;
  std::size_t looks_ = SIZE_MAX;                     // since Wake; none before it
  std::deque<std::shared_ptr<const Event>> recent_;  // without a gap, all after floor_
  std::int64_t floor_ = -1;                          // -1: nothing was read yet
  std::int64_t read_to_ = -1;                        // up to this there are none but those
  bool dirty_ = true;
};

class Feeds {
 public:
  explicit Feeds(asio::io_context& reactor) : reactor_(reactor), tick_(reactor) {}

  // Wakes all now and then, until Stop: for heartbeats, and for what a lost notification would
  // hide.
  void StartTicking();
  void Stop();

  // The session's feed, for as long as somebody holds it.
  std::shared_ptr<Feed> Of(const std::shared_ptr<Session>& session);
  // Something has changed there. Many such at once are taken together.
  void Wake(const std::string& target);
  std::int64_t streams() const;
  std::int64_t StreamsOf(const std::string& target, const std::string& user) const;

 private:
  asio::io_context& reactor_;
  asio::steady_timer tick_;
  bool stopping_ = false;
  std::map<std::string, std::shared_ptr<asio::steady_timer>> soon_;  // by target
  std::map<std::string, Clock::time_point> woken_;                   // likewise: when last
  std::map<Session*, std::weak_ptr<Feed>> feeds_;
};

}  // namespace jit::api
