// SPDX-License-Identifier: Apache-2.0

// titer bench: a closed-loop load on real replicas, what it measured, and the check that nothing was lost.
#include <cstdio>
#include <memory>
#include <utility>

#include "load/check.h"
#include "load/connection.h"
#include "load/history.h"
#include "load/sites.h"
#include "registry/request.h"
#include "titer/command.h"
#include "titer/connect.h"
#include "titer/text.h"
#include "wire/codec.h"

namespace titer::app::bench_command {
namespace {

struct Options {
  At at;
  std::size_t connections = 64, in_flight = 1, sites = 1000;
  double seconds = 5;
  std::string workload = "set", history;
  bool json = false, only_these = false;
  std::string durability;
};

constexpr std::int64_t kConnectUs = 5'000'000;
constexpr std::int64_t kDrainUs = 15'000'000;

load::Workload workload_of(const std::string& text) {
  if (text == "reserve") return load::Workload::kReserve;
  if (text == "view") return load::Workload::kView;
  if (text == "all") return load::Workload::kAll;
  return text == "mix" ? load::Workload::kMix : load::Workload::kSet;
}

// What a run leaves behind.
struct Measured {
  load::LoadRun run;
  double seconds = 0;
  std::size_t unanswered = 0;
  std::uint64_t peer_messages = 0, frames = 0;  // of all replicas during the run, heartbeats not counted
  load::LoadCheck check;
  // Of all replicas together, while the load ran.
  std::uint64_t executed = 0;
  load::DiskWork disk;
};

// Adds the site, or puts its stock back to where the check begins. One for workload `all` may be in use by another load:
// it is left alone if it is there.
registry::Operation site_request(const load::LoadSite& site) {
  registry::SiteFields fields;
  fields.name = site.id;
  fields.zip = "02138";
  registry::StockClaim stock;
  if (site.use == load::SiteUse::kAll) {
    stock.availability = registry::Availability::of(load::kLoadStockAll);
    return registry::AddSite{site.id, std::move(fields), stock};
  }
  stock.availability = registry::Availability::of(load::kLoadStock);
  return registry::ImportRow{site.id, std::move(fields), stock};
}

Status load_sites(net::Loop& loop, const client::GatewayClient::Options& who, std::vector<load::LoadSite>& sites) {
  client::GatewayClient client(loop, who);
  if (const Status connected = client.connect(); !connected) return connected;
  std::size_t next = 1;
  Status worst = ok_status();
  const Status sent = client.pipeline(
      [&](Bytes& body) {
        if (next >= sites.size()) return false;
        const registry::Operation operation = site_request(sites[next++]);
        wire::encode_request(body, {.operation = operation, .actor = "bench", .reason = {}, .idempotency_key = {}});
        return true;
      },
      [&](std::uint64_t, const Result<registry::Outcome>& outcome) {
        if (!outcome)
          worst = outcome.error();
        else if (!outcome->ok() && outcome->code != Code::kDuplicate)
          worst = Error{outcome->code, outcome->message};
      });
  if (!sent) return sent;
  if (!worst) return worst;
  return load::read_initial(loop, who.at, sites);
}

class Run {
 public:
  Run(net::Loop& loop, const Options& o, const client::GatewayClient::Options& who,
      std::vector<load::LoadSite>& sites, Measured& out)
      : loop_(loop), options_(o), at_(who.at), out_(out) {
    load::LoadRun& run = out_.run;
    run.workload = workload_of(o.workload);
    run.in_flight = o.in_flight;
    run.link = client::Link::thin(who.at, who.token, o.only_these);
    run.key = client::Link::acts_as(who.at, who.token);
    run.sites = &sites;
    for (std::uint32_t i = 1; i < sites.size(); ++i)
      (sites[i].use == load::SiteUse::kSet ? run.set_sites : run.shared_sites).push_back(i);
  }

  Status connect() {
    for (std::size_t i = 0; i < options_.connections; ++i) {
      connections_.push_back(std::make_unique<load::LoadConnection>(loop_, i, options_.connections, out_.run));
      connections_.back()->connect();
    }
    const auto all_up = [this] {
      for (const auto& c : connections_)
        if (!c->up()) return false;
      return true;
    };
    if (loop_.run_until(BootTime(net::boot_now().value + kConnectUs), all_up)) return ok_status();
    for (const auto& c : connections_)
      if (!c->up()) return Error{Code::kUnreachable, "cannot connect: " + c->last_reason()};
    return ok_status();
  }

  void go(const Interrupt& interrupt) {
    const std::vector<load::ReplicaStatus> before = load::ask_replicas(loop_, at_, true);
    const BootTime began = net::boot_now();
    out_.run.now_ns = load::monotonic_ns();
    for (const auto& c : connections_) c->begin();
    serve(BootTime(began.value + static_cast<std::int64_t>(options_.seconds * 1e6)),
          [&] { return interrupt.hit() || out_.run.denied; });
    out_.seconds = static_cast<double>(net::boot_now().value - began.value) / 1e6;
    finished_ = {out_.run.writes, out_.run.reads};
    out_.run.going = false;
    count_work(before, load::ask_replicas(loop_, at_, true));
    serve(BootTime(net::boot_now().value + kDrainUs), [this] { return open() == 0; });
    out_.unanswered = open();
    for (const auto& c : connections_) {
      c->give_up();
      c->stop();
    }
  }
  // Acknowledged within the seconds of the run, for the throughput.
  [[nodiscard]] std::uint64_t finished() const { return finished_.first + finished_.second; }

 private:
  void serve(BootTime deadline, const std::function<bool()>& done) {
    loop_.run_until(deadline, done, [this] {
      const std::uint64_t now = load::monotonic_ns();
      for (const auto& c : connections_) c->turn(now);
      loop_.wake_at(BootTime(net::boot_now().value + 2'000));
    });
  }
  [[nodiscard]] std::size_t open() const {
    std::size_t n = 0;
    for (const auto& c : connections_) n += c->open();
    return n;
  }
  void count_work(const std::vector<load::ReplicaStatus>& before, const std::vector<load::ReplicaStatus>& after) {
    for (const load::ReplicaStatus& a : after)
      for (const load::ReplicaStatus& b : before) {
        if (!a.ok() || !b.ok() || a.replica != b.replica || a.uptime_ms < b.uptime_ms) continue;
        out_.peer_messages += a.peer_messages_sent - b.peer_messages_sent;
        out_.frames += a.frames_sent - b.frames_sent;
        out_.executed += a.executed - b.executed;
        out_.disk += a.disk;
        out_.disk -= b.disk;
      }
  }

  net::Loop& loop_;
  const Options& options_;
  const client::Addresses& at_;
  Measured& out_;
  std::vector<std::unique_ptr<load::LoadConnection>> connections_;
  std::pair<std::uint64_t, std::uint64_t> finished_;
};

double per_second(std::uint64_t n, const Measured& m) {
  return m.seconds > 0 ? static_cast<double>(n) / m.seconds : 0;
}
double us(const Measured& m, double share) { return static_cast<double>(m.run.latency.quantile(share)) / 1000; }

double messages_per_read(const Measured& m) {
  return m.run.reads == 0 ? 0 : static_cast<double>(m.peer_messages) / static_cast<double>(m.run.reads);
}

double ratio(std::uint64_t a, std::uint64_t b) {
  return b == 0 ? 0 : static_cast<double>(a) / static_cast<double>(b);
}

void add_disk(boost::json::object& out, const Measured& m) {
  out["syncs"] = m.disk.syncs;
  out["sync_us_mean"] = ratio(m.disk.sync_us, m.disk.syncs);
  out["writes_per_sync"] = ratio(m.executed, m.disk.syncs);
  out["frames_per_sync"] = ratio(m.disk.records, m.disk.syncs);
  out["journal_bytes_per_write"] = ratio(m.disk.record_bytes, m.executed);
  out["disk_bytes_per_write"] = ratio(m.disk.written_bytes, m.executed);
}

void print_disk(const Measured& m) {
  std::printf(
      "  disks          %s syncs of %.0f us at all replicas; each had %.1f writes in %.1f frames on average\n",
      grouped(m.disk.syncs).c_str(), ratio(m.disk.sync_us, m.disk.syncs), ratio(m.executed, m.disk.syncs),
      ratio(m.disk.records, m.disk.syncs));
  std::printf(
      "                 per write and replica %.0f bytes in the journal, %.0f with what fills up its blocks\n",
      ratio(m.disk.record_bytes, m.executed), ratio(m.disk.written_bytes, m.executed));
}

void print_json(const Options& o, const Measured& m, std::uint64_t finished) {
  boost::json::object out;
  out["workload"] = o.workload;
  out["connections"] = o.connections;
  out["in_flight"] = o.in_flight;
  out["sites"] = o.sites;
  out["seconds"] = m.seconds;
  out["per_second"] = per_second(finished, m);
  out["writes"] = m.run.writes;
  out["reads"] = m.run.reads;
  out["p50_us"] = us(m, 0.5);
  out["p99_us"] = us(m, 0.99);
  out["p999_us"] = us(m, 0.999);
  out["max_us"] = us(m, 1);
  out["refused"] = m.run.refused;
  out["errors"] = m.run.errors;
  out["unanswered"] = m.unanswered;
  out["repeated"] = m.run.repeated;
  out["held_back"] = m.run.held_back;
  out["failovers"] = m.run.failovers;
  out["longest_pause_ms"] = static_cast<double>(m.run.longest_pause_ns) / 1e6;
  out["peer_messages"] = m.peer_messages;
  out["frames"] = m.frames;
  if (workload_of(o.workload) == load::Workload::kView) out["messages_per_read"] = messages_per_read(m);
  if (m.disk.syncs > 0) add_disk(out, m);
  out["check"] = workload_of(o.workload) == load::Workload::kAll ? "none" : m.check.passed() ? "passed" : "FAILED";
  out["replicas_checked"] = m.check.replicas;
  print_line(out);
}

void print_text(const Options& o, const Measured& m, std::uint64_t finished) {
  std::printf("%s, %zu connections with %zu in flight, %s sites, %.1f s\n", o.workload.c_str(), o.connections,
              o.in_flight, grouped(o.sites).c_str(), m.seconds);
  std::printf("  throughput     %s/s (%s writes, %s reads)\n",
              grouped(static_cast<std::uint64_t>(per_second(finished, m))).c_str(), grouped(m.run.writes).c_str(),
              grouped(m.run.reads).c_str());
  std::printf("  latency        p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, max %.3f ms\n", us(m, 0.5) / 1000,
              us(m, 0.99) / 1000, us(m, 0.999) / 1000, us(m, 1) / 1000);
  std::printf("  longest pause  %.1f ms without an answer\n", static_cast<double>(m.run.longest_pause_ns) / 1e6);
  std::printf("  errors         %s refused, %s errors, %zu unanswered; %s sent again, %s failovers\n",
              grouped(m.run.refused).c_str(), grouped(m.run.errors).c_str(), m.unanswered,
              grouped(m.run.repeated).c_str(), grouped(m.run.failovers).c_str());
  if (m.run.held_back > 0)
    std::printf("  held back      %s times: more requests than are allowed of this key or address\n",
                grouped(m.run.held_back).c_str());
  std::printf("  replicas sent  %s messages to each other (heartbeats not counted) for %s frames\n",
              grouped(m.peer_messages).c_str(), grouped(m.frames).c_str());
  if (m.disk.syncs > 0) print_disk(m);
  if (workload_of(o.workload) == load::Workload::kView)
    std::printf("  per read       %.6f messages between replicas\n", messages_per_read(m));
  if (workload_of(o.workload) == load::Workload::kAll)
    std::printf("  check          none: record a --history and give it to `titer check`\n");
  else if (m.check.passed())
    std::printf(
        "  check          passed: every acknowledged write is in all %zu replicas, none was applied twice\n",
        m.check.replicas);
}

void print_faults(const load::LoadCheck& check) {
  complain("CHECK FAILED: " + std::to_string(check.fault_count) + " faults");
  for (const std::string& fault : check.faults) complain("  " + fault);
  if (check.fault_count > check.faults.size())
    complain("  and " + std::to_string(check.fault_count - check.faults.size()) + " more");
}

// A figure of one durability must not be taken for one of the other.
Status same_durability(const Options& o, const std::vector<load::ReplicaStatus>& replicas) {
  for (const load::ReplicaStatus& one : replicas)
    if (one.ok() && !o.durability.empty() && one.durability != o.durability)
      return Error{Code::kInvalid, "replica " + std::to_string(one.replica) + " runs with durability " +
                                       one.durability + "; start the cluster with --durability " + o.durability};
  return ok_status();
}

// Of the default ports those where somebody is.
client::Addresses found(net::Loop& loop, const client::Addresses& addresses) {
  client::Addresses out;
  for (const load::ReplicaStatus& s : load::ask_replicas(loop, addresses, false))
    if (s.ok()) out.push_back(s.address);
  return out;
}

int report(const Options& o, const Measured& measured, std::uint64_t finished) {
  if (o.json)
    print_json(o, measured, finished);
  else
    print_text(o, measured, finished);
  if (!measured.check.passed()) print_faults(measured.check);
  if (const auto& denied = measured.run.denied)
    return fail({denied->code, "the load has ended: " + denied->message});
  return measured.check.passed() ? kExitOk : kExitRefused;
}

int run(Options o) {
  Result<client::GatewayClient::Options> given = client_options(o.at);
  if (!given) {
    complain(given.error().message);
    return kExitUsage;
  }
  client::GatewayClient::Options who = std::move(given).value();
  const load::Workload workload = workload_of(o.workload);
  // Each session needs a site of its own to set.
  if (workload != load::Workload::kAll)
    o.sites = std::max(o.sites, o.connections * (workload == load::Workload::kMix ? 2 : 1));
  net::Loop loop;
  if (!o.at.given()) who.at = found(loop, who.at);
  if (who.at.empty()) return fail({Code::kUnreachable, "no replica answers; name them with --at or TITER_AT"});
  if (const Status same = same_durability(o, load::ask_replicas(loop, who.at, true)); !same)
    return fail(same.error());
  std::vector<load::LoadSite> sites =
      load::make_load_sites(o.sites, workload, client::Link::acts_as(who.at, who.token));
  if (const Status loaded = load_sites(loop, who, sites); !loaded) return fail(loaded.error());
  Measured measured;
  std::unique_ptr<load::LoadHistory> history;
  if (!o.history.empty()) {
    Result<std::unique_ptr<load::LoadHistory>> opened = load::LoadHistory::open(o.history);
    if (!opened) return fail(opened.error());
    history = std::move(*opened);
    measured.run.history = history.get();
  }
  Run load(loop, o, who, sites, measured);
  if (const Status connected = load.connect(); !connected) return fail(connected.error());
  {
    const Interrupt interrupt(loop, [] {});
    load.go(interrupt);
  }
  if (history)
    if (const Status written = history->close(); !written) return fail(written.error());
  if (workload != load::Workload::kAll) measured.check = load::check_load(loop, who.at, sites);
  return report(o, measured, load.finished());
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("--connections", o->connections, "sessions, spread over the replicas")
      .between(1, 10'000)
      .show_default();
  flags.option("--in-flight", o->in_flight, "requests without an answer, per connection")
      .between(1, 256)
      .show_default();
  flags.option("--seconds", o->seconds, "duration of the load").seconds().show_default();
  flags.option("--workload", o->workload, "operations to send")
      .one_of({"set", "reserve", "view", "mix", "all"})
      .show_default();
  flags.option("--sites", o->sites, "number of sites, bench-0000001 and so on; they stay in the database")
      .between(1, 9'999'999)
      .show_default();
  flags.option("--durability", o->durability, "refuse to measure a cluster with another durability")
      .one_of({"disk", "memory"});
  flags.flag("--json", o->json, "print the results as one JSON object");
  flags.option("--history", o->history, "write every operation to this file, for `titer check`");
  flags.flag("--only-these", o->only_these, "never connect to a replica that --at does not name");
  o->at.declare(flags);
  flags.footer(
      "Afterwards every replica is read and compared with what was acknowledged; exit code 1 if a write is\n"
      "missing or was applied twice. With one address in --at all connections begin at that replica.\n"
      "Once there are keys it needs one that may import and log stock; without it, it ends immediately.\n"
      "Workload `all` has every operation, on few doses, so that refusals are common; several loads may share its "
      "sites.");
  return [o] { return run(*o); };
}

const Registration registered({Group::kOperate, "bench", "measure the cluster and check that nothing was lost",
                               setup});

}  // namespace
}  // namespace titer::app::bench_command
