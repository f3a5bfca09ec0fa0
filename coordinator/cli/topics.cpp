// The topics of `help` that belong to no single command.
#include "cli/app.h"

namespace jit::cli {
namespace {

constexpr const char* kEnvironment = R"(Environment

  JIT_TARGET                  what -d would say
  JIT_SERVER                  what --server would say: the API of a coordinator, instead of a database
  JIT_TOKEN                   the token to log in there by; --token-file is over it
  JIT_COORDINATOR_CONFIG      the configuration; else ~/.config/jit-coordinator/config.toml (XDG_CONFIG_HOME),
                              else /etc/jit-coordinator.toml
  JIT_COORDINATOR_LOG_LEVEL   of `run`: debug, info, warning, error
  JIT_COORDINATOR_LOG_FORMAT  of `run`: logfmt, json
  PGHOST, PGPORT, PGDATABASE, PGUSER, PGSERVICE, PGPASSFILE, PGSSLMODE, ...
                              as for psql; a password comes from ~/.pgpass or is asked for on a terminal
  NO_COLOR                    no colours
  CLICOLOR_FORCE              colours also where stdout is no terminal
  COLUMNS                     width of the tables
  NOTIFY_SOCKET, WATCHDOG_USEC
                              of `run`: set by systemd

With -d NAME of a target the command line takes its conninfo, never the daemon's user and passfile: you log in
as yourself (-U, PGUSER, or your name on this machine).
)";

constexpr const char* kExitCodes = R"(Exit codes

    0  done
    1  failed; `doctor` found a problem; `show --exit-status` of a request that was not granted
    2  usage: the command line, a file or a value is wrong (SQLSTATE class 22)
    3  wrong state: already decided, already over, changed meanwhile (SQLSTATE class 55)
    4  not allowed or not authenticated (SQLSTATE 42501, class 28; a token that is over or lacks the scope)
    5  no such request (SQLSTATE 42704)
    6  the database or the server cannot be reached (SQLSTATE class 08, 57P01-57P03, 53300, 3D000)
    8  still pending: `show --exit-status`, `policy diff --exit-status` where there is a difference
    9  the audit log is not intact: `audit verify` found a row or an anchor that does not match
  124  timed out (SQLSTATE 57014)

With several ids the code is that of the first one that was refused; the others are still worked on.
)";

constexpr const char* kFormatting = R"(Formatting

On a terminal: aligned tables with a header, times as '3 minutes ago', colours. What does not fit is cut and ends in
an ellipsis.

Otherwise, or with --output tsv: one line a row, fields separated by tabs, no header, times in RFC 3339 (UTC), NULL as
an empty field. Tab, line break and other control characters are written as \t, \n, \x1b or \u202e, a backslash as \\.

With --json: one document, an array of objects (`show`: one object). Times are RFC 3339 strings, lengths of time as in
1h30m. With --watch: one document a line, whenever something changed; with `audit --follow` one object a line.

With `audit --csv`: RFC 4180 with a header. A text that a spreadsheet would compute has an apostrophe in front.

Text that others wrote - a reason, a comment, a role's name - never reaches the terminal raw: control characters and
characters that hide or reorder text are shown as escapes.

Data goes to stdout; errors, hints and questions go to stderr.
)";

}  // namespace

const std::vector<std::string>& Topics() {
  static const std::vector<std::string> topics{"environment", "exit-codes", "formatting"};
  return topics;
}

std::string Topic(const std::string& name) {
  if (name == "environment") return kEnvironment;
  if (name == "exit-codes") return kExitCodes;
  if (name == "formatting") return kFormatting;
  return {};
}

}  // namespace jit::cli
