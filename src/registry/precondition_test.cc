// SPDX-License-Identifier: Apache-2.0

#include "registry/precondition.h"

#include <gtest/gtest.h>

#include <vector>

namespace titer::registry {
namespace {

using Versions = std::vector<std::uint32_t>;

// All forms over the versions 0 to 3: what is allowed is what a set says.
std::vector<Precondition> all_forms() {
  std::vector<Precondition> out;
  for (unsigned mask = 0; mask < 16; ++mask) {
    Versions versions;
    for (std::uint32_t v = 4; v-- > 0;)
      if ((mask >> v & 1) != 0) versions.insert(versions.end(), 2, v);  // unsorted, and twice
    out.push_back(Precondition::one_of(versions).value());
    out.push_back(Precondition::none_of(versions).value());
    for (std::uint32_t v = 0; v < 5; ++v) {
      const bool named = v < 4 && (mask >> v & 1) != 0;
      EXPECT_EQ(out[out.size() - 2].allows(v), named) << mask << ' ' << v;
      EXPECT_EQ(out.back().allows(v), !named) << mask << ' ' << v;
    }
  }
  return out;
}

TEST(Precondition, BothOfTwoAllowsWhatEachAllows) {
  const auto forms = all_forms();
  for (const Precondition& a : forms)
    for (const Precondition& b : forms) {
      const auto both = Precondition::both(a, b);
      ASSERT_TRUE(both.has_value());
      for (std::uint32_t v = 0; v < 5; ++v) EXPECT_EQ(both->allows(v), a.allows(v) && b.allows(v));
    }
}

TEST(Precondition, TheShortFormsAreSets) {
  EXPECT_TRUE(Precondition().always());
  EXPECT_TRUE(Precondition(std::optional<std::uint32_t>()).always());
  EXPECT_FALSE(Precondition::exists().allows(0));
  EXPECT_TRUE(Precondition::exists().allows(1));
  EXPECT_FALSE(Precondition::never().allows(0));
  EXPECT_EQ(Precondition(7U), Precondition::one_of(Versions{7, 7}).value());
  EXPECT_EQ(Precondition(7U).only(), 7U);
  EXPECT_EQ(Precondition::exists().only(), std::nullopt);
}

TEST(Precondition, ItsEndIsAClearRefusal) {
  EXPECT_TRUE(Precondition::one_of(Versions{1, 2, 3, 4, 5, 6, 7, 8, 8}).has_value());
  EXPECT_FALSE(Precondition::one_of(Versions{1, 2, 3, 4, 5, 6, 7, 8, 9}).has_value());
  EXPECT_FALSE(Precondition::both(Precondition::none_of(Versions{1, 2, 3, 4, 5}).value(),
                                  Precondition::none_of(Versions{6, 7, 8, 9}).value())
                   .has_value());
}

}  // namespace
}  // namespace titer::registry
