// SPDX-License-Identifier: Apache-2.0

// Exit codes of the program, as documented in docs/reference/cli.md and --help. docs/reference/serve.md has those of a replica.
#pragma once

namespace titer::host {

enum ExitCode : int {
  kExitOk = 0,
  kExitRefused = 1,        // the database refused it: not found, conflict, not enough …; or a check failed
  kExitUsage = 2,          // the command line, a file or a port that cannot be used
  kExitExcluded = 3,       // this replica is no member of the view any more
  kExitUnreachable = 4,    // no replica answered, or the outcome is not known
  kExitUnknown = 5,        // check: the time was over before the verdict was known
  kExitInterrupted = 130,  // Ctrl-C
};

}  // namespace titer::host
