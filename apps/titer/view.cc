// SPDX-License-Identifier: Apache-2.0

// titer view SITE
#include "client/read.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/site_table.h"

namespace titer::app {
namespace {

struct Options {
  At at;
  std::string site;
  bool json = false;
};

int show(Remote& remote, const Options& o) {
  const Status done = by_id_or_name(o.site, [&](const registry::SiteRef& ref) {
    return client::get_site(remote.client(), ref, [&](const registry::Site& site) {
      if (o.json)
        print_line(to_json(site));
      else
        print_site(site);
      return true;
    });
  });
  return done.ok() ? kExitOk : fail(done.error());
}

Runner setup(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("site", o->site, "id or name of the site")->required();
  app.add_flag("--json", o->json, "as a JSON object");
  o->at.declare(app);
  return [o] { return with_remote(o->at, [&](Remote& remote) { return show(remote, *o); }); };
}

const Registration registered({Group::kSites, "view", "show one site with its stock", setup});

}  // namespace
}  // namespace titer::app
