#include "api/sql_run.h"

#include <fmt/format.h>

#include <memory>

#include "api/cure.h"
#include "api/sql_rows.h"
#include "core/interval.h"

namespace jit::api {
namespace {

constexpr std::size_t kPiece = 64 * 1024;
constexpr std::chrono::milliseconds kLook{500};  // how often to see whether the client is there
constexpr std::chrono::seconds kGrace{10};       // for the server to answer a cancel

enum class Ending { kNone, kCancelled, kTime, kRows, kBytes, kGone };

// Stands beside a run and ends it when its time is over, its client has gone, or somebody says so.
class Watch : public std::enable_shared_from_this<Watch> {
 public:
  Watch(asio::io_context& reactor, pg::Connection& connection, const http::Exchange& exchange,
        Clock::time_point deadline)
      : reactor_(reactor),
        connection_(connection),
        exchange_(exchange),
        deadline_(deadline),
        timer_(reactor),
        finished_(reactor, Clock::time_point::max()) {}

  void Start() {
    asio::co_spawn(
        reactor_, [self = shared_from_this()] { return self->Look(); },
        [self = shared_from_this()](const std::exception_ptr&) {
          self->over_ = true;
          self->finished_.cancel();
        });
  }

  // The first reason counts.
  void Interrupt(Ending why) {
    if (ending_ != Ending::kNone) return;
    ending_ = why;
    timer_.cancel();
  }

  // Waits until nothing of it can still reach the connection: a late cancel would hit the next
  // statement.
  Task<void> Finish() {
    done_ = true;
    timer_.cancel();
    boost::system::error_code ignored;
    if (!over_) co_await finished_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }

  Ending ending() const { return ending_; }

 private:
  Task<void> Look() {
    while (!done_ && ending_ == Ending::kNone) {
      timer_.expires_at(std::min(deadline_, Clock::now() + kLook));
      boost::system::error_code ignored;
      co_await timer_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
      if (done_ || ending_ != Ending::kNone) break;
      if (Clock::now() >= deadline_) {
        ending_ = Ending::kTime;
      } else if (exchange_.gone()) {
        ending_ = Ending::kGone;
      }
    }
    if (!done_) co_await connection_.Cancel();
  }

  asio::io_context& reactor_;
  pg::Connection& connection_;
  const http::Exchange& exchange_;
  Clock::time_point deadline_;
  asio::steady_timer timer_;
  asio::steady_timer finished_;
  Ending ending_ = Ending::kNone;
  bool done_ = false;
  bool over_ = false;
};

core::Instant Now() {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

Json NoticeJson(const pg::ErrorFields& notice) {
  return {{"type", "notice"},
          {"severity", notice.severity},
          {"sqlstate", notice.sqlstate},
          {"message", notice.message},
          {"detail", notice.detail.empty() ? Json(nullptr) : Json(notice.detail)},
          {"hint", notice.hint.empty() ? Json(nullptr) : Json(notice.hint)}};
}

std::string_view NameOf(Ending ending) {
  switch (ending) {
    case Ending::kRows:
      return "rows";
    case Ending::kBytes:
      return "bytes";
    case Ending::kTime:
      return "time";
    default:
      return "";
  }
}

std::string_view NameOf(PGTransactionStatusType transaction) {
  switch (transaction) {
    case PQTRANS_INTRANS:
      return "open";
    case PQTRANS_INERROR:
      return "failed";
    default:
      return "none";
  }
}

// The type's name without another question to the server where it is a usual one.
std::string TypeName(const PGresult* result, int column) {
  switch (PQftype(result, column)) {
    case 16:
      return "boolean";
    case 17:
      return "bytea";
    case 20:
      return "bigint";
    case 21:
      return "smallint";
    case 23:
      return "integer";
    case 25:
      return "text";
    case 114:
      return "json";
    case 700:
      return "real";
    case 701:
      return "double precision";
    case 869:
      return "inet";
    case 1042:
      return "character";
    case 1043:
      return "character varying";
    case 1082:
      return "date";
    case 1083:
      return "time";
    case 1114:
      return "timestamp";
    case 1184:
      return "timestamptz";
    case 1186:
      return "interval";
    case 1700:
      return "numeric";
    case 2950:
      return "uuid";
    case 3802:
      return "jsonb";
    default:
      return fmt::format("oid:{}", PQftype(result, column));
  }
}

// What a run has given so far, and what of it has been sent.
class Output {
 public:
  Output(Call& call, const SqlRun& run, Watch& watch) : call_(call), run_(run), watch_(watch) {}

  bool begun() const { return begun_; }
  std::int64_t rows() const { return rows_; }
  std::int64_t bytes() const { return bytes_ + static_cast<std::int64_t>(buffer_.size()); }

  void Line(const Json& line) {
    if (run_.form != RowForm::kJsonLines) return;
    buffer_ += line.dump(-1, ' ', false, Json::error_handler_t::replace);
    buffer_ += '\n';
  }

  // A row, or the head of a result without any.
  void Take(const PGresult* result) {
    if (!in_result_) Columns(result);
    for (int row = 0; row < PQntuples(result); ++row) {
      if (rows_ >= run_.max_rows) {
        watch_.Interrupt(Ending::kRows);
        return;
      }
      const std::size_t before = buffer_.size();
      if (run_.form == RowForm::kCsv) {
        AppendCsvRow(buffer_, result, row);
      } else {
        AppendJsonRow(buffer_, result, row, forms_);
      }
      if (bytes() > run_.max_bytes) {
        buffer_.resize(before);
        watch_.Interrupt(Ending::kBytes);
        return;
      }
      ++rows_;
      ++rows_of_statement_;
    }
  }

  void Complete(const PGresult* result) {
    if (PQresultStatus(result) == PGRES_TUPLES_OK) {
      if (!in_result_) Columns(result);
      ++results_;
    }
    Line({{"type", "complete"},
          {"statement", ++statements_},
          {"command", PQcmdStatus(const_cast<PGresult*>(result))},
          {"rows", in_result_ ? Json(rows_of_statement_) : RowsOf(result)}});
    in_result_ = false;
    rows_of_statement_ = 0;
    something_ = true;
  }

  // Notices are sent with the next piece; before the first one nothing is.
  bool something() const { return something_ || in_result_; }
  bool ambiguous() const {
    return run_.form == RowForm::kCsv && results_ + (in_result_ ? 1 : 0) > 1;
  }

  Task<void> Flush(bool all) {
    if (buffer_.size() < (all ? 1 : kPiece)) co_return;
    if (!begun_) {
      begun_ = true;
      http::Response head{200, "", {}, ""};
      head.content_type =
          run_.form == RowForm::kCsv ? "text/csv; charset=utf-8" : "application/x-ndjson";
      head.headers.Add("X-Accel-Buffering", "no");
      co_await call_.exchange.Begin(head,
                                    run_.form == RowForm::kCsv ? "Jit-Outcome, Jit-Rows" : "");
    }
    std::string piece;
    piece.swap(buffer_);
    bytes_ += static_cast<std::int64_t>(piece.size());
    co_await call_.exchange.Write(piece);
    piece.clear();
    buffer_.swap(piece);  // its memory is used again
  }

 private:
  void Columns(const PGresult* result) {
    in_result_ = true;
    forms_ = FormsOf(result);
    if (run_.form == RowForm::kCsv) {
      AppendCsvHeader(buffer_, result);
      return;
    }
    Json columns = Json::array();
    for (int i = 0; i < PQnfields(result); ++i)
      columns.push_back({{"name", PQfname(result, i)}, {"type", TypeName(result, i)}});
    Line({{"type", "columns"}, {"statement", statements_ + 1}, {"columns", std::move(columns)}});
  }

  static Json RowsOf(const PGresult* result) {
    const std::string_view count = PQcmdTuples(const_cast<PGresult*>(result));
    return count.empty() ? Json(nullptr) : Json::parse(count, nullptr, false);
  }

  Call& call_;
  const SqlRun& run_;
  Watch& watch_;
  std::string buffer_;
  std::vector<ValueForm> forms_;
  std::int64_t bytes_ = 0;
  std::int64_t rows_ = 0;
  std::int64_t rows_of_statement_ = 0;
  int statements_ = 0;
  int results_ = 0;
  bool in_result_ = false;
  bool begun_ = false;
  bool something_ = false;
};

const pg::ErrorFields& NoCopy() {
  static const pg::ErrorFields fields{"0A000", "COPY from and to the client is not available here",
                                      "",      "Run a SELECT, and ask for text/csv.",
                                      false,   "ERROR",
                                      ""};
  return fields;
}

// From sending to the last result; what went wrong in the statements, if something did.
Task<std::optional<pg::ErrorFields>> Pump(SqlRun& run, Output& output, Watch& watch,
                                          std::vector<pg::ErrorFields>& notices,
                                          Clock::time_point deadline) {
  pg::Connection& connection = run.work->connection;
  std::optional<pg::ErrorFields> failure;
  co_await connection.Start(run.sql, run.parameters, deadline);
  while (true) {
    if (connection.busy()) {
      const bool sending = output.something() && watch.ending() == Ending::kNone;
      if (sending) co_await output.Flush(true);
      co_await connection.AwaitResult(deadline);
    }
    const pg::Result result = connection.TakeResult();
    if (result.get() == nullptr) break;
    for (const pg::ErrorFields& notice : notices) output.Line(NoticeJson(notice));
    notices.clear();
    const ExecStatusType status = PQresultStatus(result.get());
    const bool ending = watch.ending() != Ending::kNone;
    switch (status) {
      case PGRES_SINGLE_TUPLE:
      case PGRES_TUPLES_OK:
        if (ending) break;  // on its way when it was ended
        output.Take(result.get());
        if (status == PGRES_TUPLES_OK && watch.ending() == Ending::kNone)
          output.Complete(result.get());
        break;
      case PGRES_COMMAND_OK:
      case PGRES_EMPTY_QUERY:
        if (!ending && !failure) output.Complete(result.get());
        break;
      case PGRES_COPY_IN:
      case PGRES_COPY_OUT:
        if (!failure) failure = NoCopy();
        co_await connection.RefuseCopy(status, deadline);
        break;
      default:
        if (!failure) {
          const pg::Error error = connection.ErrorOf(result);
          if (error.connection_lost()) throw error;
          failure = error.fields();
        }
    }
    if (output.ambiguous()) watch.Interrupt(Ending::kCancelled);
    if (watch.ending() == Ending::kNone && output.something()) co_await output.Flush(false);
  }
  for (const pg::ErrorFields& notice : notices) output.Line(NoticeJson(notice));
  notices.clear();
  co_return failure;
}

struct Outcome {
  std::optional<pg::ErrorFields> failure;
  Ending ending = Ending::kNone;
};

// Runs it under watch. Whatever happens, nothing of it is left on the connection afterwards.
Task<Outcome> Watched(Call& call, SqlRun& run, const std::shared_ptr<Watch>& watch, Output& output,
                      Clock::time_point deadline) {
  WorkConnection& work = *run.work;
  std::vector<pg::ErrorFields> notices;
  work.connection.OnNotice([&](const pg::ErrorFields& notice) {
    if (notices.size() < 1000) notices.push_back(notice);
  });
  work.since = Now();
  work.interrupt = [watch] { watch->Interrupt(Ending::kCancelled); };
  watch->Start();
  Outcome outcome;
  std::exception_ptr thrown;
  bool lost_client = false;
  try {
    outcome.failure = co_await Pump(run, output, *watch, notices, deadline + kGrace);
  } catch (const http::Gone&) {
    lost_client = true;
  } catch (...) {
    thrown = std::current_exception();
  }
  if (lost_client) {
    // The rest of the answer is taken off the connection, or it could not be used again.
    watch->Interrupt(Ending::kGone);
    try {
      pg::Connection& connection = work.connection;
      while (true) {
        co_await connection.AwaitResult(Clock::now() + kGrace);
        const pg::Result result = connection.TakeResult();
        if (result.get() == nullptr) break;
        const ExecStatusType status = PQresultStatus(result.get());
        if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT)
          co_await connection.RefuseCopy(status, Clock::now() + kGrace);
      }
    } catch (...) {
      thrown = std::current_exception();
    }
  }
  co_await watch->Finish();
  outcome.ending = watch->ending();
  work.interrupt = nullptr;
  work.since = Now();
  work.connection.OnNotice(nullptr);
  if (thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const pg::Error& error) {
      call.session->Check(error);
      throw;
    }
  }
  if (lost_client) throw http::Gone();
  co_return outcome;
}

Task<Problem> ProblemOf(Call& call, const SqlRun& run, const Outcome& outcome) {
  Problem problem = FromDatabase(*outcome.failure);
  if (outcome.failure->sqlstate == "57014" && outcome.ending == Ending::kTime) {
    problem.status = 504;
    problem.slug = "timed-out";
    problem.title = "Took too long";
    problem.detail = fmt::format("it took longer than {}", core::FormatSpan(run.timeout));
  }
  if (outcome.failure->sqlstate == "42501") {
    Json cure = co_await FindCure(*call.session, run.sql, *outcome.failure);
    if (!cure.is_null()) problem.more["cure"] = std::move(cure);
  }
  co_return problem;
}

}  // namespace

Task<Answer> Run(Call& call, SqlRun& run) {
  const Clock::time_point begun = Clock::now();
  const auto watch = std::make_shared<Watch>(call.api.reactor(), run.work->connection,
                                             call.exchange, begun + run.timeout);
  Output output(call, run, *watch);
  const std::string target = call.session->target();
  std::optional<Outcome> outcome;
  std::exception_ptr thrown;
  try {
    outcome = co_await Watched(call, run, watch, output, begun + run.timeout);
  } catch (...) {
    thrown = std::current_exception();
  }
  if (thrown) {
    call.api.metrics().Statement(target, "lost", output.rows(), Clock::now() - begun);
    // In the middle of an answer its end is left out: nobody takes it for the whole.
    if (output.begun()) throw http::Gone();
    std::rethrow_exception(thrown);
  }
  const bool limited = outcome->ending == Ending::kRows || outcome->ending == Ending::kBytes ||
                       (outcome->ending == Ending::kTime && output.begun());
  std::string_view name = "ok";
  if (outcome->failure) name = "error";
  if (outcome->ending == Ending::kCancelled) name = "cancelled";
  if (limited) name = "limited";
  call.api.metrics().Statement(target, std::string(name), output.rows(), Clock::now() - begun);
  if (output.ambiguous() && !output.begun()) {
    throw Failure(InvalidField("sql", "CSV has room for one result; ask for application/x-ndjson"));
  }
  std::optional<Problem> problem;
  if (outcome->failure && !limited) problem = co_await ProblemOf(call, run, *outcome);
  if (problem && !output.something()) throw Failure(std::move(*problem));

  if (run.form == RowForm::kCsv) {
    if (problem || output.ambiguous() || name == "cancelled") throw http::Gone();
    co_await output.Flush(true);
    if (!output.begun()) {
      http::Response response{200, "text/csv; charset=utf-8", {}, ""};
      co_return response;
    }
    http::Headers trailers;
    trailers.Add("Jit-Outcome",
                 limited ? fmt::format("limited by {}", NameOf(outcome->ending)) : "ok");
    trailers.Add("Jit-Rows", fmt::to_string(output.rows()));
    co_await call.exchange.End(trailers);
    co_return std::nullopt;
  }
  if (problem) output.Line({{"type", "error"}, {"problem", Body(*problem)}});
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun);
  output.Line({{"type", "end"},
               {"outcome", name},
               {"limited_by", limited ? Json(NameOf(outcome->ending)) : Json(nullptr)},
               {"rows", output.rows()},
               {"bytes", output.bytes()},
               {"duration_ms", took.count()},
               {"transaction", NameOf(run.work->connection.transaction())}});
  co_await output.Flush(true);
  co_await call.exchange.End({});
  co_return std::nullopt;
}

Task<std::string> RunForText(Call& call, SqlRun& run) {
  const Clock::time_point deadline = Clock::now() + run.timeout;
  const auto watch =
      std::make_shared<Watch>(call.api.reactor(), run.work->connection, call.exchange, deadline);
  std::string text;
  run.work->interrupt = [watch] { watch->Interrupt(Ending::kCancelled); };
  run.work->since = Now();
  watch->Start();
  Outcome outcome;
  std::exception_ptr thrown;
  try {
    pg::Connection& connection = run.work->connection;
    co_await connection.Start(run.sql, run.parameters, deadline + kGrace);
    while (true) {
      co_await connection.AwaitResult(deadline + kGrace);
      const pg::Result result = connection.TakeResult();
      if (result.get() == nullptr) break;
      const ExecStatusType status = PQresultStatus(result.get());
      if (PQntuples(result.get()) > 0 && text.empty()) text = PQgetvalue(result.get(), 0, 0);
      if (status == PGRES_COPY_IN || status == PGRES_COPY_OUT) {
        outcome.failure = NoCopy();
        co_await connection.RefuseCopy(status, deadline + kGrace);
      } else if (status == PGRES_FATAL_ERROR && !outcome.failure) {
        const pg::Error error = connection.ErrorOf(result);
        if (error.connection_lost()) throw error;
        outcome.failure = error.fields();
      }
    }
  } catch (...) {
    thrown = std::current_exception();
  }
  co_await watch->Finish();
  outcome.ending = watch->ending();
  run.work->interrupt = nullptr;
  run.work->since = Now();
  if (thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const pg::Error& error) {
      call.session->Check(error);
      throw;
    }
  }
  if (outcome.failure) {
    Problem problem = co_await ProblemOf(call, run, outcome);
    throw Failure(std::move(problem));
  }
  co_return text;
}

}  // namespace jit::api
