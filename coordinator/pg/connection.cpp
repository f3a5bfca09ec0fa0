#include "pg/connection.h"

#include <fmt/format.h>
#include <sys/ioctl.h>

#include <array>
#include <cstring>

#include "core/interval.h"

namespace jit::pg {
namespace {

// The server gives up first, so that it is the server that says what it was doing; our own
// deadline, so much later, is for a server or a network that says nothing.
constexpr milliseconds kGrace{5000};

// Of our own statements, which ask for pages: what is longer comes from a server that means no
// good.
constexpr std::int64_t kLongestAnswer = 128 * 1024 * 1024;

constexpr const char* kSetUp = R"sql(
SELECT pg_catalog.set_config('search_path', '', false),
       pg_catalog.set_config('statement_timeout', $1, false),
       pg_catalog.set_config('lock_timeout', '0', false),
       pg_catalog.set_config('idle_session_timeout', '0', false),
       pg_catalog.set_config('default_transaction_isolation', 'read committed', false),
       pg_catalog.set_config('default_transaction_read_only', 'off', false),
       pg_catalog.set_config('TimeZone', 'UTC', false),
       pg_catalog.set_config('DateStyle', 'ISO, YMD', false),
       pg_catalog.set_config('IntervalStyle', 'postgres', false),
       pg_catalog.set_config('standard_conforming_strings', 'on', false)
)sql";

std::string Trimmed(const char* text) {
  std::string out(text == nullptr ? "" : text);
  while (!out.empty() && (out.back() == '\n' || out.back() == ' ')) out.pop_back();
  return out;
}

// Anybody may raise an error of any length, and it is copied, escaped and logged on its way.
constexpr std::size_t kLongestField = 64 * 1024;

std::string CutField(const char* text) {
  std::size_t length = std::strlen(text);
  if (length <= kLongestField) return {text, length};
  length = kLongestField;
  while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80) --length;
  return std::string(text, length) + "…";
}

ErrorFields FieldsOf(const PGresult* result) {
  const auto field = [&](int code) {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? std::string() : CutField(text);
  };
  return {field(PG_DIAG_SQLSTATE),
          field(PG_DIAG_MESSAGE_PRIMARY),
          field(PG_DIAG_MESSAGE_DETAIL),
          field(PG_DIAG_MESSAGE_HINT),
          false,
          field(PG_DIAG_SEVERITY_NONLOCALIZED),
          field(PG_DIAG_STATEMENT_POSITION),
          field(PG_DIAG_SOURCE_FILE)};
}

bool IsSqlstate(std::string_view text) {
  return text.size() == 5 &&
         text.find_first_not_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ") == std::string_view::npos;
}

// libpq keeps the SQLSTATE of a refused connection to itself, but its verbose message has it:
// 'FATAL:  28P01: password authentication failed' and a line 'LOCATION: …'.
ErrorFields ReadVerbose(std::string message) {
  if (const auto location = message.find("\nLOCATION:"); location != std::string::npos) {
    const auto end = message.find('\n', location + 1);
    message.erase(location, end == std::string::npos ? end : end - location);
  }
  ErrorFields fields;
  for (auto at = message.find(":  "); at != std::string::npos; at = message.find(":  ", at + 1)) {
    const auto state = std::string_view(message).substr(at + 3, 5);
    if (!IsSqlstate(state) || message.compare(at + 8, 2, ": ") != 0) continue;
    fields.sqlstate = state;
    message.erase(at + 3, 7);
    break;
  }
  fields.message = std::move(message);
  return fields;
}

// Whether the server closes the connection after it. Not by SQLSTATE: a statement may raise any.
bool EndsSession(std::string_view severity) { return severity == "FATAL" || severity == "PANIC"; }

}  // namespace

Error Connection::LastError() const {
  if (!handle_) return Error::OfConnection("no connection");
  ErrorFields fields = ReadVerbose(Trimmed(PQerrorMessage(handle_.get())));
  fields.needs_password = PQconnectionNeedsPassword(handle_.get()) != 0;
  if (fields.needs_password) fields.sqlstate = "28P01";
  return Error(Error::Kind::kConnection, std::move(fields));
}

void Connection::ReceiveNotice(void* self, const PGresult* result) {
  const auto* connection = static_cast<const Connection*>(self);
  if (connection->on_notice_) connection->on_notice_(FieldsOf(result));
}

Task<void> Connection::Connect(const Parameters& parameters, milliseconds connect_timeout,
                               milliseconds query_timeout) {
  co_await Open(parameters, connect_timeout, query_timeout);
  co_await SetUp();
}

Task<void> Connection::Open(const Parameters& parameters, milliseconds connect_timeout,
                            milliseconds query_timeout) {
  query_timeout_ = query_timeout;
  co_await Establish(parameters, connect_timeout);
}

Task<void> Connection::SetUp() {
  Values values;
  values.emplace_back(fmt::to_string(query_timeout_.count()));
  co_await Execute(kSetUp, std::move(values));
}

Task<void> Connection::Establish(const Parameters& parameters, milliseconds timeout) {
  const Clock::time_point deadline = Clock::now() + timeout;
  Parameters all = parameters;
  Set(all, "client_encoding", "UTF8");

  const auto start = [all = std::move(all)]() -> Task<std::shared_ptr<PGconn>> {
    std::vector<const char*> keywords;
    std::vector<const char*> values;
    for (const Parameter& parameter : all) {
      keywords.push_back(parameter.keyword.c_str());
      values.push_back(parameter.value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    co_return std::shared_ptr<PGconn>(PQconnectStartParams(keywords.data(), values.data(), 0),
                                      PQfinish);
  };
  handle_ = co_await asio::co_spawn(pool_.get_executor(), start, asio::use_awaitable);
  if (!handle_) throw Error::OfConnection("out of memory");
  if (PQstatus(handle_.get()) == CONNECTION_BAD) throw LastError();
  PQsetErrorVerbosity(handle_.get(), PQERRORS_VERBOSE);
  PQsetNoticeReceiver(handle_.get(), &Connection::ReceiveNotice, this);

  const auto poll = [handle = handle_]() -> Task<PostgresPollingStatusType> {
    co_return PQconnectPoll(handle.get());
  };
  PostgresPollingStatusType state = PGRES_POLLING_WRITING;
  while (state != PGRES_POLLING_OK) {
    if (state == PGRES_POLLING_FAILED) throw LastError();
    waiter_.Watch(PQsocket(handle_.get()));  // anew each time: it may be another socket by now
    const bool reading = state == PGRES_POLLING_READING;
    const bool ready = co_await waiter_.UntilReady(reading, deadline);
    if (!ready) {
      throw Error::OfTimeout(fmt::format("no connection within {}", core::FormatSpan(timeout)));
    }
    waiter_.Release();
    state = co_await asio::co_spawn(pool_.get_executor(), poll, asio::use_awaitable);
  }
  waiter_.Watch(PQsocket(handle_.get()));
  if (PQsetnonblocking(handle_.get(), 1) != 0) throw LastError();
}

Task<Result> Connection::Execute(std::string sql, Values values) {
  if (!handle_) throw Error::OfConnection("no connection");
  const Clock::time_point deadline = Clock::now() + query_timeout_ + kGrace;
  std::vector<const char*> texts;
  for (const auto& value : values) texts.push_back(value ? value->c_str() : nullptr);
  if (PQsendQueryParams(handle_.get(), sql.c_str(), static_cast<int>(texts.size()), nullptr,
                        texts.data(), nullptr, nullptr, 0) != 1) {
    throw LastError();
  }
  co_await Flush(deadline);
  co_return co_await Receive(deadline);
}

Task<void> Connection::Flush(Clock::time_point deadline) {
  while (true) {
    const int left = PQflush(handle_.get());
    if (left < 0) throw LastError();
    if (left == 0) co_return;
    const bool ready = co_await waiter_.UntilWritable(deadline);
    if (!ready && Clock::now() >= deadline) throw Error::OfTimeout("the server takes no input");
  }
}

Task<Result> Connection::Receive(Clock::time_point deadline) {
  Result last(nullptr);
  std::int64_t received = 0;
  while (true) {
    while (PQisBusy(handle_.get()) != 0) {
      // A wake-up is not for us: the statement goes on, its caller looks when it is done.
      const bool ready = co_await waiter_.UntilReadable(deadline);
      if (!ready && Clock::now() >= deadline) {
        throw Error::OfTimeout(
            fmt::format("no answer within {}", core::FormatSpan(query_timeout_ + kGrace)));
      }
      received += Consume();
      if (received > kLongestAnswer || Clock::now() >= deadline)
        throw Error::OfTimeout("the server's answer has no end");
    }
    Result next(PQgetResult(handle_.get()));
    if (next.get() == nullptr) break;
    const ExecStatusType state = PQresultStatus(next.get());
    if (state == PGRES_COPY_IN || state == PGRES_COPY_OUT || state == PGRES_COPY_BOTH)
      throw Error::OfConnection("the server began a COPY that nobody had asked for");
    // The first error is the one that counts.
    if (last.get() == nullptr || PQresultStatus(last.get()) != PGRES_FATAL_ERROR)
      last = std::move(next);
  }
  if (last.get() == nullptr) throw LastError();
  const ExecStatusType status = PQresultStatus(last.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) co_return last;
  throw ErrorOf(last);
}

Error Connection::ErrorOf(const Result& result) const {
  ErrorFields fields = FieldsOf(result.get());
  if (fields.message.empty()) fields.message = Trimmed(PQresultErrorMessage(result.get()));
  const bool lost = PQstatus(handle_.get()) == CONNECTION_BAD || fields.sqlstate.empty() ||
                    EndsSession(fields.severity);
  return Error(lost ? Error::Kind::kConnection : Error::Kind::kStatement, std::move(fields));
}

Task<void> Connection::Start(std::string sql, std::optional<Values> values,
                             Clock::time_point deadline) {
  if (!handle_) throw Error::OfConnection("no connection");
  int sent = 0;
  if (values) {
    std::vector<const char*> texts;
    for (const auto& value : *values) texts.push_back(value ? value->c_str() : nullptr);
    sent = PQsendQueryParams(handle_.get(), sql.c_str(), static_cast<int>(texts.size()), nullptr,
                             texts.data(), nullptr, nullptr, 0);
  } else {
    sent = PQsendQuery(handle_.get(), sql.c_str());
  }
  if (sent != 1 || PQsetSingleRowMode(handle_.get()) != 1) throw LastError();
  co_await Flush(deadline);
}

bool Connection::busy() { return PQisBusy(handle_.get()) != 0; }

Task<void> Connection::AwaitResult(Clock::time_point deadline) {
  while (busy()) {
    const bool ready = co_await waiter_.UntilReadable(deadline);
    if (!ready && Clock::now() >= deadline) throw Error::OfTimeout("the server gives no answer");
    Consume();
    // Whoever sends statements of others may find that they LISTEN: nobody takes what comes of it.
    TakeNotifications();
  }
}

Result Connection::TakeResult() {
  Result result(PQgetResult(handle_.get()));
  if (result.get() == nullptr && PQstatus(handle_.get()) == CONNECTION_BAD) throw LastError();
  return result;
}

Task<void> Connection::RefuseCopy(ExecStatusType copy, Clock::time_point deadline) {
  if (copy == PGRES_COPY_IN) {
    PQputCopyEnd(handle_.get(), "there is no data");
    co_await Flush(deadline);
    co_return;
  }
  while (true) {
    char* raw = nullptr;
    const int size = PQgetCopyData(handle_.get(), &raw, 1);
    const std::unique_ptr<char, decltype(&PQfreemem)> piece(raw, &PQfreemem);
    if (size < 0) co_return;
    if (size > 0) continue;
    const bool ready = co_await waiter_.UntilReadable(deadline);
    if (!ready && Clock::now() >= deadline) throw Error::OfTimeout("the server gives no answer");
    Consume();
  }
}

Task<void> Connection::Cancel() {
  const std::shared_ptr<PGcancel> cancel(PQgetCancel(handle_.get()), PQfreeCancel);
  if (!cancel) co_return;
  const auto ask = [cancel]() -> Task<void> {
    std::array<char, 256> ignored{};
    PQcancel(cancel.get(), ignored.data(), static_cast<int>(ignored.size()));
    co_return;
  };
  co_await asio::co_spawn(pool_.get_executor(), ask, asio::use_awaitable);
}

bool Connection::Alive() {
  if (!handle_) return false;
  // Twice: first comes the server's farewell, then that it has closed.
  for (int i = 0; i < 2; ++i) {
    if (PQstatus(handle_.get()) != CONNECTION_OK || PQconsumeInput(handle_.get()) != 1)
      return false;
  }
  return PQstatus(handle_.get()) == CONNECTION_OK;
}

std::int64_t Connection::Consume() {
  int waiting = 0;
  if (::ioctl(PQsocket(handle_.get()), FIONREAD, &waiting) != 0) waiting = 0;
  if (PQconsumeInput(handle_.get()) != 1) throw LastError();
  return waiting;
}

Task<void> Connection::WaitForInput(Clock::time_point deadline) {
  const bool ready = co_await waiter_.UntilReadable(deadline);
  if (ready) Consume();
}

std::vector<Notification> Connection::TakeNotifications() {
  std::vector<Notification> out;
  while (true) {
    const std::unique_ptr<PGnotify, decltype(&PQfreemem)> one(PQnotifies(handle_.get()),
                                                              &PQfreemem);
    if (!one) return out;
    out.push_back({one->relname, one->extra, one->be_pid});
  }
}

void Connection::Close() {
  waiter_.Release();
  handle_.reset();
}

}  // namespace jit::pg
