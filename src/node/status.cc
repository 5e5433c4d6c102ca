// SPDX-License-Identifier: Apache-2.0

// The JSON text that `status` and monitors read, whose names are documented in docs/how-to/operations.md; and what the log says of
// members that limp.

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>

#include "base/build_info.h"
#include "base/hex.h"
#include "base/limits.h"
#include "net/tls.h"
#include "node/node.h"

namespace titer::node {

namespace {

std::uint64_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

// How long a retry with an Idempotency-Key is safe, and how full its memory is.
boost::json::object idempotency_json(const machine::IdempotencyTable& table, WallTime now) {
  const machine::IdempotencyTable::Stats stats = table.stats();
  // Records were forgotten early: what is newer than those is there.
  const bool early = stats.forgotten.value != 0 && now.value - stats.forgotten.value < limits::kIdempotencyKeepMs;
  const std::int64_t kept = early ? std::max(limits::kIdempotencyKeepMinMs, now.value - stats.forgotten.value)
                                  : limits::kIdempotencyKeepMs;
  return {{"records", stats.records},
          {"bytes", stats.bytes},
          {"bytes_max", limits::kIdempotencyBytesMax},
          {"retry_safe_s", kept / 1000},
          {"retry_safe_min_s", limits::kIdempotencyKeepMinMs / 1000}};
}

// What the disk has done since the process was started.
void add_disk(boost::json::object& status, const store::Store* store, bool full) {
  status["durability"] = store == nullptr ? "memory" : "disk";
  if (store == nullptr) return;
  const store::StoreStats disk = store->stats();
  status["disk_full"] = full;
  status["syncs"] = disk.journal.groups;
  status["sync_us"] = disk.journal.sync_us;
  status["sync_us_max"] = disk.journal.sync_us_max;
  status["journal_records"] = disk.journal.records;
  status["journal_record_bytes"] = disk.journal.record_bytes;
  status["journal_written_bytes"] = disk.journal.written_bytes;
  status["journal_group_bytes_max"] = disk.journal.group_bytes_max;
  status["journal_segments"] = disk.journal.segments_used + disk.journal.segments_spare;
  status["journal_held_bytes"] = disk.journal_held;
  status["tables_position"] = disk.tables.value;
  status["tables_written"] = disk.tables_written;
  status["scrub_sites"] = disk.scrub.sites;
  status["scrub_rows"] = disk.scrub.rows;
  status["scrub_rounds"] = disk.scrub.rounds;
  status["scrub_mismatches"] = disk.scrub.mismatches;
}

// How far a learner is from becoming a member: machine/join_readiness.h.
boost::json::object join_json(const machine::JoinReadiness& join) {
  return {{"passes", join.passes()},
          {"pass_bytes", join.last_pass().bytes},
          {"pass_ms", join.last_pass().lasted_us / 1000},
          {"pause_ms", join.final_state().pause_us / 1000},
          {"delayed", join.delayed()}};
}

boost::json::array lags_json(const std::vector<smr::Lag>& lags) {
  boost::json::array out;
  for (const smr::Lag& lag : lags)
    out.push_back({{"id", lag.id.value}, {"ms", lag.us / 1000}, {"limps", lag.limps}});
  return out;
}

boost::json::object connections_json(const Clients::Stats& clients, std::size_t newcomers,
                                     std::size_t descriptors) {
  return {{"clients_max", clients.connections_max},
          {"clients_per_address_max", clients.per_address_max},
          {"newcomers", newcomers},
          {"gave_way", clients.gave_way},
          {"turned_away", clients.turned_away},
          {"watchers", clients.watchers},
          {"watchers_fallen_behind", clients.watchers_fallen_behind},
          {"descriptors_max", descriptors}};
}

boost::json::array losses_json(const store::Store* store) {
  boost::json::array losses;
  if (store != nullptr)
    for (const std::string& loss : store->losses()) losses.emplace_back(loss);
  return losses;
}

boost::json::object limit_json(const net::RateLimit& limit) {
  return {{"per_second", limit.per_second}, {"this_machine", limit.this_machine}};
}
boost::json::object limits_json(const net::RateLimits& limits) {
  return {{"requests_per_key", limit_json(limits.per_key)},
          {"requests_per_address", limit_json(limits.per_address)}};
}

boost::json::object build_json() {
  const BuildInfo build = build_info();
  return {{"version", build.version}, {"commit", build.commit}, {"date", build.date}};
}

boost::json::object register_json(const view::ViewRegister* reg) {
  const view::RegisterStatus now = reg != nullptr ? reg->status() : view::RegisterStatus();
  boost::json::object out{{"kind", now.kind}, {"reachable", now.reachable}, {"writable", now.writable}};
  if (!now.write_error.empty()) out["write_error"] = now.write_error;
  if (!now.refused.empty()) out["refused"] = now.refused;
  if (!now.endpoint.empty()) out["endpoint"] = now.endpoint;
  if (now.revision > 0) out["revision"] = now.revision;
  return out;
}

}  // namespace

std::string Node::status() const {
  const smr::Snapshot now = engine_.replica.snapshot();
  const registry::Totals totals = engine_.machine.registry().totals();
  boost::json::array members;
  for (const smr::Member& member : now.view.members)
    members.push_back(
        {{"id", member.id.value}, {"address", member.address}, {"incarnation", hex64(member.incarnation.value)}});
  boost::json::object status{
      {"build", build_json()},
      {"cluster", hex64(identity_.cluster)},
      {"replica", identity_.me.value},
      {"incarnation", hex64(identity_.incarnation.value)},
      {"pid", ::getpid()},
      {"address", options_.roster[identity_.me.value]->text()},
      {"local_socket", options_.local_socket},
      {"full", now.full},
      {"wedged", now.wedged},
      {"view", now.installed.value},
      {"target", now.target.value},
      {"members", members},
      {"register", register_json(register_)},
      {"clock", now.clock.value},
      {"position", engine_.machine.position().value},
      {"executed", engine_.machine.position().value - position_at_start_.value},
      {"digest", hex64(engine_.machine.digest())},
      {"dispute", engine_.replica.dispute()},
      {"disputed", !engine_.replica.dispute().empty()},
      {"time_ms", now.wall.value},
      {"clock_ahead_ms", now.wall_ahead_ms},
      {"clock_fault", now.wall_fault},
      {"clock_wrong", !now.wall_fault.empty()},
      {"sites", totals.sites},
      {"active_sites", totals.active_sites},
      {"stock_lines", totals.stock_lines},
      {"events", totals.events},
      {"sessions", engine_.machine.sessions()},
      {"idempotency", idempotency_json(engine_.machine.idempotency(), engine_.machine.registry().time())},
      {"frames_sent", now.frames_sent},
      {"null_frames_sent", now.null_frames_sent},
      {"frames_executed", now.frames_executed},
      {"frames_held", now.frames_held},
      {"pending_requests", now.pending_requests},
      {"peer_messages_sent", peers_.messages_sent()},
      {"death_notices", death_notices_},
      {"clients", clients_.count()},
      {"direct_clients", clients_.direct_count()},
      {"active_direct_clients", now.active_clients},
      {"reads_answered",
       clients_.reads_answered() + (options_.sharing != nullptr ? options_.sharing->reads_answered() : 0)},
      {"lease", engine_.read_lease(env_.boot_now())},
      {"learned", learner_.learned().value},
      {"learned_percent", learner_.percent()},
      {"data_losses", losses_json(store_.get())},
      {"keys", engine_.machine.registry().has_keys()},
      {"writes_stopped", engine_.machine.registry().writes().stopped},
      {"memory_bytes", resident_bytes()},
      {"uptime_ms", (env_.boot_now().value - started_.value) / 1000},
  };
  status["connections"] = connections_json(clients_.stats(), acceptor_->newcomers(), options_.descriptors);
  status["limits"] = limits_json(options_.limits.rates);
  status["lags"] = lags_json(engine_.replica.lags());
  if (!now.full) status["join"] = join_json(learner_.readiness());
  add_disk(status, store_.get(), disk_full_);
  if (const auto& tls = options_.roster[identity_.me.value]->tls)
    status["certificate_expires_ms"] = tls->expires_ms();
  return boost::json::serialize(status);
}

void Node::tell_limping() {
  smr::ReplicaSet limping;
  for (const smr::Lag& lag : engine_.replica.lags()) {
    if (!lag.limps) continue;
    limping.add(lag.id);
    if (!limping_told_.has(lag.id))
      spdlog::warn(
          "replica {} limps: it answers, but {} ms late on average, and every write waits for it. Look into its "
          "processor, its "
          "disk and its link; if it does not recover, stop it or remove it: the others continue without it",
          lag.id.value, lag.us / 1000);
  }
  for (std::uint16_t i = 0; i < limits::kReplicasMax; ++i)
    if (limping_told_.has(ReplicaId(i)) && !limping.has(ReplicaId(i)))
      spdlog::info("replica {} no longer limps, or is no longer a member", i);
  limping_told_ = limping;
}

}  // namespace titer::node
