// Where answers go: data to stdout in the form that was asked for, everything else to stderr.
#pragma once

#include <string>
#include <string_view>

#include "cli/invocation.h"
#include "core/table.h"
#include "pg/error.h"

namespace jit::cli {

enum class Form { kTable, kTsv, kJson, kCsv };

class Output {
 public:
  explicit Output(const Invocation& invocation);

  Form form() const { return form_; }
  bool for_people() const { return form_ == Form::kTable; }
  const core::TerminalLook& look() const { return look_; }

  // The rows in the form asked for. `where_whole` says, to people, how to see what was cut off.
  void Print(const core::Table& table, std::string_view where_whole = {}) const;
  void Print(const core::Json& document) const;
  // On one line.
  void PrintLine(const core::Json& document) const;
  // Text that is already in its final form.
  void Write(std::string_view text) const;
  std::string Paint(std::string_view text, core::Style style) const {
    return core::Paint(text, style, look_.colour);
  }

 private:
  Form form_;
  core::TerminalLook look_;
};

// To stderr. The texts are escaped.
void PrintError(const pg::ErrorFields& error, std::string_view context = {});
void PrintError(std::string_view message, std::string_view hint = {});
void PrintHint(std::string_view hint);
void PrintNote(std::string_view note);  // what was found or done, without a label
void PrintNotice(const pg::ErrorFields& notice);

// For answers that have forms of their own.
core::TerminalLook TerminalLookOfStdout();
void WriteToStdout(std::string_view text);

bool StdinIsTerminal();
bool StderrIsTerminal();

}  // namespace jit::cli
