// SPDX-License-Identifier: Apache-2.0

#include "store/wrong_tables.h"

#include <gtest/gtest.h>

#include "machine/testing.h"

namespace titer::store {
namespace {

using machine::FrameMaker;
using machine::Machine;

// A machine, and requests to it, each of a session of its own, with an idempotency key.
struct TablesBench {
  void execute(registry::Request request) {
    const std::string key = "key-" + std::to_string(++session);
    request.idempotency_key = key;
    make.add(session, 1, request);
    machine.execute(make.frame(), nullptr);
  }
  void add_sites(int count) {
    for (int i = 0; i < count; ++i) {
      const std::string id = "site-" + std::to_string(session);
      execute(machine::add_site(id, id));
    }
  }
  FrameMaker make;
  Machine machine;
  std::uint64_t session = 0;
};

TablesBench forty_sites() {
  TablesBench bench;
  bench.add_sites(40);
  return bench;
}

std::string compared_tables(const Bytes& digests, const Machine& machine) {
  auto wrong = WrongTables::from(digests);
  EXPECT_TRUE(wrong);
  for (;;)
    if (const auto sentence = wrong->compare(machine)) return *sentence;
}

TEST(WrongTables, nothing_differs_between_equal_states_though_one_has_gone_on) {
  const TablesBench wrong = forty_sites();
  TablesBench right = forty_sites();
  right.add_sites(20);
  EXPECT_EQ(compared_tables(WrongTables::digests_of(wrong.machine), right.machine),
            "of 40 ranges of the history that have not changed since, 0 differ; of 40 ranges of the sessions that "
            "have not "
            "changed since, 0 differ; of 40 ranges of the idempotency keys that have not changed since, 0 differ; "
            "the keys "
            "and switches do not differ");
}

TEST(WrongTables, what_differs_is_named) {
  TablesBench wrong = forty_sites(), right = forty_sites();
  wrong.execute(machine::set("site-3", 7));
  right.execute(machine::set("site-3", 8));
  const std::string sentence = compared_tables(WrongTables::digests_of(wrong.machine), right.machine);
  for (const char* part : {"of 41 ranges of the history that have not changed since, 1 differ",
                           "of 41 ranges of the sessions that have not changed since, 1 differ",
                           "of 41 ranges of the idempotency keys that have not changed since, 1 differ"})
    EXPECT_NE(sentence.find(part), std::string::npos) << sentence;
}

TEST(WrongTables, what_differs_in_the_excess_of_a_busy_key_is_named_too) {
  TablesBench wrong = forty_sites(), right = forty_sites();
  for (TablesBench* bench : {&wrong, &right}) {
    machine::fill_excess(bench->machine, bench->make, 1'000);
    registry::Request last = machine::set("busy", bench == &wrong ? 7 : 8);
    last.key = machine::kBusyKey;
    const Position before = bench->machine.position();
    bench->execute(last);
    Bytes excess;
    (void)bench->machine.registry().write_events(registry::Lane::kExcess, before, std::size_t{1} << 20, excess);
    ASSERT_FALSE(excess.empty());
  }
  const std::string sentence = compared_tables(WrongTables::digests_of(wrong.machine), right.machine);
  EXPECT_NE(sentence.find(" ranges of the history that have not changed since, 1 differ"), std::string::npos)
      << sentence;
  TablesBench equal = forty_sites();
  machine::fill_excess(equal.machine, equal.make, 1'000);
  const Bytes digests = WrongTables::digests_of(equal.machine);
  EXPECT_NE(compared_tables(digests, equal.machine).find(" of the history that have not changed since, 0 differ"),
            std::string::npos);
}

TEST(WrongTables, a_session_that_was_used_since_is_not_compared) {
  const TablesBench wrong = forty_sites();
  TablesBench right = forty_sites();
  right.make.add(5, 2, machine::set("site-3", 8));
  right.machine.execute(right.make.frame(), nullptr);
  EXPECT_NE(compared_tables(WrongTables::digests_of(wrong.machine), right.machine)
                .find("of 39 ranges of the sessions that have not changed since, 0 differ"),
            std::string::npos);
}

TEST(WrongTables, that_are_malformed_are_refused) {
  const Bytes digests = WrongTables::digests_of(forty_sites().machine);
  for (std::size_t size = 0; size < digests.size(); ++size)
    EXPECT_FALSE(WrongTables::from(ByteView(digests).first(size)));
  Bytes longer = digests;
  longer.push_back(std::byte{0});
  EXPECT_FALSE(WrongTables::from(longer));
}

}  // namespace
}  // namespace titer::store
