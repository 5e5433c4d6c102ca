// SPDX-License-Identifier: Apache-2.0

// Random requests against a slow, obvious model of the rules that matter most: what is promised and who may change
// what. The model knows sites as maps and follows each operation as product text would describe it.
#include <algorithm>
#include <map>

#include "base/limits.h"
#include "registry/random_requests.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;
using test::RandomRequests;

struct ModelLine {
  Availability value;
  std::uint32_t version = 0;
  std::int64_t valid_at = 0;
};
struct ModelSite {
  std::string name;
  bool closed = false;
  std::map<std::string, ModelLine> lines;
};

class Model {
 public:
  // What the stock operations must answer, given the sites as they are.
  Code expect(const Operation& operation, std::int64_t now) {
    return std::visit([&](const auto& op) { return run(op, now); }, operation);
  }
  // Takes the sites over from the state: after operations that the model does not follow itself.
  void follow(const State& state) {
    sites.clear();
    ListSites all;
    all.filter.with_closed = true;
    all.limit = 2000;
    ASSERT_TRUE(state.list(all, [&](const Site& s) {
      ModelSite& site = sites[std::string(s.id)];
      site.name = s.name;
      site.closed = s.status == SiteStatus::kClosed;
      for (const StockLine& line : s.stock) {
        site.lines[std::string(line.product)] = {line.availability, line.version, line.valid_at.value};
      }
      return true;
    }));
  }
  bool operator==(const Model& other) const {
    return std::equal(
        sites.begin(), sites.end(), other.sites.begin(), other.sites.end(), [](const auto& a, const auto& b) {
          if (a.first != b.first || a.second.lines.size() != b.second.lines.size()) return false;
          return std::all_of(a.second.lines.begin(), a.second.lines.end(), [&](const auto& line) {
            const auto found = b.second.lines.find(line.first);
            return found != b.second.lines.end() && found->second.value == line.second.value &&
                   found->second.version == line.second.version && found->second.valid_at == line.second.valid_at;
          });
        });
  }
  std::map<std::string, ModelSite> sites;

 private:
  ModelSite* find(const SiteRef& ref) {
    for (auto& [id, site] : sites) {
      if (ref.id.empty() ? site.name == ref.name && !site.closed : id == ref.id) return &site;
    }
    return nullptr;
  }
  Code run(const SetAvailability& op, std::int64_t now) {
    ModelSite* site = find(op.site);
    if (site == nullptr) return Code::kNotFound;
    if (site->closed) return Code::kClosed;
    const auto found = site->lines.find(std::string(op.claim.product));
    const std::uint32_t version = found == site->lines.end() ? 0 : found->second.version;
    if (!op.if_version.allows(version)) return Code::kStaleVersion;
    const std::int64_t valid_at = op.claim.valid_at ? std::min(op.claim.valid_at->value, now) : now;
    if (found != site->lines.end() && op.claim.valid_at && valid_at < found->second.valid_at) {
      return Code::kOutOfDate;
    }
    ModelLine& line = site->lines[std::string(op.claim.product)];
    if (line.version == 0 || line.value != op.claim.availability) ++line.version;
    line.value = op.claim.availability;
    line.valid_at = valid_at;
    return Code::kOk;
  }
  Code count(const SiteRef& ref, std::string_view product, std::int64_t by, std::int64_t now,
             const Precondition& if_version = {}) {
    ModelSite* site = find(ref);
    if (site == nullptr) return Code::kNotFound;
    if (site->closed) return Code::kClosed;
    const auto found = site->lines.find(std::string(product));
    if (found == site->lines.end()) return Code::kNotFound;
    ModelLine& line = found->second;
    if (line.value.kind != Availability::Kind::kCount) return Code::kNotACount;
    if (!if_version.allows(line.version)) return Code::kStaleVersion;
    if (static_cast<std::int64_t>(line.value.count) + by < 0) return Code::kNotEnough;
    if (by == 0) return Code::kOk;
    line.value.count = static_cast<std::uint64_t>(static_cast<std::int64_t>(line.value.count) + by);
    line.valid_at = now;
    ++line.version;
    return Code::kOk;
  }
  Code run(const Adjust& op, std::int64_t now) { return count(op.site, op.product, op.by, now, op.if_version); }
  Code run(const Reserve& op, std::int64_t now) {
    if (op.doses == 0) return Code::kInvalid;
    return count(op.site, op.product, -static_cast<std::int64_t>(op.doses), now, op.if_version);
  }
  Code run(const Release& op, std::int64_t now) {
    if (op.doses == 0) return Code::kInvalid;
    return count(op.site, op.product, static_cast<std::int64_t>(op.doses), now, op.if_version);
  }
  // The rest is followed, not predicted.
  template <typename Op>
  Code run(const Op&, std::int64_t) {
    return Code::kOk;
  }
};

bool predicted(const Operation& op) {
  return std::holds_alternative<SetAvailability>(op) || std::holds_alternative<Adjust>(op) ||
         std::holds_alternative<Reserve>(op) || std::holds_alternative<Release>(op);
}

TEST(RandomRequests, are_answered_as_the_model_says) {
  // Lines that an undo takes away raise the version of their successors, which the model learns only by following.
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Bench b({100, 8000});
    RandomRequests requests(seed);
    Model model;
    for (int step = 0; step < 500; ++step) {
      const Request request = requests.next(b.position, b.now);
      const auto digest = b.state.digest();
      b.apply(request);
      ASSERT_EQ(b.state.time(), WallTime(b.now));
      if (predicted(request.operation)) {
        const Code expected = model.expect(request.operation, b.now);
        ASSERT_EQ(b.out.code, expected) << describe(request, b.out) << ": " << b.out.message;
      }
      if (!b.out.ok() && b.out.code != Code::kOutOfDate) {
        ASSERT_EQ(b.state.digest(), digest) << "a refusal changes nothing: " << describe(request, b.out);
      }
      Model now;
      now.follow(b.state);
      const bool new_line = b.out.has_stock && b.out.before == Availability() && b.out.stock_version > 1;
      if (predicted(request.operation) && !new_line) {
        ASSERT_TRUE(now == model) << describe(request, b.out);
      }
      model = now;
      if (step % 50 == 0) b.check();
    }
    b.check();
  }
}

}  // namespace
}  // namespace titer::registry
