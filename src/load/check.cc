// SPDX-License-Identifier: Apache-2.0

#include "load/check.h"

#include <algorithm>
#include <utility>

#include "client/gateway_client.h"
#include "client/read.h"

namespace titer::load {

namespace {

constexpr std::size_t kFaultsShown = 10;
constexpr std::int64_t kQuietUs = 15'000'000;  // for all replicas to stand at one position
constexpr std::int64_t kLookUs = 50'000;

struct Found {
  bool there = false;
  std::uint64_t count = 0;
  std::uint32_t version = 0;
};

// What one replica says of every bench site; index as in `sites`.
Result<std::vector<Found>> read_sites(net::Loop& loop, const client::Addresses& at, bool only_these,
                                      std::size_t size) {
  client::GatewayClient client(loop, {.at = at, .only_these = only_these});
  if (const Status connected = client.connect(); !connected) return connected.error();
  std::vector<Found> out(size);
  registry::ListSites query;
  query.after_name = "bench-";
  const Status read = client::list_sites(client, query, UINT64_MAX, [&](const registry::Site& site) {
    const std::size_t index = load_site_index(site.name);
    if (index == 0) return false;  // beyond the names that begin with bench-
    if (index >= out.size() || site.stock.empty()) return true;
    out[index] = {true, site.stock.front().availability.count, site.stock.front().version};
    return true;
  });
  if (!read) return read.error();
  return out;
}

void compare(LoadCheck& check, const std::string& where, const LoadSite& site, const Found& found) {
  const auto says = [&](const std::string& what) { check.fault(where + " " + site.id + ": " + what); };
  if (!found.there) return says("the site is gone");
  const std::uint64_t low = site.acknowledged, high = low + site.unanswered.size();
  const std::uint64_t changes = found.version - site.initial_version;
  if (found.version < site.initial_version || changes < low || changes > high)
    says(std::to_string(changes) + " writes took effect, acknowledged were " + std::to_string(low) +
         (high > low ? " and unanswered " + std::to_string(high - low) : ""));
  if (site.use == SiteUse::kReserve) {
    const std::uint64_t taken = site.initial_count - found.count;
    if (found.count > site.initial_count || taken < low || taken > high)
      says(std::to_string(taken) + " doses are gone, acknowledged were " + std::to_string(low));
    return;
  }
  const std::uint64_t expected = site.newest == Position() ? site.initial_count : site.newest_value;
  const bool unanswered =
      std::find(site.unanswered.begin(), site.unanswered.end(), found.count) != site.unanswered.end();
  if (found.count != expected && !unanswered)
    says("has " + std::to_string(found.count) + ", last acknowledged was " + std::to_string(expected));
}

// Waits until all full replicas stand at one position; otherwise that is the fault.
void wait_until_equal(net::Loop& loop, const client::Addresses& at, LoadCheck& check) {
  const BootTime deadline(net::boot_now().value + kQuietUs);
  for (;;) {
    check.status = ask_replicas(loop, at, true);
    std::erase_if(check.status, [](const ReplicaStatus& s) { return !s.ok() || !s.full; });
    const auto other = [&](const ReplicaStatus& s) { return s.position != check.status.front().position; };
    const bool equal = !check.status.empty() && std::none_of(check.status.begin(), check.status.end(), other);
    if (equal) break;
    if (net::boot_now() >= deadline)
      return check.fault("the replicas do not come to stand at one position (or others are writing)");
    loop.run_until(BootTime(net::boot_now().value + kLookUs), [] { return false; });
  }
  for (const ReplicaStatus& s : check.status)
    if (s.digest != check.status.front().digest)
      check.fault("replica " + std::to_string(s.replica) + " has digest " + s.digest + ", replica " +
                  std::to_string(check.status.front().replica) + " has " + check.status.front().digest);
}

}  // namespace

void LoadCheck::fault(std::string what) {
  if (fault_count++ < kFaultsShown) faults.push_back(std::move(what));
}

Status read_initial(net::Loop& loop, const client::Addresses& at, std::vector<LoadSite>& sites) {
  const Result<std::vector<Found>> found = read_sites(loop, at, false, sites.size());
  if (!found) return found.error();
  for (std::size_t i = 1; i < sites.size(); ++i) {
    const Found& f = (*found)[i];
    if (!f.there) return Error{Code::kNotFound, sites[i].id + " is not there after it was loaded"};
    sites[i].initial_count = f.count;
    sites[i].initial_version = f.version;
  }
  return ok_status();
}

LoadCheck check_load(net::Loop& loop, const client::Addresses& at, const std::vector<LoadSite>& sites) {
  LoadCheck check;
  wait_until_equal(loop, at, check);
  for (const ReplicaStatus& replica : check.status) {
    const std::string where = "replica " + std::to_string(replica.replica);
    const Result<std::vector<Found>> found = read_sites(loop, {replica.address}, true, sites.size());
    if (!found) {
      check.fault(where + " cannot be read: " + found.error().message);
      continue;
    }
    for (std::size_t i = 1; i < sites.size(); ++i) compare(check, where, sites[i], (*found)[i]);
    ++check.replicas;
  }
  return check;
}

}  // namespace titer::load
