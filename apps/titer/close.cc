// SPDX-License-Identifier: Apache-2.0

// titer close SITE
#include "titer/command.h"
#include "titer/write.h"

namespace titer::app::close_command {
namespace {

struct Options {
  WriteOptions write;
  std::string site;
  std::optional<std::uint32_t> if_version;
};

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("site", o->site, "id or name of the site").required();
  flags.option("--if-version", o->if_version, "only if the site has this version");
  o->write.declare(flags);
  return [o] {
    return write_to_site(o->write, o->site, [&](const registry::SiteRef& site) {
      return registry::CloseSite{site, o->if_version};
    });
  };
}

const Registration registered({Group::kSites, "close", "close a site: it is kept, but no longer listed", setup});

}  // namespace
}  // namespace titer::app::close_command
