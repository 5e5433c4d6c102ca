// SPDX-License-Identifier: Apache-2.0

// titer reserve SITE [DOSES], titer release SITE [DOSES]
#include "titer/command.h"
#include "titer/write.h"

namespace titer::app {
namespace {

struct Options {
  WriteOptions write;
  std::string site, product = "any";
  std::uint64_t doses = 1;
};

template <typename Operation>
int run(const Options& o) {
  const auto product = product_code(o.product);
  if (!product) return kExitUsage;
  return write_to_site(o.write, o.site, [&](const registry::SiteRef& site) {
    return Operation{site, *product, o.doses};
  });
}

template <typename Operation>
Runner setup(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("site", o->site, "id or name of the site")->required();
  app.add_option("doses", o->doses, "how many")->check(CLI::PositiveNumber)->capture_default_str();
  declare_product(app, o->product);
  o->write.declare(app);
  return [o] { return run<Operation>(*o); };
}

const Registration reserve({Group::kStock, "reserve", "reserve doses: never more than there are",
                            setup<registry::Reserve>});
const Registration release({Group::kStock, "release", "give reserved doses back", setup<registry::Release>});

}  // namespace
}  // namespace titer::app
