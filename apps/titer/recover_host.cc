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
#include "view/startup_step.h"

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

Result<host::Config> configuration(const std::string& path) {
  auto config = host::read_config(path);
  if (!config) return config.error();
  if (const Status ready = host::secure_etcd(*config); !ready) return ready.error();
  return config;
}

Result<Here> look(host::Config config) {
  if (!config.durable) return refused("with durability memory there is nothing to recover from");
  auto disk = store::inspect(config.data);
  if (!disk) return disk.error();
  const auto metadata_store = host::LocalMetadataStore::open(config.data);
  if (!metadata_store) return metadata_store.error();
  return Here{std::move(config), std::move(disk).value(), metadata_store->get().seen};
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
  if (believed && member != nullptr && std::ranges::count(here.disk.inventory.lives, member->incarnation) > 0 &&
      view::disk_gone_back(*record, here.config.index, here.disk.inventory).empty())
    return refused(
        "nothing is lost as far as this disk shows: the replica is of the last view and has its data. Start it "
        "(`titer serve`); while it waits for others that do not return, this command resumes without them");
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
                  iso_time(net::wall_now()), here.config.index.value, here.disk.reach.value,
                  here.disk.inventory.installed.value, newest.value));
  return next;
}

// This machine's process is there: it waits for others of the last view.
bool waits(const view::ClusterRecord& record, ReplicaId id) {
  return std::ranges::any_of(record.returned, [&](const view::Returned& one) {
    return one.now.id == id && one.inventory.whole && record.holder(id) != nullptr;
  });
}

// What each member of the last view has, as far as the register knows.
void print_members(const view::ClusterRecord& record) {
  for (const smr::Member& member : record.holders()) {
    const auto back = std::ranges::find(record.returned, member.id, [](const auto& one) { return one.now.id; });
    const view::DiskMark* mark = record.mark(member.id);
    const std::string known = mark == nullptr
                                  ? "nothing is recorded of its disk"
                                  : fmt::format("its disk was recorded at position {} of view {}, or later",
                                                grouped(mark->position.value), mark->installed.value);
    if (back == record.returned.end())
      fmt::print("  replica {} has not returned; {}\n", member.id.value, known);
    else if (!back->inventory.whole)
      fmt::print("  replica {} has returned without the data of a member; {}\n", member.id.value, known);
    else
      fmt::print("  replica {} has returned with its disk, at position {} of view {} or later; {}\n",
                 member.id.value, grouped(back->inventory.position.value), back->inventory.installed.value, known);
  }
}

// Its process waits: those that have returned restart, without the others.
int resume_without_others(const host::Config& config, const std::string& path, const view::ClusterRecord& record,
                          net::Loop& loop, bool accept) {
  fmt::print("Of the members of {}\n", record.restart
                                           ? "the view from which a restart began that is not over"
                                           : fmt::format("view {}, the last one", record.view.number.value));
  print_members(record);
  fmt::print(
      "Each disk that has not gone back in time has every acknowledged write. If the disks that have returned "
      "have\n"
      "gone back (put back from a snapshot, or copied), resuming from them loses the writes that only the other "
      "disks\n"
      "hold.\n");
  if (!accept) {
    fmt::print("To accept that loss: titer recover --accept-data-loss --config {}\n", path);
    return kExitRefused;
  }
  const auto next =
      view::change_record(loop, config.etcd, view::register_key(config.cluster),
                          [&](const std::optional<view::ClusterRecord>& now) -> Result<view::ClusterRecord> {
                            if (!now || !waits(*now, config.index))
                              return refused("this replica does not wait for others any more: nothing was changed");
                            return view::restarted_without_the_others(*now, iso_time(net::wall_now()));
                          });
  if (!next) return fail(next.error());
  fmt::print("On record: {}.\n", next->losses.back());
  print_roster(*next);
  return kExitOk;
}

}  // namespace

int recover_host(const std::string& config, bool accept) {
  auto settings = configuration(config);
  if (!settings) {
    complain(settings.error().message);
    return kExitUsage;
  }
  net::Loop loop;
  const std::string key = view::register_key(settings->cluster);
  const auto there = view::read_record(loop, settings->etcd, key);
  if (there && *there && waits(**there, settings->index))
    return resume_without_others(*settings, config, **there, loop, accept);
  const auto here = look(std::move(settings).value());
  if (!here) {
    complain(here.error().message);
    return kExitUsage;
  }
  if (!there) return fail(there.error());
  if (const Status reason = needed(*here, *there, loop); !reason) {
    complain(reason.error().message);
    return kExitRefused;
  }
  fmt::print("This disk has position {} of view {}. Resuming from it loses what was acknowledged after that.\n",
             grouped(here->disk.reach.value), here->disk.inventory.installed.value);
  if (!accept) {
    fmt::print("To accept that loss: titer recover --accept-data-loss --config {}\n", config);
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
