// SPDX-License-Identifier: Apache-2.0

#include "titer/flags.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <iostream>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

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

// CLI11 reads numbers as C does, where 010 is 8. Nobody who reserves 010 doses wants 8.
std::string decimal(std::string& text) {
  const std::size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  while (text.size() > sign + 1 && text[sign] == '0') text.erase(sign, 1);
  return {};
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
  option_->check(CLI::PositiveNumber);
  return *this;
}
Option& Option::between(int low, int high) {
  option_->check(CLI::Range(low, high));
  return *this;
}
Option& Option::between(double low, double high) {
  option_->check(CLI::Range(low, high));
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
  if constexpr (std::is_integral_v<typename Element<T>::Type>) option->transform(CLI::Validator(decimal, ""));
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

int CommandLine::run(int argc, const char* const* argv) {
  try {
    app_->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app_->exit(error, std::cout, std::cerr) == 0 ? kExitOk : kExitUsage;
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
