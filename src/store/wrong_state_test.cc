// SPDX-License-Identifier: Apache-2.0

#include "store/wrong_state.h"

#include <gtest/gtest.h>

#include "registry/request.h"

namespace titer::store {
namespace {

using registry::Availability;

// A state, and short ways to change it.
struct Bench {
  void apply(registry::Operation operation) {
    registry::Request request;
    request.operation = std::move(operation);
    registry::Outcome out;
    state.apply(request, Position(++position), WallTime(1'700'000'000'000), out);
    EXPECT_TRUE(out.ok()) << out.message;
  }
  void add(const std::string& name) {
    registry::AddSite add;
    add.fields.name = name;
    apply(add);
  }
  void set(std::string_view id, std::uint64_t doses) {
    registry::SetAvailability set;
    set.site.id = id;
    set.claim.product = registry::kAnyProduct;
    set.claim.availability = Availability::of(doses);
    apply(set);
  }
  registry::State state;
  std::uint64_t position = 0;
};

Bench ten_sites() {
  Bench bench;
  for (int i = 0; i < 10; ++i) bench.add("site " + std::to_string(i));
  return bench;
}

std::string compared(const Bytes& digests, const registry::State& state) {
  auto wrong = WrongState::from(digests);
  EXPECT_TRUE(wrong);
  for (;;)
    if (const auto sentence = wrong->compare(state, 3)) return *sentence;
}

TEST(WrongState, names_the_sites_that_differ) {
  Bench wrong = ten_sites(), right = ten_sites();
  wrong.set("site-3", 99);
  wrong.set("site-7", 99);
  right.set("site-1", 99);
  right.set("site-1", 98);
  const std::string sentence = compared(WrongState::digests_of(wrong.state), right.state);
  EXPECT_NE(sentence.find("and 3 of these differ: site-1, site-3, site-7"), std::string::npos) << sentence;
}

TEST(WrongState, does_not_compare_what_has_changed_since) {
  Bench wrong = ten_sites(), right = ten_sites();
  wrong.set("site-3", 99);
  right.set("site-5", 1);
  right.set("site-4", 1);  // after the position of the wrong one
  const std::string sentence = compared(WrongState::digests_of(wrong.state), right.state);
  EXPECT_NE(sentence.find("9 have not changed since, and 2 of these differ: site-3, site-5"), std::string::npos)
      << sentence;
}

TEST(WrongState, says_so_when_no_site_differs) {
  const Bench wrong = ten_sites(), right = ten_sites();
  EXPECT_NE(compared(WrongState::digests_of(wrong.state), right.state).find("none of these differ"),
            std::string::npos);
}

TEST(WrongState, that_is_malformed_is_refused) {
  const Bench bench = ten_sites();
  Bytes digests = WrongState::digests_of(bench.state);
  for (std::size_t size = 0; size < digests.size(); ++size)
    EXPECT_FALSE(WrongState::from(ByteView(digests).first(size)));
  digests[12] = digests[13] = digests[14] = digests[15] = std::byte{0};  // ranges of no site
  EXPECT_FALSE(WrongState::from(digests));
}

}  // namespace
}  // namespace titer::store
