// Server-sent events: what changes, for whom it concerns, resumable.
#include <fmt/format.h>

#include <charconv>

#include "api/api.h"
#include "api/fields.h"

namespace jit::api {
namespace {

constexpr std::chrono::seconds kHeartbeat{15};

std::optional<std::int64_t> LastSeen(const http::Request& request, QueryFields& query) {
  const auto header = request.headers.Get("last-event-id");
  const auto since = query.Text("since");
  const std::string text = header ? std::string(*header) : since.value_or("");
  if (text.empty()) return std::nullopt;
  std::int64_t id = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, id);
  if (error != std::errc{} || end != last || id < 0)
    throw Failure(InvalidField("since", "the id of an event is a whole number"));
  return id;
}

class Counted {
 public:
  explicit Counted(Feed& feed) : feed_(feed) { ++feed_.streams; }
  ~Counted() { --feed_.streams; }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;

 private:
  Feed& feed_;
};

Task<Answer> StreamEvents(Call& call) {
  QueryFields query(call.request());
  const auto seen = LastSeen(call.request(), query);
  query.Finish();
  const std::shared_ptr<Session> session = call.session;
  if (call.api.feeds().StreamsOf(session->target(), session->who().user) >=
      call.api.settings().event_streams_per_user) {
    throw Failure(Problem{429, "too-many-streams", "Too many streams",
                          "so many streams of events are open already; close one"});
  }
  const std::shared_ptr<Feed> feed = call.api.feeds().Of(session);
  const Counted counted(*feed);
  const std::int64_t head = co_await feed->Head();
  std::int64_t last = seen.value_or(head);
  // An id from another log, or from one that was set back: what is known is to be read anew.
  const bool reset = last > head;
  if (reset) last = head;

  http::Response response{200, "text/event-stream", {}, ""};
  response.headers.Add("X-Accel-Buffering", "no");
  co_await call.exchange.Begin(response, "");
  std::string hello = ": events of " + session->target() + "\nretry: 2000\n\n";
  if (reset) hello += "event: reset\ndata: {}\n\n";
  co_await call.exchange.Write(hello);

  Clock::time_point spoken = Clock::now();
  std::string why;
  while (!session->ended() && !call.exchange.gone()) {
    std::string text;
    if (feed->MayHaveAfter(last)) {
      try {
        co_await session->Refresh();
        const Feed::Found found = co_await feed->After(last);
        for (const auto& event : found.events) text += event->text;
        last = found.reached;
      } catch (const Failure& failure) {
        why = failure.what();
      } catch (const pg::Error& error) {
        why = error.what();
      }
      if (!why.empty()) break;
    }
    if (text.empty() && Clock::now() - spoken >= kHeartbeat) text = ": still here\n\n";
    if (!text.empty()) {
      co_await call.exchange.Write(text);
      spoken = Clock::now();
      continue;  // there may be more
    }
    if (!feed->MayHaveAfter(last)) co_await feed->Wait();
  }
  // The client connects again, and is told there what is the matter.
  co_await call.exchange.End({});
  co_return std::nullopt;
}

}  // namespace

void AddEventRoutes(http::Router<Route>& router) {
  router.Add("GET", "/api/v1/events",
             {"follow_events", Scope::kRead, StreamEvents, "text/event-stream"});
}

}  // namespace jit::api
