// SPDX-License-Identifier: Apache-2.0

// titer history [SITE]
#include "titer/history.h"

#include <cstdio>

#include "client/gateway_client.h"
#include "client/read.h"
#include "titer/text.h"

namespace titer::app {

void HistoryOptions::declare(Flags& flags) {
  flags.option("--limit", limit, "at most this many events").positive().show_default();
  flags.option("--before", before, "only events before this position");
  flags.flag("--json", json, "as a JSON array");
  at.declare(flags);
}

Status show_events(client::GatewayClient& client, const HistoryOptions& options, registry::History query) {
  JsonArray array(options.json);
  query.before = Position(options.before);
  const auto shown = client::history(client, query, options.limit, [&](const registry::Event& event) {
    if (options.json)
      array.add(to_json(event));
    else
      std::printf("%s\n", one_line(event).c_str());
    return !client.interrupted();
  });
  if (!shown) return shown.error();
  array.close();
  if (shown->removed != Position() && !shown->more)
    std::fprintf(stderr, "titer: older events were removed: up to position %llu some or all are missing\n",
                 static_cast<unsigned long long>(shown->removed.value));
  return ok_status();
}

namespace history_command {
namespace {

struct Options {
  HistoryOptions history;
  std::string site;
};

int show(client::GatewayClient& client, const Options& o) {
  const Status done = o.site.empty() ? show_events(client, o.history, {})
                                     : by_id_or_name(o.site, [&](const registry::SiteRef& ref) {
                                         registry::History query;
                                         query.site = ref;
                                         return show_events(client, o.history, query);
                                       });
  return done.ok() ? kExitOk : fail(done.error());
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("site", o->site, "id or name; without it, all sites");
  o->history.declare(flags);
  return
      [o] { return with_client(o->history.at, [&](client::GatewayClient& client) { return show(client, *o); }); };
}

const Registration registered({Group::kFiles, "history", "show changes, newest first", setup});

}  // namespace
}  // namespace history_command
}  // namespace titer::app
