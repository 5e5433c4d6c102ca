// SPDX-License-Identifier: Apache-2.0

// titer set SITE AVAILABILITY
#include "titer/command.h"
#include "titer/write.h"

namespace titer::app::set_command {
namespace {

struct Options {
  WriteOptions write;
  std::string site, availability, product = "any", valid_at, source;
  std::optional<std::uint32_t> if_version;
};

int run(const Options& o) {
  const auto product = product_code(o.product);
  const auto availability = availability_of(o.availability);
  const auto valid_at = time_of(o.valid_at, "--valid-at");
  if (!product || !availability || !valid_at) return kExitUsage;
  return write_to_site(o.write, o.site, [&](const registry::SiteRef& site) {
    return registry::SetAvailability{
        site,
        {.product = *product, .availability = *availability, .valid_at = *valid_at, .source = o.source},
        o.if_version};
  });
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("site", o->site, "id or name of the site").required();
  flags.option("availability", o->availability, "doses (a whole number), true, false or unknown").required();
  declare_product(flags, o->product);
  flags.option("--valid-at", o->valid_at, "when this was true; refused if older than what is stored");
  flags.option("--source", o->source, "origin of the value, such as the name of a feed");
  flags.option("--if-version", o->if_version,
               "only if the stock line has this version (0: only if it does not exist)");
  o->write.declare(flags);
  return [o] { return run(*o); };
}

const Registration registered({Group::kStock, "set", "log the availability of a product at a site", setup});

}  // namespace
}  // namespace titer::app::set_command
