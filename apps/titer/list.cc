// SPDX-License-Identifier: Apache-2.0

// titer list
#include <cstdio>

#include "client/gateway_client.h"
#include "client/read.h"
#include "net/loop.h"
#include "registry/state.h"
#include "titer/command.h"
#include "titer/site_table.h"
#include "titer/write.h"

namespace titer::app::list_command {
namespace {

struct Options {
  At at;
  std::string zip, state, product, text, updated_since;
  bool available = false, expired = false, closed = false, json = false, explain = false;
  std::uint64_t limit = 0;
};

constexpr std::uint64_t kSitesTogether = 500;  // are printed at once, in columns of one width

int show(client::GatewayClient& client, const Options& o, const registry::SiteFilter& filter) {
  Table table = site_table(false);
  JsonArray array(o.json);
  registry::ListSites query;
  query.filter = filter;
  query.explain = o.explain;
  registry::Explanation looked_at;
  std::uint64_t sites = 0;
  // A page at a time is in memory, and goes out before the next one is asked for.
  const auto add = [&](const registry::Site& site) {
    if (o.json)
      array.add(to_json(site));
    else
      add_rows(table, site, "", filter.products);
    if (++sites % kSitesTogether != 0) return !client.interrupted();
    if (!o.json) table.print();
    return std::fflush(stdout) == 0 && !client.interrupted();
  };
  const Status done = client::list_sites(client, query, o.limit == 0 ? UINT64_MAX : o.limit, add, &looked_at);
  if (!done) return fail(done.error());
  array.close();
  if (!o.json && table.rows() > 0) table.print();
  if (!o.json && table.rows() == 0) complain("no site fits");
  if (o.explain) complain(one_line(looked_at));
  return kExitOk;
}

int run(const Options& o) {
  registry::SiteFilter filter;
  const auto products = products_asked(o.product);
  const auto since = time_of(o.updated_since, "--updated-since");
  if (!products || !since) return kExitUsage;
  filter.zip = o.zip;
  filter.state = o.state;
  filter.products.assign(products->begin(), products->end());
  filter.text = o.text;
  filter.available_only = o.available;
  if (!o.expired) filter.claimed_since = registry::not_expired_since(net::wall_now());
  filter.with_closed = o.closed;
  filter.updated_since = *since;
  return with_client(o.at, [&](client::GatewayClient& client) { return show(client, o, filter); });
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("text", o->text, "part of the name");
  flags.option("--zip", o->zip, "only this ZIP code");
  flags.option("--state", o->state, "only this state (two letters)");
  flags.option("--product", o->product, kProductAsked);
  flags.flag("--available", o->available, "only stock that is available");
  flags.flag("--expired", o->expired, kExpiredAsked);
  flags.flag("--closed", o->closed, "include closed and hidden sites");
  flags.option("--updated-since", o->updated_since, "only sites updated since this time");
  flags.option("--limit", o->limit, "at most this many sites").positive();
  flags.flag("--json", o->json, "as a JSON array");
  flags.flag("--explain", o->explain, kExplainAsked);
  o->at.declare(flags);
  return [o] { return run(*o); };
}

const Registration registered({Group::kSites, "list", "list sites and their stock", setup});

}  // namespace
}  // namespace titer::app::list_command
