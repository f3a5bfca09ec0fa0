#include "report/usage.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace jit::report {
namespace {

struct Gathered {
  std::set<std::string> relations;
  std::set<std::string> raw_columns;
  std::map<std::string, TopStatement> statements;  // by key
};

bool Succeeded(const StatementGroup& group) {
  return OutcomeIndex(group.outcome) == 0 || OutcomeIndex(group.outcome) == kOutcomes - 1;
}

void AddToStatement(TopStatement& to, const StatementGroup& group) {
  if (to.count == 0) to.text = group.text;
  to.count += group.count;
  to.rows += group.rows;
  if (!Succeeded(group)) to.unsuccessful += group.count;
  to.last = std::max(to.last, group.last);
}

void AddToUse(Use& use, Gathered& gathered, const StatementGroup& group) {
  use.statements += group.count;
  use.rows += group.rows;
  if (!Succeeded(group)) use.unsuccessful += group.count;
  gathered.relations.insert(group.relations.begin(), group.relations.end());
  gathered.raw_columns.insert(group.raw_columns.begin(), group.raw_columns.end());
  AddToStatement(gathered.statements[group.key], group);
}

void Finish(Use& use, Gathered& gathered) {
  use.relations.assign(gathered.relations.begin(), gathered.relations.end());
  use.raw_columns.assign(gathered.raw_columns.begin(), gathered.raw_columns.end());
  for (auto& [key, statement] : gathered.statements) use.top.push_back(std::move(statement));
  std::stable_sort(use.top.begin(), use.top.end(),
                   [](const TopStatement& a, const TopStatement& b) { return a.count > b.count; });
  if (use.top.size() > kTopStatements) {
    use.others = use.top.size() - kTopStatements;
    use.top.resize(kTopStatements);
  }
}

void AddRefusals(Report& report, const std::vector<StatementGroup>& groups) {
  std::map<std::pair<std::string, std::string>, Refusal> refusals;  // by person and key
  for (const StatementGroup& group : groups) {
    if (group.outcome != "refused") continue;
    Refusal& refusal = refusals[{group.person, group.key}];
    if (refusal.count == 0) refusal = {group.person, group.text, group.error, 0, group.last};
    refusal.count += group.count;
    refusal.last = std::max(refusal.last, group.last);
  }
  for (auto& [key, refusal] : refusals) report.refusals.push_back(std::move(refusal));
  std::stable_sort(report.refusals.begin(), report.refusals.end(),
                   [](const Refusal& a, const Refusal& b) { return a.count > b.count; });
  if (report.refusals.size() > kMostRefusals) {
    report.other_refusals = report.refusals.size() - kMostRefusals;
    report.refusals.resize(kMostRefusals);
  }
}

void AddRawColumns(Report& report, const std::vector<StatementGroup>& groups) {
  std::map<std::pair<std::string, std::string>, RawColumn> columns;  // by column and person
  for (const StatementGroup& group : groups) {
    for (const std::string& column : group.raw_columns) {
      RawColumn& seen = columns[{column, group.person}];
      seen.column = column;
      seen.person = group.person;
      seen.statements += group.count;
      seen.last = std::max(seen.last, group.last);
      seen.requests.insert(seen.requests.end(), group.requests.begin(), group.requests.end());
    }
  }
  for (auto& [key, seen] : columns) {
    std::sort(seen.requests.begin(), seen.requests.end());
    seen.requests.erase(std::unique(seen.requests.begin(), seen.requests.end()),
                        seen.requests.end());
    report.raw_columns.push_back(std::move(seen));
  }
}

}  // namespace

const std::array<std::string, kOutcomes> kOutcomeNames{"succeeded", "failed", "refused",
                                                       "cancelled", "not ended"};

std::size_t OutcomeIndex(std::string_view outcome) {
  const auto found = std::find(kOutcomeNames.begin(), kOutcomeNames.end(), outcome);
  return std::min(static_cast<std::size_t>(found - kOutcomeNames.begin()), kOutcomes - 1);
}

std::chrono::microseconds Request::Held(Instant now) const {
  if (!begins || !ends) return {};
  return std::max(std::min(*ends, now) - *begins, std::chrono::microseconds{0});
}

void AddStatements(Report& report, const std::vector<StatementGroup>& groups) {
  std::map<std::int64_t, Gathered> gathered;
  std::map<std::int64_t, Request*> requests;
  for (Request& request : report.requests) requests[request.id] = &request;
  std::map<Instant, std::array<std::int64_t, kOutcomes>> days;
  for (const StatementGroup& group : groups) {
    for (const std::int64_t id : std::set(group.requests.begin(), group.requests.end())) {
      if (const auto found = requests.find(id); found != requests.end())
        AddToUse(found->second->use, gathered[id], group);
    }
    days[std::chrono::floor<std::chrono::days>(group.first)][OutcomeIndex(group.outcome)] +=
        group.count;
    report.rows += group.rows;
  }
  for (auto& [id, of_one] : gathered) Finish(requests[id]->use, of_one);
  report.statements.assign(days.begin(), days.end());
  AddRefusals(report, groups);
  AddRawColumns(report, groups);
}

bool NeverUsed(const Report& report, const Request& request) {
  return request.granted() && request.use.statements == 0 && *request.begins >= report.since &&
         *request.begins < report.until;
}

}  // namespace jit::report
