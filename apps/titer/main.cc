// SPDX-License-Identifier: Apache-2.0

// titer: every command of the product in one executable. See command.h for how they register.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string_view>

#include "base/build_info.h"
#include "titer/command.h"

namespace titer::app {

namespace {

std::vector<Command>& registered() {
  static std::vector<Command> commands;
  return commands;
}

const char* heading(Group group) {
  switch (group) {
    case Group::kCluster: return "Cluster";
    case Group::kSites: return "Sites";
    case Group::kStock: return "Vaccine stock";
    case Group::kFiles: return "Files and changes";
    case Group::kOperate: return "Operating";
    case Group::kHidden: return "";  // CLI11 lists no group without a name
  }
  return "Other";
}

std::string version_line() {
  const BuildInfo build = build_info();
  return fmt::format("titer {} ({}, {})", build.version, build.commit, build.date);
}

// CLI11 reads numbers as C does, where 010 is 8. Nobody who reserves 010 doses wants 8.
std::string decimal(std::string& text) {
  const std::size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  while (text.size() > sign + 1 && text[sign] == '0') text.erase(sign, 1);
  return {};
}

void read_numbers_as_decimal(CLI::App& app) {
  for (CLI::Option* option : app.get_options()) {
    const std::string type = option->get_type_name();
    if (type.starts_with("INT") || type.starts_with("UINT")) option->transform(CLI::Validator(decimal, ""));
  }
}

}  // namespace

Registration::Registration(const Command& command) { registered().push_back(command); }

std::vector<Command> all_commands() {
  std::vector<Command> out = registered();
  std::sort(out.begin(), out.end(), [](const Command& a, const Command& b) {
    if (a.group != b.group) return a.group < b.group;
    return std::string_view(a.name) < b.name;
  });
  return out;
}

int run(int argc, char** argv) {
  CLI::App titer("a replicated database for vaccine availability", "titer");
  titer.set_version_flag("--version", version_line());
  titer.require_subcommand(0, 1);
  titer.footer(
      "Every command has --help. Replicas are named with --at HOST:PORT[,…] or TITER_AT;\n"
      "without them 127.0.0.1:8892 to 8898 are tried.\n"
      "Exit codes: 0 done, 1 refused by the database, 2 usage, 3 excluded from the view, 4 unreachable.");
  Runner chosen;
  for (const Command& command : all_commands()) {
    CLI::App* sub = titer.add_subcommand(command.name, command.summary)->group(heading(command.group));
    const Runner runner = command.setup(*sub);
    read_numbers_as_decimal(*sub);
    sub->callback([&chosen, runner] { chosen = runner; });
  }
  try {
    titer.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = titer.exit(error, std::cout, std::cerr);
    return code == 0 ? kExitOk : kExitUsage;
  }
  if (chosen) return chosen();
  std::cout << titer.help();
  return kExitOk;
}

}  // namespace titer::app

int main(int argc, char** argv) {
  try {
    return titer::app::run(argc, argv);
  } catch (const std::exception& error) {  // from the standard library or CLI11; our own modules throw nothing
    std::fprintf(stderr, "titer: %s\n", error.what());
    return titer::app::kExitRefused;
  }
}
