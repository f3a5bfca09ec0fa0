// From argv to the exit code.
#pragma once

#include <string>

#include "cli/command.h"

namespace jit::cli {

int Main(int argc, char** argv);

// The help of one command, and the list of all.
std::string HelpFor(const Command& command);
std::string Overview();
// environment, exit-codes, formatting; empty for no such topic.
std::string Topic(const std::string& name);
const std::vector<std::string>& Topics();

// The script for the shell; empty for a shell we have none for.
std::string CompletionFor(const std::string& shell);

}  // namespace jit::cli
