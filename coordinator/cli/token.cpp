// `token create | list | revoke`: bearer tokens, with which programs log in to the API.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "cli/connect.h"
#include "cli/each.h"
#include "cli/server.h"
#include "cli/source.h"

namespace jit::cli {
namespace {

const std::vector<std::string> kScopes{"request", "approve", "read", "query"};

std::vector<std::string> Scopes(const Invocation& invocation) {
  const auto text = invocation.Get("scope");
  if (!text)
    throw UsageError(fmt::format("--scope is missing: some of {}", fmt::join(kScopes, ",")));
  std::vector<std::string> scopes;
  for (std::string_view rest = *text;;) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string scope(rest.substr(0, comma));
    if (std::find(kScopes.begin(), kScopes.end(), scope) == kScopes.end()) {
      throw UsageError(
          fmt::format("--scope must be some of {}, separated by commas", fmt::join(kScopes, ", ")));
    }
    scopes.push_back(scope);
    if (comma == rest.size()) return scopes;
    rest.remove_prefix(comma + 1);
  }
}

// The token alone on stdout, so that it can go into a file; what is said about it elsewhere.
void PrintMade(const Output& output, const std::string& name,
               const std::vector<std::string>& scopes, const pg::Result& made) {
  const auto id = made.Integer(0, "id").value_or(0);
  const std::string token = made.TextOr(0, "token");
  const core::Cell end = core::Cell::At(made.Time(0, "expires_at"));
  if (output.form() == Form::kJson) {
    output.Print(core::Json{{"id", id},
                            {"name", name},
                            {"token", token},
                            {"scopes", scopes},
                            {"expires_at", end.json}});
    return;
  }
  output.Write(token + "\n");
  PrintNote(
      fmt::format("token {} \"{}\", until {} UTC; it is not shown again", id, name, end.human));
}

ExitCode RunCreate(Invocation& invocation) {
  const Output output(invocation);
  const std::string name = invocation.Argument("the token's name");
  const auto scopes = Scopes(invocation);
  const auto lifetime = invocation.Length("lifetime");
  if (ServerAddress(invocation)) {
    throw UsageError("a token makes no tokens",
                     "Log in to the database itself: without --server, and JIT_SERVER empty.");
  }
  const Database database = Open(invocation);
  views::Statement call = views::TokenCall(database.schema, name, scopes, IntervalValue(lifetime));
  const pg::Result made = database.session->Query(call.sql, std::move(call.values));
  PrintMade(output, name, scopes, made);
  return ExitCode::kOk;
}

ExitCode RunList(Invocation& invocation) {
  invocation.NoArguments();
  const Output output(invocation);
  const core::Table table = OpenSource(invocation)->Tokens({invocation.Has("all")});
  if (table.rows.empty() && output.for_people()) {
    PrintNote("no tokens");
    return ExitCode::kOk;
  }
  output.Print(table, "--json shows everything of each.");
  return ExitCode::kOk;
}

ExitCode RunRevoke(Invocation& invocation) {
  const Output output(invocation);
  const auto ids = invocation.Ids("token");
  const auto source = OpenSource(invocation);
  return DoEach(output, "token", ids, [&](std::int64_t id) { return source->RevokeToken(id); })
      .code;
}

}  // namespace

Command TokenCreateCommand() {
  Command command{
      .name = "token create",
      .usage = "NAME --scope SCOPE,... [options]",
      .summary = "make a token for a program that uses the API",
      .details =
          "Whoever has it is you, as far as its scopes go: request (ask, cancel, extend, hand "
          "back),"
          "\napprove (decide, revoke, review), read (see), query (run SQL). It is printed once, "
          "alone "
          "on\nstdout. NAME is what you will know it by. No token makes another one, so this takes "
          "the database\nitself.",
      .options = {{"scope", 's', "SCOPE,...", "what it may do: request, approve, read, query"},
                  {"lifetime", 0, "TIME", "how long it works, such as 12h or 90d (30d)"}},
      .examples =
          {"(umask 077; jit-coordinator token create ci --scope request,read > ci.token)",
           "jit-coordinator requests --server https://jit.example.com --token-file ci.token"},
      .run = RunCreate};
  // Not through a server: a token makes no tokens.
  for (auto* more : {+OutputOptions, +ConnectionOptions}) {
    for (Option& option : more()) command.options.push_back(std::move(option));
  }
  return command;
}

Command TokenListCommand() {
  Command command{.name = "token list",
                  .usage = "[options]",
                  .summary = "list tokens, never what they are made of",
                  .details = "Your own, newest first; revoked and expired ones too.",
                  .options = {{"all", 'a', "", "of everybody, for approvers and auditors"}},
                  .examples = {"jit-coordinator token list --all"},
                  .run = RunList};
  AddOptionsOfEitherWay(command);
  return command;
}

Command TokenRevokeCommand() {
  Command command{.name = "token revoke",
                  .usage = "ID... [options]",
                  .summary = "end tokens, and every session that uses them",
                  .details = "Your own; as an approver those of others, too.",
                  .arguments = Arguments::kToken,
                  .examples = {"jit-coordinator token revoke 7"},
                  .run = RunRevoke};
  AddOptionsOfEitherWay(command);
  return command;
}

}  // namespace jit::cli
