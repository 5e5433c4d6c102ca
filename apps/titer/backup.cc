// SPDX-License-Identifier: Apache-2.0

// titer backup: the whole state of a running cluster, as of one position, into a file.
#include "client/backup.h"

#include <fmt/format.h>

#include "base/hex.h"
#include "titer/command.h"
#include "titer/connect.h"
#include "titer/text.h"

namespace titer::app::backup_command {

namespace {

struct Options {
  std::string target;
  At at;
  bool json = false;
};

void print(const client::BackupTaken& taken, bool json) {
  if (json)
    return print_line({{"file", taken.file},
                       {"from", taken.from.text()},
                       {"cluster", hex64(taken.cluster)},
                       {"position", taken.position.value},
                       {"digest", hex64(taken.digest)},
                       {"sites", taken.sites},
                       {"bytes", taken.bytes}});
  fmt::print("{}: position {}, digest {:016x}, {} sites, {}, from {}\n", taken.file, grouped(taken.position.value),
             taken.digest, grouped(taken.sites), bytes_text(taken.bytes), taken.from.text());
}

int run(const Options& o) {
  const auto given = client_options(o.at);
  if (!given) {
    complain(given.error().message);
    return kExitUsage;
  }
  net::Loop loop;
  const Interrupt interrupt(loop, [&loop] { loop.wake_at(net::boot_now()); });
  client::BackupOptions options{
      given->at, o.target, given->deadline_us, complain, [&interrupt] { return interrupt.hit(); }, given->token};
  const auto taken = client::take_backup(loop, options);
  if (interrupt.hit()) {
    complain("interrupted; no backup was written");
    return kExitInterrupted;
  }
  if (!taken) {
    const int code = fail(taken.error());
    return taken.error().code == Code::kInternal ? kExitUsage : code;  // a file that cannot be written
  }
  print(*taken, o.json);
  return kExitOk;
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags
      .option("target", o->target,
              "file to write (replaced when the new one is complete), or a directory for a file "
              "titer-<cluster>-<position>.backup")
      .required();
  flags.flag("--json", o->json, "print what was written as one JSON object");
  o->at.declare(flags);
  flags.footer(
      "The backup is one consistent state, with every write that was acknowledged before it began. Writes "
      "continue\n"
      "meanwhile. `titer restore FILE --check` checks it; `titer restore FILE --data DIR` makes a cluster from "
      "it.");
  return [o] { return run(*o); };
}

const Registration registered({Group::kOperate, "backup", "write the whole state of a running cluster to a file",
                               setup});

}  // namespace
}  // namespace titer::app::backup_command
