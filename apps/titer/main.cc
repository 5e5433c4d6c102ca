// SPDX-License-Identifier: Apache-2.0

// titer: every command of the product in one executable. See command.h for how they register.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string_view>

#include "base/build_info.h"
#include "base/text.h"
#include "titer/command.h"
#include "titer/remote.h"

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
    case Group::kHidden: return "";
  }
  return "Other";
}

std::string version_line() {
  const BuildInfo build = build_info();
  return fmt::format("titer {} ({}, {})", build.version, build.commit, build.date);
}

// A command whose output did not arrive has not done what was asked.
bool output_complete() {
  if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return true;
  complain(std::string("standard output could not be written: ") + std::strerror(errno));
  return false;
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
  CommandLine line("titer", "a replicated database for vaccine availability", version_line());
  line.flags().footer(
      "Every command has --help. Replicas are named with --at HOST:PORT[,…] or TITER_AT;\n"
      "without them 127.0.0.1:8892 to 8898 are tried.\n"
      "Exit codes: 0 done, 1 refused by the database or a check failed, 2 wrong usage, 3 excluded from the view,\n"
      "4 no replica answered or the outcome is unknown, 5 check ran out of time, 130 interrupted by Ctrl-C.");
  for (const Command& command : all_commands())
    line.flags().command(command.name, command.summary, command.setup, heading(command.group));
  const int code = line.run(argc, argv);
  return code == kExitOk && !output_complete() ? int{kExitRefused} : code;
}

}  // namespace titer::app

namespace {

// Where one of the three standard descriptors is closed, what is opened next would get its number, and what is printed would go into
// that: a file, or the loop's eventfd. They are opened the wrong way round, so that using them is the error that it was.
bool keep_standard_descriptors() {
  for (int descriptor = 0; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    const int opened =
        ::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY);  // NOLINT: not O_CLOEXEC
    if (opened != descriptor) return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  if (!keep_standard_descriptors()) return titer::app::kExitRefused;
  try {
    return titer::app::run(argc, argv);
  } catch (const std::exception& error) {  // from the standard library or CLI11; our own modules throw nothing
    std::fprintf(stderr, "titer: %s\n", titer::printable(error.what()).c_str());
    return titer::app::kExitRefused;
  }
}
