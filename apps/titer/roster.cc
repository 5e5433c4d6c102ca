// SPDX-License-Identifier: Apache-2.0

#include "titer/roster.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "titer/command.h"
#include "titer/connect.h"
#include "view/etcd_register.h"

namespace titer::app {

void AtRegister::declare(Flags& flags) {
  flags.option("--config", config, "a titer.toml that names the cluster and its register (docs/reference/serve.md)")
      .required();
}

Result<view::RosterEntry> parse_roster_entry(std::uint16_t index, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string wire = text.substr(0, equals);
  const auto address = net::parse_address(wire);
  if (!address) return address.error();
  view::RosterEntry entry{ReplicaId(index), address->text(), {}};
  if (equals == std::string::npos) return entry;
  const auto http = view::parse_http_endpoint(text.substr(equals + 1));
  if (!http) return http.error();
  entry.http = http->text();
  return entry;
}

void print_roster(const view::ClusterRecord& record) {
  const auto listed = [&](const smr::Member& member) { return record.entry(member.id) != nullptr; };
  fmt::print("View {}, {} of {} replicas are members.\n", record.view.number.value,
             std::ranges::count_if(record.view.members, listed), record.roster.size());
  for (const view::RosterEntry& entry : record.roster)
    fmt::print("  replica {:2}  {:22} {:32} {}\n", entry.id.value, printable(entry.wire), printable(entry.http),
               record.view.find(entry.id) != nullptr ? "member" : "not a member");
  for (const smr::Member& member : record.view.members)
    if (!listed(member))
      fmt::print("  replica {:2}  removed, and still a member until it has left\n", member.id.value);
  for (const view::Returned& one : record.returned)
    fmt::print("  replica {} has returned {}: at position {} of view {} when it started, or later\n",
               one.now.id.value, one.inventory.whole ? "with its disk" : "without the data of a member",
               one.inventory.position.value, one.inventory.installed.value);
  for (const std::string& loss : record.losses) fmt::print("  loss of data accepted: {}\n", printable(loss));
}

namespace {

// The configuration, a loop that Ctrl-C stops, and what `work` makes of them.
template <typename Work>
int with_register(const AtRegister& at, Work work) {
  auto config = host::read_config(at.config);
  const Status ready = config ? host::secure_etcd(*config) : config.error();
  if (!ready) {
    complain(ready.error().message);
    return kExitUsage;
  }
  net::Loop loop;
  const Interrupt interrupt(loop, [&loop] { loop.stop(); });
  const Result<view::ClusterRecord> record = work(loop, config->etcd, view::register_key(config->cluster));
  if (!record) return fail(record.error());
  print_roster(*record);
  return kExitOk;
}

}  // namespace

int show_roster(const AtRegister& at) {
  return with_register(
      at, [](net::Loop& loop, const auto& etcd, const std::string& key) -> Result<view::ClusterRecord> {
        auto record = view::read_record(loop, etcd, key);
        if (!record) return record.error();
        if (!*record) return no_cluster();
        return std::move(**record);
      });
}

int change_roster(const AtRegister& at, const view::Change& change) {
  return with_register(at, [&](net::Loop& loop, const auto& etcd, const std::string& key) {
    return view::change_record(loop, etcd, key, change);
  });
}

Error no_cluster() { return {Code::kNotFound, "the register has no cluster of this name: `titer init` makes one"}; }

}  // namespace titer::app
