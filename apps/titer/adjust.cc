// SPDX-License-Identifier: Apache-2.0

// titer adjust SITE BY
#include "titer/command.h"
#include "titer/write.h"

namespace titer::app::adjust_command {
namespace {

struct Options {
  WriteOptions write;
  std::string site, product = "any";
  std::int64_t by = 0;
  std::optional<std::uint32_t> if_version;
};

int run(const Options& o) {
  const auto product = product_code(o.product);
  if (!product) return kExitUsage;
  return write_to_site(o.write, o.site, [&](const registry::SiteRef& site) {
    return registry::Adjust{site, *product, o.by, o.if_version};
  });
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("site", o->site, "id or name of the site").required();
  flags.option("by", o->by, "doses to add, or to subtract if negative; the count never falls below 0").required();
  declare_product(flags, o->product);
  flags.option("--if-version", o->if_version, "only if the stock line has this version");
  o->write.declare(flags);
  return [o] { return run(*o); };
}

const Registration registered({Group::kStock, "adjust", "add doses to a count, or subtract them", setup});

}  // namespace
}  // namespace titer::app::adjust_command
