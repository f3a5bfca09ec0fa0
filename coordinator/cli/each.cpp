#include "cli/each.h"

#include <fmt/format.h>

#include "client/error.h"
#include "views/status.h"

namespace jit::cli {
namespace {

core::Json ErrorJson(const pg::ErrorFields& error) {
  return {{"sqlstate", error.sqlstate},
          {"message", error.message},
          {"detail", error.detail},
          {"hint", error.hint}};
}

void Print(const Output& output, std::string_view thing, const std::vector<Outcome>& outcomes) {
  if (output.form() == Form::kJson) {
    core::Json document = core::Json::array();
    for (const Outcome& outcome : outcomes) {
      core::Json one = {{"id", outcome.id}};
      if (outcome.status) one["status"] = *outcome.status;
      if (outcome.error) one["error"] = ErrorJson(*outcome.error);
      document.push_back(std::move(one));
    }
    output.Print(document);
    return;
  }
  for (const Outcome& outcome : outcomes) {
    if (!outcome.status) continue;
    if (output.for_people()) {
      output.Write(
          fmt::format("{} {} is {}\n", thing, outcome.id,
                      output.Paint(*outcome.status, views::StyleOfStatus(*outcome.status))));
    } else {
      output.Write(fmt::format("{}\t{}\n", outcome.id, *outcome.status));
    }
  }
}

}  // namespace

Outcomes DoEach(const Output& output, std::string_view thing, const std::vector<std::int64_t>& ids,
                const std::function<std::string(std::int64_t)>& act) {
  Outcomes out;
  for (const std::int64_t id : ids) {
    try {
      out.each.push_back({id, act(id), std::nullopt});
    } catch (const pg::Error& error) {
      if (error.connection_lost()) {
        Print(output, thing, out.each);  // what is done is done
        throw;
      }
      PrintError(error.fields(), ids.size() > 1 ? fmt::format("{} {}", thing, id) : "");
      if (out.code == ExitCode::kOk) out.code = core::ExitCodeFor(error.sqlstate());
      out.each.push_back({id, std::nullopt, error.fields()});
    } catch (const client::Error&) {
      Print(output, thing, out.each);
      throw;
    }
  }
  Print(output, thing, out.each);
  return out;
}

}  // namespace jit::cli
