// `request` and `extend`: asking for access, for oneself or on behalf of somebody.
#include <fmt/format.h>

#include "cli/moment.h"
#include "cli/output.h"
#include "cli/source.h"
#include "views/status.h"

namespace jit::cli {
namespace {

std::string Required(const Invocation& invocation, const char* option, const char* what) {
  const auto text = invocation.Get(option);
  if (!text) throw UsageError(fmt::format("{}: --{} is missing", what, option));
  return *text;
}

core::Interval ForHowLong(const Invocation& invocation) {
  Required(invocation, "for", "for how long");
  return *invocation.Length("for");
}

core::Instant StartOf(const std::string& text) {
  const auto moment = core::ParseMoment(text);
  if (!moment || !moment->at)
    throw UsageError("--starts must be a time such as '2026-11-25 14:30', UTC or with an offset");
  return *moment->at;
}

// What became of it: by a policy it may be approved already.
void PrintMade(const Output& output, Source& source, std::int64_t id) {
  const views::RequestFacts facts = source.Request(id);
  const std::string status = facts.status();
  if (output.form() == Form::kJson) {
    output.Print(views::RequestJson(facts));
  } else if (output.for_people()) {
    output.Write(
        fmt::format("request {} is {}\n", id, output.Paint(status, views::StyleOfStatus(status))));
    PrintHint(
        fmt::format("jit-coordinator show {0} shows it, jit-coordinator cancel {0} takes it "
                    "back.",
                    id));
  } else {
    output.Write(fmt::format("{}\t{}\n", id, status));
  }
}

ExitCode RunRequest(Invocation& invocation) {
  const Output output(invocation);
  Asking asking;
  asking.statement = invocation.Get("statement").value_or("");
  if (asking.statement.empty()) {
    asking.access = invocation.Argument("the access, such as 'SELECT ON sales.orders',");
  } else {
    invocation.NoArguments();
  }
  asking.duration = ForHowLong(invocation);
  asking.reason = Required(invocation, "reason", "why");
  asking.ticket = invocation.Get("ticket");
  if (const auto starts = invocation.Get("starts")) asking.starts_at = StartOf(*starts);
  asking.client_addr = invocation.Get("client-addr");
  asking.on_behalf_of = invocation.Get("on-behalf-of");
  asking.break_glass = invocation.Has("break-glass");
  if (asking.on_behalf_of && (asking.break_glass || !asking.statement.empty())) {
    throw UsageError(
        "on behalf of somebody only access is asked for, without --statement and "
        "--break-glass");
  }
  const auto source = OpenSource(invocation);
  PrintMade(output, *source, source->Ask(asking));
  return ExitCode::kOk;
}

ExitCode RunExtend(Invocation& invocation) {
  const Output output(invocation);
  const auto ids = invocation.RequestIds();
  if (ids.size() != 1) throw UsageError("one request at a time");
  const core::Interval duration = ForHowLong(invocation);
  const std::string reason = Required(invocation, "reason", "why");
  const auto source = OpenSource(invocation);
  PrintMade(output, *source, source->Extend(ids.front(), duration, reason));
  return ExitCode::kOk;
}

const Option kFor{"for", 't', "TIME", "how long, such as 30m or '2 hours'"};
const Option kReason{"reason", 'm', "TEXT", "why, for whoever decides"};

}  // namespace

Command RequestCommand() {
  Command command{
      .name = "request",
      .usage = "ACCESS --for TIME --reason TEXT [options]",
      .summary = "ask for access",
      .details =
          "ACCESS is as in GRANT: privileges, columns in parentheses, ON, and objects as\n"
          "schema.name. Instead of it --statement gives a statement, and what that lacks is asked "
          "for.\n"
          "Prints the id and the status. Access that is to be bound to one session is asked for "
          "in\n"
          "that session, by jit_request.",
      .options = {kFor,
                  kReason,
                  {"ticket", 0, "TICKET", "ticket that it is for"},
                  {"statement", 0, "SQL", "what this statement needs, instead of ACCESS"},
                  {"starts", 0, "WHEN", "not before, such as '2026-11-25 14:30' (UTC)"},
                  {"client-addr", 0, "ADDRESS", "only from there, such as 10.0.0.0/8"},
                  {"on-behalf-of", 0, "ROLE", "for this requester; takes a member of jit_delegate"},
                  {"break-glass", 0, "", "at once, without approval; owes a review"}},
      .examples = {"jit-coordinator request 'SELECT ON sales.orders' --for 30m --reason 'INC-4711'",
                   "jit-coordinator request 'SELECT (total) ON sales.orders' -t 1h -m INC-1 "
                   "--on-behalf-of alice"},
      .run = RunRequest};
  AddOptionsOfEitherWay(command);
  return command;
}

Command ExtendCommand() {
  Command command{.name = "extend",
                  .usage = "ID --for TIME --reason TEXT [options]",
                  .summary = "ask for access that still runs to last longer",
                  .details =
                      "A request of its own, which is decided on as the first was. TIME counts "
                      "from the end of\nthe access.",
                  .arguments = Arguments::kRequest,
                  .statuses = "active",
                  .options = {kFor, kReason},
                  .examples = {"jit-coordinator extend 12 --for 30m --reason 'not done yet'"},
                  .run = RunExtend};
  AddOptionsOfEitherWay(command);
  return command;
}

}  // namespace jit::cli
