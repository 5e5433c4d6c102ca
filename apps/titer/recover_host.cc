// SPDX-License-Identifier: Apache-2.0

#include "titer/recover_host.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "client/status_probe.h"
#include "host/config.h"
#include "host/local_metadata.h"
#include "store/inspect.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/roster.h"
#include "titer/text.h"
#include "view/etcd_register.h"
#include "view/record_change.h"

namespace titer::app {

namespace {

// Views that others may have heard of since this replica stopped: the new one must be above them all.
constexpr std::uint64_t kViewsAhead = 1000;

struct Here {
  host::Config config;
  store::Inspection disk;
  view::Authority seen;
};

Error refused(std::string why) { return {Code::kInvalid, std::move(why)}; }

Result<Here> look(const std::string& path) {
  auto config = host::read_config(path);
  if (!config) return config.error();
  if (const Status ready = host::secure_etcd(*config); !ready) return ready.error();
  if (!config->durable) return refused("with durability memory there is nothing to recover from");
  auto disk = store::inspect(config->data);
  if (!disk) return disk.error();
  const auto metadata_store = host::LocalMetadataStore::open(config->data);
  if (!metadata_store) return metadata_store.error();
  return Here{std::move(config).value(), std::move(disk).value(), metadata_store->get().seen};
}

// Is there a reason for it?
Status needed(const Here& here, const std::optional<view::ClusterRecord>& record, net::Loop& loop) {
  if (!here.disk.inventory.whole)
    return refused(
        "this replica had only learned a part of the state when it ended: a cluster cannot resume from a part");
  if (!record) return ok_status();
  if (record->cluster != here.disk.identity.cluster)
    return refused("the register's record of this name is of another cluster than this disk");
  const bool believed = !view::gone_back(
      here.seen, {here.seen.etcd, here.seen.revision, record->view.number, record->cluster, record->losses.size()});
  const smr::Member* member = record->view.find(here.config.index);
  if (believed && member != nullptr && std::ranges::count(here.disk.inventory.lives, member->incarnation) > 0)
    return refused("nothing is lost: this replica is of the last view and has its data; start it (`titer serve`)");
  client::Addresses addresses;
  client::add_members(addresses, record->view);
  for (net::Address& address : addresses) address.tls = nullptr;
  for (const client::StatusAnswer& answer : client::ask_status(loop, addresses, false))
    if (answer.json)
      return refused("a replica of the last view answers, at " + answer.address.text() + ": nothing is lost");
  return ok_status();
}

view::ClusterRecord recovered(const Here& here, const std::optional<view::ClusterRecord>& there) {
  view::ClusterRecord next;
  next.cluster = here.disk.identity.cluster;
  if (there) next.roster = there->roster;
  if (next.entry(here.config.index) == nullptr) next.roster = {{here.config.index, here.config.wire.text(), {}}};
  const ViewNumber recorded = there ? there->view.number : ViewNumber();
  const ViewNumber newest = std::max({recorded, here.seen.view, here.disk.inventory.installed});
  next.view.number = ViewNumber(newest.value + kViewsAhead);
  next.view.members = {{here.config.index, here.disk.inventory.lives.back(), here.config.wire.text()}};
  next.losses = here.disk.recoveries;
  if (there && there->losses.size() > next.losses.size()) next.losses = there->losses;
  next.losses.push_back(
      fmt::format("{}: the cluster resumed from replica {} alone, from position {} of view {}; the last "
                  "view known was {}",
                  iso_time(net::wall_now()), here.config.index.value, here.disk.inventory.position.value,
                  here.disk.inventory.installed.value, newest.value));
  return next;
}

}  // namespace

int recover_host(const std::string& config, bool accept) {
  const auto here = look(config);
  if (!here) {
    complain(here.error().message);
    return kExitUsage;
  }
  net::Loop loop;
  const std::string key = view::register_key(here->config.cluster);
  const auto there = view::read_record(loop, here->config.etcd, key);
  if (!there) return fail(there.error());
  if (const Status reason = needed(*here, *there, loop); !reason) {
    complain(reason.error().message);
    return kExitRefused;
  }
  fmt::print("This disk has position {} of view {}. Resuming from it loses what was acknowledged after that.\n",
             grouped(here->disk.inventory.position.value), here->disk.inventory.installed.value);
  if (!accept) {
    fmt::print("If so be it: titer recover --accept-data-loss --config {}\n", config);
    return kExitRefused;
  }
  const auto record =
      view::change_record(loop, here->config.etcd, key,
                          [&](const std::optional<view::ClusterRecord>& now) -> Result<view::ClusterRecord> {
                            return recovered(*here, now);
                          });
  if (!record) return fail(record.error());
  fmt::print("On record: {}.\nStart `titer serve` here first; the others learn.\n", record->losses.back());
  print_roster(*record);
  return kExitOk;
}

}  // namespace titer::app
