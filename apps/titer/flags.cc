// SPDX-License-Identifier: Apache-2.0

#include "titer/flags.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "base/number.h"
#include "titer/command.h"

namespace titer::app {

namespace {

template <typename T>
struct Element {
  using Type = T;
};
template <typename T>
struct Element<std::optional<T>> {
  using Type = T;
};
template <typename T>
struct Element<std::vector<T>> {
  using Type = T;
};

constexpr const char* kNotEmpty = "not empty";
constexpr double kSecondsMin = 0.001, kSecondsMax = 1'000'000;  // eleven days

// CLI11 reads numbers as C does: 010 is 8, -1 is 18446744073709551615, and nan is a number. Here a number is what
// base/number.h says, with an optional + in front. It is put back in the form that CLI11 reads in the same way. Returns
// what is wrong.
template <typename Number>
std::string as_number(std::string& text) {
  std::string_view digits = text;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  const auto number = parse_number<Number>(digits);
  if (number) text = fmt::format("{}", *number);
  if (number) return {};
  if constexpr (std::is_floating_point_v<Number>)
    return fmt::format("'{}' is not a number", text);
  else
    return fmt::format("'{}' is not a whole number from {} to {}", text, std::numeric_limits<Number>::min(),
                       std::numeric_limits<Number>::max());
}

// `is` names the range in the help, `what` in the error.
CLI::Validator from_to(double low, double high, const std::string& is, const std::string& what) {
  return {[low, high, what](std::string& text) {
            const auto number = parse_number<double>(text);
            const bool fits = number && *number >= low && *number <= high;
            return fits ? std::string() : fmt::format("'{}' is not {}", text, what);
          },
          is};
}

CLI::Validator not_empty() {
  return {[](std::string& text) { return text.empty() ? std::string("the value is empty") : std::string(); }, "",
          kNotEmpty};
}

}  // namespace

Option& Option::required() {
  option_->required();
  return *this;
}
Option& Option::show_default() {
  option_->capture_default_str();
  return *this;
}
Option& Option::env(const char* name) {
  option_->envname(name);
  return *this;
}
Option& Option::value_name(const char* name) {
  option_->type_name(name);
  return *this;
}
Option& Option::heading(const char* text) {
  option_->group(text);
  return *this;
}
Option& Option::positive() {
  option_->check(from_to(std::numeric_limits<double>::denorm_min(), std::numeric_limits<double>::max(), "POSITIVE",
                         "above 0"));
  return *this;
}
Option& Option::seconds() {
  option_->check(from_to(kSecondsMin, kSecondsMax, "POSITIVE",
                         fmt::format("a number of seconds from {} to {:.0f}", kSecondsMin, kSecondsMax)));
  return *this;
}
Option& Option::between(int low, int high) {
  option_->check(
      from_to(low, high, fmt::format("INT in [{} - {}]", low, high), fmt::format("from {} to {}", low, high)));
  return *this;
}
Option& Option::between(double low, double high) {
  option_->check(
      from_to(low, high, fmt::format("FLOAT in [{} - {}]", low, high), fmt::format("from {} to {}", low, high)));
  return *this;
}
Option& Option::one_of(std::initializer_list<const char*> values) {
  option_->check(CLI::IsMember(std::vector<std::string>(values.begin(), values.end())));
  return *this;
}
Option& Option::needs(const Option& other) {
  option_->needs(other.option_);
  return *this;
}
Option& Option::may_be_empty() {
  option_->get_validator(kNotEmpty)->active(false);
  return *this;
}
Option& Option::comma_separated() {
  option_->delimiter(',');
  return *this;
}
Option& Option::one_word_each() {
  option_->allow_extra_args(false);
  return *this;
}

template <typename T>
Option Flags::option(const char* name, T& to, const char* help) {
  CLI::Option* option = app_.add_option(name, to, help);
  using Number = typename Element<T>::Type;
  if constexpr (std::is_arithmetic_v<Number>)
    option->transform(CLI::Validator(as_number<Number>, ""));
  else
    option->check(not_empty());
  return Option(*option);
}

void Flags::flag(const char* name, bool& to, const char* help) { app_.add_flag(name, to, help); }

void Flags::command(const char* name, const char* summary, const Setup& setup, const char* heading) {
  CLI::App* sub = app_.add_subcommand(name, summary);
  if (heading != nullptr) sub->group(heading);
  Flags flags(*sub, chosen_);
  const Runner runner = setup(flags);
  if (runner)
    sub->callback([&chosen = chosen_, runner] { chosen = runner; });
  else
    sub->require_subcommand(1);
}

void Flags::footer(const char* text) { app_.footer(text); }

CommandLine::CommandLine(const char* name, const char* summary, const std::string& version)
    : app_(std::make_unique<CLI::App>(summary, name)), flags_(*app_, chosen_) {
  app_->set_version_flag("--version", version);
  app_->require_subcommand(0, 1);
}

CommandLine::~CommandLine() = default;

// CLI11 says what is wrong with the words of a command; without a command it only lists all words.
int CommandLine::report(const CLI::ParseError& error, const std::vector<const char*>& words) {
  if (error.get_exit_code() == 0) return app_->exit(error, std::cout, std::cerr) == 0 ? kExitOk : kExitUsage;
  std::string what = error.what();
  const std::string& program = app_->get_name();
  if (words.size() > 1 && words[1][0] == '-')
    what = fmt::format("the command comes before its options: {} COMMAND {} …", program, words[1]);
  else if (words.size() > 1 && app_->get_subcommands().empty())
    what = fmt::format("there is no command '{}'", words[1]);
  std::cerr << program << ": " << what << "\nRun with --help for more information.\n";
  return kExitUsage;
}

int CommandLine::run(int argc, const char* const* argv) {
  std::vector<const char*> words(argv, argv + argc);
  if (words.size() > 1 && std::string_view(words[1]) == "help") {
    words.erase(words.begin() + 1);
    words.push_back("--help");
  }
  try {
    app_->parse(static_cast<int>(words.size()), words.data());
  } catch (const CLI::ParseError& error) {
    return report(error, words);
  }
  if (chosen_) return chosen_();
  std::cout << app_->help();
  return kExitOk;
}

// Every type that a command reads an option into.
template Option Flags::option(const char*, std::string&, const char*);
template Option Flags::option(const char*, std::optional<std::string>&, const char*);
template Option Flags::option(const char*, std::vector<std::string>&, const char*);
template Option Flags::option(const char*, std::uint16_t&, const char*);
template Option Flags::option(const char*, std::optional<std::uint16_t>&, const char*);
template Option Flags::option(const char*, std::uint32_t&, const char*);
template Option Flags::option(const char*, std::optional<std::uint32_t>&, const char*);
template Option Flags::option(const char*, std::uint64_t&, const char*);
template Option Flags::option(const char*, std::optional<std::uint64_t>&, const char*);
template Option Flags::option(const char*, std::vector<std::uint64_t>&, const char*);
template Option Flags::option(const char*, int&, const char*);
template Option Flags::option(const char*, std::int64_t&, const char*);
template Option Flags::option(const char*, double&, const char*);
template Option Flags::option(const char*, std::optional<double>&, const char*);

}  // namespace titer::app
