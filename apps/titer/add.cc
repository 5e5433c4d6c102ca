// SPDX-License-Identifier: Apache-2.0

// titer add NAME [--zip …]
#include "titer/command.h"
#include "titer/write.h"

namespace titer::app::add_command {
namespace {

struct Options {
  WriteOptions write;
  FieldOptions fields;
  std::string name, id, availability, product = "any";
};

int run(const Options& o) {
  registry::AddSite add;
  add.id = o.id;
  add.fields = o.fields.fields();
  add.fields.name = o.name;
  const auto product = product_code(o.product);
  if (!product) return kExitUsage;
  if (!o.availability.empty()) {
    const auto availability = availability_of(o.availability);
    if (!availability) return kExitUsage;
    add.stock = {.product = *product, .availability = *availability, .valid_at = {}, .source = {}};
  }
  return write(o.write, add);
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("name", o->name, "the site's name, unique among active sites").required();
  flags.option("--id", o->id, "letters, digits, '.' and '-'; without it, made from the name");
  flags.option("--availability", o->availability, "doses, true, false or unknown");
  declare_product(flags, o->product);
  o->fields.declare(flags);
  o->write.declare(flags);
  return [o] { return run(*o); };
}

const Registration registered({Group::kSites, "add", "add a site", setup});

}  // namespace
}  // namespace titer::app::add_command
