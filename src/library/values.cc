// SPDX-License-Identifier: Apache-2.0

// The functions of result.h and types.h.
#include <titer/types.h>

#include <algorithm>

#include "base/result.h"
#include "registry/product_text.h"
#include "registry/products.h"
#include "registry/types.h"

namespace TITER_NAMESPACE {

std::string_view name(Code code) { return titer::name(static_cast<titer::Code>(code)); }

std::string_view name(ChangeKind kind) { return registry::name(static_cast<registry::EventKind>(kind)); }

std::string to_text(const Availability& availability) {
  return registry::to_text(
      registry::Availability{static_cast<registry::Availability::Kind>(availability.kind), availability.count});
}

std::optional<Product> find_product(std::string_view code) {
  const auto cvx = registry::vaccine_of(registry::read_product(code).code);
  const auto found = cvx ? registry::find_product(*cvx) : std::nullopt;
  if (!found) return std::nullopt;
  Product out;
  out.code = found->cvx;
  out.name = found->name;
  out.active = found->active;
  for (std::string_view rest = found->groups; !rest.empty();) {
    const std::size_t bar = std::min(rest.find('|'), rest.size());
    if (bar > 0) out.groups.emplace_back(rest.substr(0, bar));
    rest.remove_prefix(std::min(bar + 1, rest.size()));
  }
  return out;
}

}  // namespace TITER_NAMESPACE
