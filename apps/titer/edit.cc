// SPDX-License-Identifier: Apache-2.0

// titer edit SITE --field value …
#include "titer/command.h"
#include "titer/write.h"

namespace titer::app::edit_command {
namespace {

struct Options {
  WriteOptions write;
  FieldOptions fields;
  std::string site;
  std::optional<std::string> name, status;
  std::optional<std::uint32_t> if_version;
};

std::optional<registry::SiteStatus> status_of(const std::string& text) {
  for (const auto status :
       {registry::SiteStatus::kActive, registry::SiteStatus::kHidden, registry::SiteStatus::kClosed})
    if (registry::name(status) == text) return status;
  return std::nullopt;
}

int run(const Options& o) {
  registry::SiteFields fields = o.fields.fields();
  if (o.name) fields.name = *o.name;
  if (o.status) fields.status = status_of(*o.status);
  return write_to_site(o.write, o.site, [&](const registry::SiteRef& site) {
    return registry::EditSite{site, fields, o.if_version};
  });
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("site", o->site, "id or name of the site").required();
  flags.option("--name", o->name, "a new name").heading("Fields");
  flags.option("--status", o->status, "active, hidden or closed")
      .one_of({"active", "hidden", "closed"})
      .heading("Fields");
  flags.option("--if-version", o->if_version, "only if the site has this version");
  o->fields.declare(flags);
  flags.footer("A field that is not named stays as it is; an empty one (--phone '') is cleared.");
  o->write.declare(flags);
  return [o] { return run(*o); };
}

const Registration registered({Group::kSites, "edit", "change a site's fields", setup});

}  // namespace
}  // namespace titer::app::edit_command
