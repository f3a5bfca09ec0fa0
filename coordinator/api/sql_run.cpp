#include "api/sql_run.h"

#include <fmt/format.h>

#include <memory>

#include "api/cure.h"
#include "api/sql_output.h"
#include "core/interval.h"

namespace jit::api {
namespace {

constexpr std::chrono::seconds kGrace{10};  // for the server to answer a cancel
// They are kept until the next row or end of a statement; what is more is left out.
constexpr std::size_t kMostNotices = 1000;
constexpr std::size_t kMostNoticed = 1024 * 1024;  // bytes in a run
constexpr int kLongestText = 8 * 1024 * 1024;

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

const pg::ErrorFields& NoCopy() {
  static const pg::ErrorFields fields{"0A000", "COPY from and to the client is not available here",
                                      "",      "Run a SELECT, and ask for text/csv.",
                                      false,   "ERROR",
                                      "",      ""};
  return fields;
}

const pg::ErrorFields& TooLong() {
  static const pg::ErrorFields fields{
      "54000", "the plan is longer than 8 MiB",
      "",      "Leave out verbose, or long constants: give them as parameters.",
      false,   "ERROR",
      "",      ""};
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
        co_await output.Learn(result.get());
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
        // What it has to give may have no end.
        if (status == PGRES_COPY_OUT) co_await connection.Cancel();
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
  std::size_t noticed = 0;
  work.connection.OnNotice([&](const pg::ErrorFields& notice) {
    noticed += notice.message.size() + notice.detail.size() + notice.hint.size();
    if (notices.size() < kMostNotices && noticed <= kMostNoticed) notices.push_back(notice);
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
  const auto watch = std::make_shared<Watch>(call.api.reactor(), call.session, run.work->connection,
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
    if (limited && !run.may_cut) throw http::Gone();
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
  const auto watch = std::make_shared<Watch>(call.api.reactor(), call.session, run.work->connection,
                                             call.exchange, deadline);
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
      if (PQntuples(result.get()) > 0 && text.empty()) {
        // All else waits while a document is read and written.
        if (PQgetlength(result.get(), 0, 0) > kLongestText) {
          outcome.failure = TooLong();
        } else {
          text = PQgetvalue(result.get(), 0, 0);
        }
      }
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
