// SPDX-License-Identifier: Apache-2.0

// titer history [SITE]
#include <cstdio>

#include "client/gateway_client.h"
#include "client/read.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/text.h"

namespace titer::app::history_command {
namespace {

struct Options {
  At at;
  std::string site;
  bool json = false;
  std::uint64_t limit = 100, before = 0;
};

Status show_events(client::GatewayClient& client, const Options& o, std::optional<registry::SiteRef> site) {
  JsonArray array(o.json);
  const Status done = client::history(client, {.site = site, .before = Position(o.before)}, o.limit,
                                      [&](const registry::Event& event) {
                                        if (o.json)
                                          array.add(to_json(event));
                                        else
                                          std::printf("%s\n", one_line(event).c_str());
                                        return !client.interrupted();
                                      });
  if (done.ok()) array.close();
  return done;
}

int show(client::GatewayClient& client, const Options& o) {
  const Status done =
      o.site.empty()
          ? show_events(client, o, std::nullopt)
          : by_id_or_name(o.site, [&](const registry::SiteRef& ref) { return show_events(client, o, ref); });
  return done.ok() ? kExitOk : fail(done.error());
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("site", o->site, "id or name; without it, all sites");
  flags.option("--limit", o->limit, "at most this many events").positive().show_default();
  flags.option("--before", o->before, "only events before this position");
  flags.flag("--json", o->json, "as a JSON array");
  o->at.declare(flags);
  return [o] { return with_client(o->at, [&](client::GatewayClient& client) { return show(client, *o); }); };
}

const Registration registered({Group::kFiles, "history", "show what happened, newest first", setup});

}  // namespace
}  // namespace titer::app::history_command
