// SPDX-License-Identifier: Apache-2.0

// titer view SITE
#include "client/gateway_client.h"
#include "client/read.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/site_table.h"

namespace titer::app::view_command {
namespace {

struct Options {
  At at;
  std::string site;
  bool json = false;
};

int show(client::GatewayClient& client, const Options& o) {
  const Status done = by_id_or_name(o.site, [&](const registry::SiteRef& ref) {
    return client::get_site(client, ref, [&](const registry::Site& site) {
      if (o.json)
        print_line(to_json(site));
      else
        print_site(site);
      return true;
    });
  });
  return done.ok() ? kExitOk : fail(done.error());
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("site", o->site, "id or name of the site").required();
  flags.flag("--json", o->json, "as a JSON object");
  o->at.declare(flags);
  return [o] { return with_client(o->at, [&](client::GatewayClient& client) { return show(client, *o); }); };
}

const Registration registered({Group::kSites, "view", "show one site with its stock", setup});

}  // namespace
}  // namespace titer::app::view_command
