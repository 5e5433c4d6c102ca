// SPDX-License-Identifier: Apache-2.0

#include "registry/request.h"

#include <fmt/format.h>

namespace titer::registry {

void Outcome::clear() {
  code = Code::kOk;
  message.clear();
  position = {};
  changed = created = has_stock = false;
  site_id.clear();
  site_version = stock_version = failed_part = 0;
  before = after = {};
  site_name.clear();
  site_zip.clear();
}

namespace {

std::string_view pick(std::string_view a, std::string_view b) { return a.empty() ? b : a; }

// "set", then the site, then what else the operation says.
struct Words {
  std::string_view verb;
  std::string_view site;
  std::string detail;
};

Words words(const AddSite& op) { return {"add", op.fields.name.value_or(op.id), ""}; }
Words words(const EditSite& op) { return {"edit", pick(op.site.name, op.site.id), ""}; }
Words words(const CloseSite& op) { return {"close", pick(op.site.name, op.site.id), ""}; }
Words words(const SetAvailability& op) {
  return {"set", pick(op.site.name, op.site.id),
          fmt::format(" {} = {}", op.claim.product, to_text(op.claim.availability))};
}
Words words(const Adjust& op) {
  return {"adjust", pick(op.site.name, op.site.id), fmt::format(" {} by {:+}", op.product, op.by)};
}
Words words(const Reserve& op) {
  return {"reserve", pick(op.site.name, op.site.id), fmt::format(" {} {}", op.product, op.doses)};
}
Words words(const Release& op) {
  return {"release", pick(op.site.name, op.site.id), fmt::format(" {} {}", op.product, op.doses)};
}
Words words(const Undo& op) { return {"undo", "", fmt::format(" event {}", op.event.value)}; }
Words words(const ImportRow& op) {
  return {"import", pick(op.fields.name.value_or(op.id), op.id),
          op.stock ? fmt::format(" {} = {}", op.stock->product, to_text(op.stock->availability)) : ""};
}
Words words(const Bulk& op) { return {"bulk", "", fmt::format(" of {}", op.operations.size())}; }

Words words(const CreateKey& op) {
  return {"create key", "", fmt::format(" {} of {} as {}", to_text(op.id), op.owner, name(op.role))};
}
Words words(const RevokeKey& op) { return {"revoke key", "", " " + to_text(op.id)}; }
Words words(const SetWriteStop& op) { return {op.stopped ? "stop writes" : "allow writes", "", ""}; }

template <typename Op>
std::string_view id_in(const Op& op) {
  if constexpr (requires { op.site.id; }) return op.site.id;
  if constexpr (requires {
                  op.fields;
                  op.id;
                })
    return op.id;
  return {};
}

}  // namespace

std::string_view asked_id(const Operation& operation) {
  return std::visit([](const auto& op) { return id_in(op); }, operation);
}

std::string describe(const Request& request, const Outcome& outcome) {
  const Words w = std::visit([](const auto& op) { return words(op); }, request.operation);
  std::string out(w.verb);
  const std::string_view site = pick(outcome.site_name, w.site);
  if (!site.empty()) out.append(" ").append(site);
  out += w.detail;
  if (!outcome.ok()) return out + fmt::format(" refused: {}", name(outcome.code));
  if (outcome.created) return out + fmt::format(" (new, id {})", outcome.site_id);
  if (!outcome.changed) return out + " (unchanged)";
  if (outcome.has_stock) {
    out += fmt::format(" (was {}, is {})", to_text(outcome.before), to_text(outcome.after));
  }
  return out;
}

}  // namespace titer::registry
