// The table of commands, and how a command line is read against it.
#include <gtest/gtest.h>

#include <set>

#include "cli/app.h"
#include "cli/invocation.h"

namespace jit::cli {
namespace {

Invocation Read(std::vector<std::string> words) {
  const Located located = Locate(words);
  return Invocation(*located.command, located.words);
}

std::string ErrorOf(std::vector<std::string> words) {
  try {
    Read(std::move(words)).RequestIds();
  } catch (const UsageError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Locate, finds_commands_of_one_and_two_words) {
  EXPECT_EQ(Locate({"approve", "12"}).command->name, "approve");
  EXPECT_EQ(Locate({"policy", "apply", "f"}).command->name, "policy apply");
  EXPECT_EQ(Locate({"policy", "apply", "f"}).words, (std::vector<std::string>{"f"}));
}

TEST(Locate, shared_options_may_stand_in_front) {
  const Located located = Locate({"-d", "shop", "--json", "policy", "list"});
  EXPECT_EQ(located.command->name, "policy list");
  EXPECT_EQ(located.words, (std::vector<std::string>{"-d", "shop", "--json"}));
  EXPECT_EQ(Locate({"--target=shop", "show", "1"}).command->name, "show");
}

TEST(Locate, what_is_unknown_is_named_with_what_is_near) {
  EXPECT_EQ(ErrorOf({"aprove", "1"}), "unknown command \"aprove\", did you mean \"approve\"?");
  EXPECT_EQ(ErrorOf({"policy"}), "\"policy\" is followed by one of list, diff, apply");
  EXPECT_EQ(ErrorOf({}), "what is to be done?");
}

TEST(Invocation, ids_by_space_or_comma_each_once) {
  EXPECT_EQ(Read({"approve", "12", "13,14", "12"}).RequestIds(),
            (std::vector<std::int64_t>{12, 13, 14}));
}

TEST(Invocation, what_is_no_id_is_refused) {
  for (const char* word : {"x", "0", "12x", "1.5", "99999999999999999999", "1;2", "1,,2"}) {
    EXPECT_NE(ErrorOf({"approve", word}).find("is not the id of a request"), std::string::npos)
        << word;
  }
  EXPECT_NE(ErrorOf({"approve"}).find("which request?"), std::string::npos);
}

TEST(Invocation, options_long_short_and_attached) {
  EXPECT_EQ(Read({"approve", "1", "--message", "x y"}).Get("message"), "x y");
  EXPECT_EQ(Read({"approve", "1", "-m", "x"}).Get("message"), "x");
  EXPECT_EQ(Read({"approve", "-mx", "1"}).Get("message"), "x");
  EXPECT_EQ(Read({"approve", "--message=a=b", "1"}).Get("message"), "a=b");
  EXPECT_TRUE(Read({"requests", "--mine"}).Has("mine"));
  EXPECT_FALSE(Read({"requests"}).Has("mine"));
}

TEST(Invocation, options_are_never_guessed) {
  EXPECT_EQ(ErrorOf({"approve", "1", "--mess", "x"}), "unknown option --mess");
  EXPECT_EQ(ErrorOf({"approve", "1", "--mesage", "x"}),
            "unknown option --mesage, did you mean \"message\"?");
}

TEST(Invocation, an_option_is_given_once_and_with_its_argument) {
  EXPECT_EQ(ErrorOf({"approve", "1", "-m", "x", "-m", "y"}).find("no error"), std::string::npos);
  EXPECT_EQ(ErrorOf({"approve", "1", "-m"}).find("no error"), std::string::npos);
}

TEST(Invocation, values_from_a_list_are_checked) {
  EXPECT_NE(ErrorOf({"requests", "--status", "pendign"}).find("did you mean \"pending\"?"),
            std::string::npos);
  EXPECT_NE(ErrorOf({"requests", "-o", "xml"}).find("must be one of"), std::string::npos);
}

TEST(Invocation, lengths_and_numbers_are_checked) {
  EXPECT_EQ(Read({"approve", "1", "-t", "30m"}).Length("duration"),
            (core::Interval{0, 0, 1'800'000'000}));
  EXPECT_THROW(Read({"approve", "1", "-t", "soon"}).Length("duration"), UsageError);
  EXPECT_EQ(Read({"requests", "-L", "5"}).Integer("limit", 30, 1, 100), 5);
  EXPECT_THROW(Read({"requests", "-L", "0"}).Integer("limit", 30, 1, 100), UsageError);
  EXPECT_EQ(Read({"requests"}).Integer("limit", 30, 1, 100), 30);
}

TEST(Invocation, ids_of_other_things_are_named_as_they_are) {
  EXPECT_THROW(Read({"token", "revoke", "x"}).Ids("token"), UsageError);
  try {
    Read({"token", "revoke"}).Ids("token");
  } catch (const UsageError& error) {
    EXPECT_STREQ(error.what(), "which token? Give its id; `jit-coordinator token list` lists them");
  }
}

TEST(Invocation, what_goes_through_no_server_says_so) {
  for (const char* command : {"doctor", "report", "run"}) {
    EXPECT_EQ(ErrorOf({command, "--server", "https://x"}),
              std::string(command) + " does not go through a server");
  }
  EXPECT_EQ(ErrorOf({"audit", "verify", "--token-file", "x"}),
            "audit verify does not go through a server");
  EXPECT_EQ(ErrorOf({"--server", "https://x", "policy", "apply", "f"}),
            "policy apply does not go through a server");
  EXPECT_EQ(ErrorOf({"--server", "https://x", "approve", "1"}), "no error");
}

TEST(Commands, each_explains_itself) {
  for (const Command& command : Commands()) {
    EXPECT_FALSE(command.summary.empty()) << command.name;
    EXPECT_FALSE(command.details.empty()) << command.name;
    EXPECT_NE(command.run, nullptr) << command.name;
    const std::string help = HelpFor(command);
    for (const Option& option : command.options) {
      EXPECT_NE(help.find("--" + option.name), std::string::npos)
          << command.name << " " << option.name;
    }
    EXPECT_NE(Overview().find("  " + command.name + " "), std::string::npos) << command.name;
  }
}

TEST(Commands, no_option_is_there_twice) {
  for (const Command& command : Commands()) {
    std::set<std::string> names{"help", "h"};
    for (const Option& option : command.options) {
      EXPECT_TRUE(names.insert(option.name).second) << command.name << " --" << option.name;
      if (option.letter != 0) {
        EXPECT_TRUE(names.insert(std::string{option.letter}).second)
            << command.name << " -" << option.letter;
      }
    }
  }
}

TEST(Completion, knows_every_command_and_option) {
  for (const char* shell : {"bash", "zsh"}) {
    const std::string script = CompletionFor(shell);
    for (const Command& command : Commands()) {
      EXPECT_NE(script.find("'" + command.name + "')"), std::string::npos)
          << shell << " " << command.name;
      for (const Option& option : command.options) {
        EXPECT_NE(script.find("--" + option.name), std::string::npos)
            << shell << " --" << option.name;
      }
    }
  }
  EXPECT_TRUE(CompletionFor("tcsh").empty());
}

TEST(Topics, each_says_something) {
  for (const std::string& topic : Topics()) EXPECT_FALSE(Topic(topic).empty()) << topic;
  EXPECT_TRUE(Topic("nothing").empty());
}

}  // namespace
}  // namespace jit::cli
