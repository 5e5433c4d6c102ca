// SPDX-License-Identifier: Apache-2.0

// titer reserve SITE [DOSES], titer release SITE [DOSES]
#include "titer/command.h"
#include "titer/write.h"

namespace titer::app::reserve_command {
namespace {

struct Options {
  WriteOptions write;
  std::string site, product = "any";
  std::uint64_t doses = 1;
  std::optional<std::uint32_t> if_version;
};

template <typename Operation>
int run(const Options& o) {
  const auto product = product_code(o.product);
  if (!product) return kExitUsage;
  return write_to_site(o.write, o.site, [&](const registry::SiteRef& site) {
    return Operation{site, *product, o.doses, o.if_version};
  });
}

template <typename Operation>
Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("site", o->site, "id or name of the site").required();
  flags.option("doses", o->doses, "number of doses").positive().show_default();
  declare_product(flags, o->product);
  flags.option("--if-version", o->if_version, "only if the stock line has this version");
  o->write.declare(flags);
  return [o] { return run<Operation>(*o); };
}

const Registration registered({Group::kStock, "reserve", "reserve doses: never more than there are",
                               setup<registry::Reserve>});
const Registration kReleaseRegistered({Group::kStock, "release", "return reserved doses",
                                       setup<registry::Release>});

}  // namespace
}  // namespace titer::app::reserve_command
