// The audit log: searched, exported, verified; by the rights of whoever asks.
#include <fmt/format.h>

#include "api/api.h"
#include "api/fields.h"
#include "core/audit_filter.h"
#include "core/csv.h"
#include "views/audit.h"

namespace jit::api {
namespace {

const std::vector<std::string> kOutcomes{"succeeded", "failed",  "refused",
                                         "cancelled", "running", "unknown"};

views::AuditFilter FilterOf(QueryFields& query) {
  views::AuditFilter filter;
  filter.person = query.Text("person");
  if (const auto request = query.Integer("request", 1, INT64_MAX))
    filter.request = fmt::to_string(*request);
  if (const auto relation = query.Text("relation")) filter.relation = core::LikePattern(*relation);
  filter.since = query.Time("since");
  filter.until = query.Time("until");
  filter.outcome = query.OneOf("outcome", kOutcomes);
  filter.kind = query.Text("kind");
  filter.raw_columns = query.Bool("raw_columns");
  filter.log = query.Bool("log") || filter.kind.has_value();
  if (filter.log && filter.outcome)
    throw Failure(InvalidField(
        "outcome", "\"outcome\" is of statements; \"log\" and \"kind\" are of records"));
  return filter;
}

pg::Error NoAuditor() {
  return {pg::Error::Kind::kStatement,
          {"42501", "permission denied for the audit log", "",
           "It takes a member of jit_auditor. Without log and kind you see your own statements.",
           false}};
}

struct Page {
  core::Table table;
  std::optional<std::int64_t> next;  // where there are more: what they are before
};

Task<Page> ReadPage(Session& session, views::AuditFilter filter) {
  const std::function<Task<Page>(pg::Connection&)> read =
      [filter](pg::Connection& connection) -> Task<Page> {
    Page page;
    views::AuditReader reader(connection, filter);
    const bool reads_log = co_await reader.ReadsLog();
    if (filter.log && !reads_log) throw NoAuditor();
    const views::AuditPage found = co_await reader.Newest();
    page.table = views::AuditTable(found.entries, filter.log);
    if (found.more) page.next = found.next;
    co_return page;
  };
  Page page = co_await session.Run<Page>(read);
  co_return page;
}

Task<Answer> SearchAudit(Call& call) {
  QueryFields query(call.request());
  views::AuditFilter filter = FilterOf(query);
  filter.limit = query.Integer("limit", 1, 1000).value_or(100);
  if (const auto cursor = query.Text("cursor")) {
    const Json place = ReadCursor(*cursor);
    if (place.size() != 1 || !place[0].is_number_integer())
      throw Failure(InvalidField("cursor", "\"cursor\" is not of this list"));
    filter.before_seq = place[0].get<std::int64_t>();
  }
  query.Finish();
  const Page page = co_await ReadPage(*call.session, filter);
  Json entries = core::RenderJson(page.table);
  Json next = nullptr;
  if (page.next) next = MakeCursor(Json::array({*page.next}));
  co_return JsonResponse({{"entries", std::move(entries)}, {"next_cursor", next}});
}

// The next piece of an export; none behind its end. The reader is the export's alone.
Task<std::optional<core::Table>> ReadOn(Session& session, bool log,
                                        std::unique_ptr<views::AuditReader>& reader,
                                        const views::AuditFilter& filter) {
  const std::function<Task<std::optional<core::Table>>(pg::Connection&)> read =
      [&reader, &filter, log](pg::Connection& connection) -> Task<std::optional<core::Table>> {
    if (!reader) reader = std::make_unique<views::AuditReader>(connection, filter);
    const bool reads_log = co_await reader->ReadsLog();
    if (log && !reads_log) throw NoAuditor();
    const auto entries = co_await reader->Onward();
    if (!entries) co_return std::nullopt;
    co_return views::AuditTable(*entries, log);
  };
  std::optional<core::Table> table = co_await session.Run<std::optional<core::Table>>(read);
  co_return table;
}

std::string Rendered(const core::Table& table, bool csv, bool header) {
  if (csv) return core::RenderCsv(table, header);
  std::string text;
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    text += core::RenderJson(table, row).dump(-1, ' ', false, Json::error_handler_t::replace);
    text += '\n';
  }
  return text;
}

// Piece by piece, so that memory stays small however long the log is.
Task<Answer> ExportAudit(Call& call) {
  QueryFields query(call.request());
  const views::AuditFilter filter = FilterOf(query);
  query.Finish();
  const auto accept = call.request().headers.Get("accept").value_or("*/*");
  const auto media = http::Preferred(accept, {"application/x-ndjson", "application/json",
                                              "application/*", "*/*", "text/csv", "text/*"});
  if (!media) throw Failure(NotAcceptable("entries come as application/x-ndjson or text/csv"));
  const bool csv = media->starts_with("text/");
  std::unique_ptr<views::AuditReader> reader;
  std::optional<core::Table> piece = co_await ReadOn(*call.session, filter.log, reader, filter);
  http::Response head{200, csv ? "text/csv; charset=utf-8" : "application/x-ndjson", {}, ""};
  head.headers.Add("Content-Disposition",
                   fmt::format("attachment; filename=\"audit.{}\"", csv ? "csv" : "jsonl"));
  head.headers.Add("X-Accel-Buffering", "no");
  co_await call.exchange.Begin(head, "");
  // Where nothing matches the header stands alone.
  std::string text = Rendered(piece ? *piece : views::AuditTable({}, filter.log), csv, true);
  co_await call.exchange.Write(text);
  while (piece) {
    piece = co_await ReadOn(*call.session, filter.log, reader, filter);
    if (!piece) break;
    text = Rendered(*piece, csv, false);
    co_await call.exchange.Write(text);
  }
  co_await call.exchange.End({});
  co_return std::nullopt;
}

Task<Answer> VerifyAudit(Call& call) {
  QueryFields(call.request()).Finish();
  const pg::Result found = co_await call.session->Query(fmt::format(
      "SELECT checked, first_bad FROM {}.jit_audit_verify()", call.session->who().schema));
  const auto bad = found.Integer(0, "first_bad");
  co_return JsonResponse({{"checked", found.Integer(0, "checked").value_or(0)},
                          {"first_bad", bad ? Json(*bad) : Json(nullptr)}});
}

}  // namespace

void AddAuditRoutes(http::Router<Route>& router) {
  router.Add("GET", "/api/v1/audit", {"search_audit", Scope::kRead, SearchAudit});
  router.Add("GET", "/api/v1/audit/export",
             {"export_audit", Scope::kRead, ExportAudit, "application/x-ndjson"});
  router.Add("GET", "/api/v1/audit/verify", {"verify_audit", Scope::kRead, VerifyAudit});
}

}  // namespace jit::api
