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
  Error why{Code::kNotFound, "no site has the id or name '" + o.site + "'; `titer list` shows all"};
  const Code code = by_id_or_name(o.site, [&](const registry::SiteRef& ref) {
    const Status got = client::get_site(remote.client(), ref, [&](const registry::Site& site) {
      if (o.json)
        print_line(to_json(site));
      else
        print_site(site);
      return true;
    });
    if (got.ok()) return Code::kOk;
    if (got.error().code != Code::kNotFound) why = got.error();
    return got.error().code;
  });
  return code == Code::kOk ? kExitOk : fail(why);
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
