// SPDX-License-Identifier: Apache-2.0

// titer restore: a new cluster from a backup, on one machine or on several, or a look at whether the backup is good.
#include "cluster/restore.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <thread>
#include <utility>

#include "base/hex.h"
#include "base/limits.h"
#include "store/backup_reader.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/restore_host.h"
#include "titer/text.h"

namespace titer::app::restore_command {

namespace {

struct Options {
  std::string file;
  std::string data, config;
  std::uint16_t replicas = 3;
  bool check = false;
  bool json = false;
};

void print(const Options& o, const store::BackupContents& found, const registry::Totals& totals) {
  if (o.json)
    return print_line({{"file", o.file},
                       {"cluster", hex64(found.source.cluster)},
                       {"position", found.position.value},
                       {"digest", hex64(found.digest)},
                       {"sites", totals.sites},
                       {"events", totals.events},
                       {"bytes", found.bytes}});
  fmt::print("{}: cluster {:016x}, position {}, digest {:016x}, {} sites, {} events, {}. It is intact.\n", o.file,
             found.source.cluster, grouped(found.position.value), found.digest, grouped(totals.sites),
             grouped(totals.events), bytes_text(found.bytes));
}

int refuse(const std::string& why, int code) {
  complain(why);
  return code;
}

int refuse_backup(const Error& error) {
  return refuse(error.message, error.code == Code::kInvalid ? kExitRefused : kExitUsage);
}

// The directory keeps the restore mark, so nothing is served from it.
void explain_interruption(const std::string& directory) {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, signal);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // of this thread and of all that it starts
  std::thread([signals, directory] {
    int signal = 0;
    if (sigwait(&signals, &signal) != 0) return;
    complain("interrupted: nothing can be served from " + directory + "; run the same command again");
    std::_Exit(kExitInterrupted);
  }).detach();
}

// A look only.
int check(const Options& o) {
  machine::Machine machine;
  const auto found = store::read_backup(o.file, machine);
  if (!found) return refuse_backup(found.error());
  print(o, *found, machine.registry().totals());
  return kExitOk;
}

int make_cluster(const Options& o, const store::BackupContents& found, machine::Machine& machine,
                 cluster::RestoreDirectory& target) {
  const auto made = target.write_cluster(o.replicas, machine, found.clock);
  const Status done = made ? target.finish() : Status(made.error());
  if (!done) return refuse(done.error().message, kExitUsage);
  if (!o.json)
    fmt::print("A new cluster, {:016x}, is in {}. Start it: titer cluster {} --data {}\n", made->cluster, o.data,
               o.replicas, o.data);
  return kExitOk;
}

int restore(const Options& o) {
  std::optional<host::Config> config;
  if (!o.config.empty()) {
    auto read = read_restore_config(o.config);
    if (!read) return refuse(read.error().message, kExitUsage);
    config = std::move(read).value();
  }
  const std::string data = config ? config->data : o.data;
  explain_interruption(data);
  auto target = cluster::RestoreDirectory::begin(data);
  if (!target) return refuse(target.error().message, kExitUsage);
  machine::Machine machine;
  machine.track_changes(true);
  const auto found = store::read_backup(o.file, machine);
  if (!found) return refuse_backup(found.error());
  const registry::Totals totals = machine.registry().totals();
  if (!o.json) print(o, *found, totals);
  const int code =
      config ? restore_host(*config, *found, machine, *target, o.json) : make_cluster(o, *found, machine, *target);
  if (o.json && code == kExitOk) print(o, *found, totals);
  return code;
}

int run(const Options& o) {
  if (o.check + !o.data.empty() + !o.config.empty() != 1)
    return refuse("say where the new cluster is to be, with --data DIR or --config FILE, or only --check",
                  kExitUsage);
  if (std::error_code error;
      std::filesystem::exists(o.file, error) && !std::filesystem::is_regular_file(o.file, error))
    return refuse(o.file + " is not a file: name the one that `titer backup` wrote", kExitUsage);
  return o.check ? check(o) : restore(o);
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("file", o->file, "a file that `titer backup` wrote").required();
  flags.option("--data", o->data, "directory of the new cluster, on this machine; it must be empty or absent");
  flags.option("--replicas", o->replicas, "with --data: number of replicas of the new cluster")
      .between(1, static_cast<int>(limits::kReplicasMax))
      .show_default();
  flags.option("--config", o->config,
               "titer.toml of this machine: bootstrap a cluster on several machines from the backup "
               "(docs/reference/serve.md)");
  flags.flag("--check", o->check, "only check it: every checksum, the digest, the invariants of the state");
  flags.flag("--json", o->json, "print the contents of the file as one JSON object");
  flags.footer(
      "The new cluster has an identity of its own. `titer cluster T --data DIR` starts it: replica 0 begins with "
      "the\n"
      "state of the backup, the others learn from it. With --config: run it after `titer init` and before any "
      "replica\n"
      "starts, as the user of the service; then `titer serve` on this machine begins with the backup.\n"
      "Exit codes: 0 done; 1 the file is no backup, incomplete or damaged, or the cluster has no record, has "
      "started, "
      "or\n"
      "has no place for this machine; 2 usage, or a file or directory that cannot be used; 4 the register did not\n"
      "answer.");
  return [o] { return run(*o); };
}

const Registration registered({Group::kOperate, "restore", "make a new cluster from a backup, or check one",
                               setup});

}  // namespace
}  // namespace titer::app::restore_command
