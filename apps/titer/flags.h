// SPDX-License-Identifier: Apache-2.0

// The command line: options, flags and positional arguments of the commands, declared against plain variables.
//
//   struct Options { std::string site; std::optional<std::uint32_t> if_version; bool json = false; };
//   Runner setup(Flags& flags) {
//     auto o = std::make_shared<Options>();
//     flags.option("site", o->site, "id or name of the site").required();
//     flags.option("--if-version", o->if_version, "only if the site has this version");
//     flags.flag("--json", o->json, "as a JSON object");
//     return [o] { return run(*o); };
//   }
//
// CLI11 parses the command line, and flags.cc alone includes it: CLI11 consists of templates, and a file that declares one
// option with it takes 10 s longer to compile (docs/decisions/0008-libraries.md).
//
// The value of a variable at its declaration is the default: an option that is not given leaves it unchanged. The variable
// must live until the command has run, so the Runner owns it. Numbers are those of base/number.h: decimal (010 is 10, not
// 8), never nan or infinite. A number that does not fit the variable's type (-1 for an unsigned one) is a usage error.
//
// Thread rule: the main thread. Errors: an invalid command line is reported on standard error, with exit code 2. An invalid
// declaration (a name used twice) throws when the program starts.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
class ParseError;
}  // namespace CLI

namespace titer::app {

// Runs a command after the command line was parsed; returns the exit code.
using Runner = std::function<int()>;
class Flags;
// Declares the options of a command. It returns no Runner if the command consists of commands (`titer key create`): the user
// must name one of them.
using Setup = std::function<Runner(Flags& flags)>;

// Conditions and help of a declared option. A handle that can be copied; CommandLine owns the option.
class Option {
 public:
  explicit Option(CLI::Option& option) : option_(&option) {}

  Option& required();
  Option& show_default();                // in the help
  Option& env(const char* name);         // the environment variable that stands in for the option
  Option& value_name(const char* name);  // in the help, in place of the type
  Option& heading(const char* text);     // in the help, in place of "Options"

  Option& positive();
  Option& seconds();  // from a thousandth to eleven days: no deadline is computed that does not fit
  Option& between(int low, int high);  // both included
  Option& between(double low, double high);
  Option& one_of(std::initializer_list<const char*> values);
  Option& needs(const Option& other);  // a usage error without the other option
  // For text: '' is a value. Otherwise it is a usage error: it is what an unset variable of a script leaves (--ca "$CA").
  Option& may_be_empty();

  // For vectors: `--site a,b` is two values. Otherwise it is one.
  Option& comma_separated();
  // For vectors: in `--at A B`, B is not a value of --at. Otherwise an option takes all words up to the next option.
  Option& one_word_each();

 private:
  CLI::Option* option_;
};

class Flags {
 public:
  Flags(CLI::App& app, Runner& chosen) : app_(app), chosen_(chosen) {}
  Flags(const Flags&) = delete;
  Flags& operator=(const Flags&) = delete;

  // `name` is "--output,-o" for an option, "site" for a positional argument. T is one of the types at the end of flags.cc:
  // text, numbers, std::optional and std::vector of them. A vector takes several words, and repeated options.
  template <typename T>
  Option option(const char* name, T& to, const char* help = "");
  void flag(const char* name, bool& to, const char* help);
  // A command of this command (`titer key create`). The help lists it under `heading`; nullptr: under the heading of this
  // command; "": nowhere.
  void command(const char* name, const char* summary, const Setup& setup, const char* heading = nullptr);
  // The end of the help.
  void footer(const char* text);

 private:
  CLI::App& app_;
  Runner& chosen_;  // of the command that the user named
};

// A program of commands.
class CommandLine {
 public:
  CommandLine(const char* name, const char* summary, const std::string& version);
  ~CommandLine();
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  [[nodiscard]] Flags& flags() { return flags_; }
  // Parses the words and runs the command that they name; prints the help if they name none. Returns the exit code.
  [[nodiscard]] int run(int argc, const char* const* argv);

 private:
  [[nodiscard]] int report(const CLI::ParseError& error, const std::vector<const char*>& words);

  std::unique_ptr<CLI::App> app_;
  Runner chosen_;
  Flags flags_;
};

}  // namespace titer::app
