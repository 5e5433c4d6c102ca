// titer reserve SITE [DOSES]
#include "titer/command.h"
#include "titer/write.h"

namespace titer::app {
namespace {

struct Options {
  WriteOptions write;
  std::string site, product = "any";
  std::uint64_t doses = 1;
};

int run(const Options& o) {
  const auto product = product_code(o.product);
  if (!product) return kExitUsage;
  return write_to_site(o.write, o.site, [&](const registry::SiteRef& site) {
    return registry::Reserve{site, *product, o.doses};
  });
}

Runner setup(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("site", o->site, "id or name of the site")->required();
  app.add_option("doses", o->doses, "how many")->check(CLI::PositiveNumber)->capture_default_str();
  declare_product(app, o->product);
  o->write.declare(app);
  return [o] { return run(*o); };
}

const Registration registered({Group::kStock, "reserve", "reserve doses: never more than there are", setup});

}  // namespace
}  // namespace titer::app
