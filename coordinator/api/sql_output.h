// What a run of SQL has given so far, on its way to the client.
#pragma once

#include "api/sql_rows.h"
#include "api/sql_run.h"
#include "api/sql_watch.h"
#include "core/json_text.h"

namespace jit::api {

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

  // Before the first row of a result: asks for names of types that are not known yet.
  Task<void> Learn(const PGresult* result) {
    if (in_result_ || run_.form != RowForm::kJsonLines) co_return;
    co_await call_.session->LearnTypes(result);
  }

  // A row, or the head of a result without any.
  void Take(const PGresult* result) {
    if (!in_result_) Columns(result);
    for (int row = 0; row < PQntuples(result); ++row) {
      if (rows_ >= run_.max_rows) {
        watch_.Interrupt(Ending::kRows);
        return;
      }
      // Written it is at least as long: what is too long by itself is not written first.
      if (bytes() + LengthOf(result, row) > run_.max_bytes) {
        watch_.Interrupt(Ending::kBytes);
        return;
      }
      const std::size_t before = buffer_.size();
      if (run_.form == RowForm::kCsv) {
        AppendCsvRow(buffer_, result, row, run_.spreadsheet);
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
  static constexpr std::size_t kPiece = 64 * 1024;

  void Columns(const PGresult* result) {
    in_result_ = true;
    forms_ = FormsOf(result);
    if (run_.form == RowForm::kCsv) {
      AppendCsvHeader(buffer_, result, run_.spreadsheet);
      return;
    }
    Json columns = Json::array();
    for (int i = 0; i < PQnfields(result); ++i)
      columns.push_back(
          {{"name", PQfname(result, i)}, {"type", call_.session->TypeName(PQftype(result, i))}});
    Line({{"type", "columns"}, {"statement", statements_ + 1}, {"columns", std::move(columns)}});
  }

  static std::int64_t LengthOf(const PGresult* result, int row) {
    std::int64_t length = 0;
    for (int i = 0; i < PQnfields(result); ++i) length += PQgetlength(result, row, i);
    return length;
  }

  static Json RowsOf(const PGresult* result) {
    const std::string_view count = PQcmdTuples(const_cast<PGresult*>(result));
    return count.empty() ? Json(nullptr) : core::ParseJson(count);
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

}  // namespace jit::api
