// SPDX-License-Identifier: Apache-2.0

#include "sim/workload.h"

#include <fmt/format.h>

#include "wire/codec.h"

namespace titer::sim {

namespace {

using registry::Availability;

// Requests whose results are compared come from the machine's operator, who needs no key.
Bytes body_of(registry::Operation operation, registry::KeyId key = registry::kMachine,
              std::string_view idempotency_key = {}) {
  registry::Request request;
  request.idempotency_key = idempotency_key;
  request.operation = std::move(operation);
  request.actor = "sim";
  request.key = key;
  Bytes body;
  wire::encode_request(body, request);
  return body;
}

// Keys come and go, by a number that was drawn for something else: what else a seed brings stays as it was.
Asked key_write(std::uint64_t chance) {
  const registry::KeyId id(1 + chance % 6);
  if (chance % 3 == 0) return {body_of(registry::RevokeKey{id}), {}};
  registry::CreateKey key;
  key.id = id;
  key.owner = "owner";
  key.role = chance % 2 == 0 ? registry::Role::kOperator : registry::Role::kProvider;
  if (key.role == registry::Role::kProvider) key.scope = {"x1", "x2"};
  return {body_of(key), {}};
}

// A site and two of its stock lines at once, the second of which may be refused, and with it all.
Asked bulk_write(Scene& scene, const std::string& id, std::uint64_t chance, registry::KeyId key) {
  scene.hit(CoverageMark::kBulk);
  registry::Bulk bulk;
  registry::ImportRow row;
  row.id = id;
  row.fields.name = id;
  row.fields.zip = chance % 2 == 0 ? "02138" : "90210";
  row.stock = registry::StockClaim{registry::kAnyProduct, Availability::of(chance % 9), {}, "bulk"};
  bulk.operations.emplace_back(row);
  bulk.operations.emplace_back(registry::Reserve{{id, {}}, registry::kAnyProduct, 1 + chance % 4});
  return {body_of(bulk, key), {}};
}

// A change of one of the sites that are not compared: new ones, more text, another value, several at once, back to what it
// was. By nobody, by somebody with a key, or by the machine's operator.
Asked other_write(Scene& scene) {
  const std::string id =
      fmt::format("x{}", scene.random.below(static_cast<std::uint64_t>(scene.plan.other_sites) * 2));
  const std::uint64_t chance = scene.random.below(1000);
  const std::string text = fmt::format("{} Main Street", chance);
  const registry::KeyId key = chance % 2 == 0 ? registry::kMachine : registry::KeyId(chance % 7);
  const std::uint64_t kind = scene.random.below(3);
  if (chance % 5 == 0 && kind < 2) return key_write(chance / 5);
  if (chance % 7 == 1) return bulk_write(scene, id, chance / 7, key);
  if (chance % 7 == 2 && scene.undoable != Position()) {
    scene.hit(CoverageMark::kUndone);
    return {body_of(registry::Undo{scene.undoable}, key), {}};
  }
  switch (kind) {
    case 0: {
      registry::ImportRow row;
      row.id = id;
      row.fields.name = id;
      row.fields.street = text;
      // With a key that another request had; where time may leap, that one may be forgotten.
      const bool reuses = chance % 3 == 0 && key == registry::kMachine && scene.plan.mean(Fault::kWallFar) == 0;
      return {body_of(row, key, reuses ? scene.used_key : std::string()), {}};
    }
    case 1: {
      registry::EditSite edit;
      edit.site.id = id;
      edit.fields.street = text;
      return {body_of(edit, key), {}};
    }
    default: {
      registry::SetAvailability set;
      set.site.id = id;
      set.claim.product = "208";
      set.claim.availability = Availability::of(scene.random.below(50));
      return {body_of(set, key), {}};
    }
  }
}

}  // namespace

std::string idempotency_key(ByteView body) {
  const auto request = wire::decode_request(body);
  return request.ok() ? std::string(request->idempotency_key) : std::string();
}

std::string compared_site(std::uint64_t n) { return fmt::format("s{}", n); }

Asked add_site(const std::string& id) {
  registry::AddSite add;
  add.id = id;
  add.fields.name = id;
  return {body_of(add), {}};
}

Asked random_write(Scene& scene) {
  Random& random = scene.random;
  if (scene.plan.other_sites > 0 && random.chance(.2)) return other_write(scene);
  check::Op op;
  op.site = compared_site(random.below(static_cast<std::uint64_t>(scene.plan.sites)));
  const registry::SiteRef site{op.site, {}};
  const auto amount = static_cast<std::int64_t>(1 + random.below(5));
  if (random.chance(.1)) op.if_version = static_cast<std::uint32_t>(random.below(4));
  // Every third has an idempotency key. No number is drawn for it, so a seed brings what it brought without them.
  const std::string key =
      scene.history.size() % 3 == 0 ? fmt::format("{}-{}", scene.history.size(), scene.time.now()) : std::string();
  const auto keyed = [&key](registry::Operation one) { return body_of(std::move(one), registry::kMachine, key); };
  Asked asked;
  switch (random.below(6)) {
    case 0:
    case 1: {
      op.kind = check::OpKind::kSet;
      op.value = random.chance(.1) ? Availability::yes() : Availability::of(random.below(40));
      registry::SetAvailability set;
      set.site = site;
      set.claim.availability = op.value;
      set.if_version = op.if_version;
      asked.body = keyed(set);
      break;
    }
    case 2: {
      op.kind = check::OpKind::kAdjust;
      op.amount = random.chance(.5) ? amount : -amount;
      asked.body = keyed(registry::Adjust{site, registry::kAnyProduct, op.amount, op.if_version});
      break;
    }
    case 3:
    case 4: {
      op.kind = check::OpKind::kReserve;
      op.amount = amount;
      op.if_version.reset();
      asked.body = keyed(registry::Reserve{site, registry::kAnyProduct, static_cast<std::uint64_t>(amount)});
      break;
    }
    default: {
      op.kind = check::OpKind::kRelease;
      op.amount = amount;
      op.if_version.reset();
      asked.body = keyed(registry::Release{site, registry::kAnyProduct, static_cast<std::uint64_t>(amount)});
      break;
    }
  }
  asked.op = std::move(op);
  return asked;
}

Asked read_of(const std::string& site) {
  Asked asked;
  wire::encode_query(asked.body, registry::GetSite{{site, {}}});
  check::Op op;
  op.site = site;
  op.kind = check::OpKind::kRead;
  asked.op = std::move(op);
  return asked;
}

Asked random_read(Scene& scene) {
  return read_of(compared_site(scene.random.below(static_cast<std::uint64_t>(scene.plan.sites))));
}

void take_outcome(const registry::Outcome& outcome, check::Op& op) {
  op.code = outcome.code;
  if (outcome.has_stock) op.shown = check::Shown{outcome.before, outcome.after, outcome.stock_version};
}

bool take_rows(ByteView rows, check::Op& op) {
  ByteReader in(rows);
  (void)in.u8();  // more
  const registry::Site site = wire::decode_site(in);
  if (!in.done()) return false;
  for (const registry::StockLine& line : site.stock)
    if (line.product == op.product) op.shown = check::Shown{line.availability, line.availability, line.version};
  return true;
}

}  // namespace titer::sim
