// SPDX-License-Identifier: Apache-2.0

// What a disk keeps, and what a directory says about itself (docs/explanation/protocol.md §7).
#include "sim/disk.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/workload.h"
#include "smr/request_batch.h"

namespace titer::sim {
namespace {

constexpr TransmitterId kWriter(1);  // a member

Plan plan_of(std::uint64_t seed) {
  Plan plan(seed);
  plan.durable = true;
  plan.sync_us = 1'000;
  return plan;
}

smr::ViewRecord view_of(std::uint64_t number, std::vector<std::uint64_t> incarnations) {
  smr::ViewRecord view{ViewNumber(number), {}, {}};
  for (std::uint16_t i = 0; i < incarnations.size(); ++i)
    if (incarnations[i] != 0) view.members.push_back({ReplicaId(i), Incarnation(incarnations[i]), ""});
  return view;
}

smr::FramePtr frame(std::uint64_t view, std::uint64_t seq, std::uint32_t count = 1) {
  auto f = std::make_shared<smr::Frame>();
  f->view = ViewNumber(view);
  f->transmitter = kWriter;
  f->seq = Seq(seq);
  f->ts = LamportTime(10 * seq);
  f->count = count;
  if (count == 0) return f;
  Bytes batch;
  const Asked asked = add_site("clinic-" + std::to_string(seq));
  smr::append_request(batch, {SessionId(1), RequestNumber(seq), asked.body});
  f->requests = std::make_shared<const Bytes>(std::move(batch));
  return f;
}

class Owner final : public DiskOwner {
 public:
  std::vector<std::uint64_t> tickets;
  std::vector<Seq> forgot;
  int tables = 0;
  bool failed = false;
  void persisted(std::uint64_t ticket) override { tickets.push_back(ticket); }
  void tables_written() override { ++tables; }
  void forgotten(const smr::Frame& frame) override { forgot.push_back(frame.seq); }
  void disk_failed() override { failed = true; }
  [[nodiscard]] bool may_fail() const override { return true; }
};

struct Desk {
  explicit Desk(std::uint64_t seed = 3) : stage(plan_of(seed), nullptr) {
    directory->bootstrap(view_of(0, {100, 101}));
  }
  void pass(Time length) {
    for (const Time until = stage.time.now() + length; stage.time.step(until);) continue;
  }
  void append(std::uint64_t ticket, std::uint32_t count = 1) {
    disk.append(ticket, frame(0, ticket, count));
    disk.commit(false);
  }
  // How many frames are there after a restart.
  [[nodiscard]] std::size_t found() const {
    auto read = directory->read();
    EXPECT_TRUE(read.ok()) << read.error().message;
    return read ? read->recovered.frames.size() : 0;
  }

  Stage stage;
  Owner owner;
  std::shared_ptr<Directory> directory = std::make_shared<Directory>(ReplicaId(1));
  Disk disk{stage, owner, directory};
};

TEST(Disk, what_comes_during_a_sync_goes_into_the_next) {
  Desk desk;
  for (std::uint64_t ticket = 1; ticket <= 5; ++ticket) desk.append(ticket);
  desk.pass(1'000'000);
  EXPECT_EQ(desk.owner.tickets, (std::vector<std::uint64_t>{1, 5}));
  EXPECT_EQ(desk.found(), 5U);
}

TEST(Disk, a_frame_without_requests_waits_for_company_but_not_for_long) {
  Desk desk;
  desk.append(1, 0);
  desk.pass(2'000);
  EXPECT_TRUE(desk.owner.tickets.empty());
  desk.append(2);
  desk.pass(2'000);
  EXPECT_EQ(desk.owner.tickets, (std::vector<std::uint64_t>{2}));
  desk.append(3, 0);
  desk.pass(1'000'000);
  EXPECT_EQ(desk.owner.tickets, (std::vector<std::uint64_t>{2, 3}));
}

TEST(Disk, a_frame_that_somebody_waits_for_does_not_wait) {
  Desk desk;
  desk.append(1, 0);
  desk.disk.commit(true);
  desk.pass(2'000);
  EXPECT_EQ(desk.owner.tickets, (std::vector<std::uint64_t>{1}));
}

TEST(Disk, a_crash_keeps_what_was_synced_and_any_beginning_of_the_rest) {
  std::vector<bool> seen(4);
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Desk desk(seed);
    desk.append(1);
    desk.pass(1'000'000);
    for (std::uint64_t ticket = 2; ticket <= 4; ++ticket) desk.append(ticket);
    desk.disk.crash();
    desk.pass(1'000'000);
    EXPECT_EQ(desk.owner.tickets.size(), 1U) << "nothing is reported after the end";
    const std::size_t found = desk.found();
    ASSERT_TRUE(found >= 1 && found <= 4) << found;
    seen[found - 1] = true;
  }
  EXPECT_EQ(seen, std::vector<bool>(4, true));
}

TEST(Disk, a_disk_that_hangs_goes_on_later_and_one_that_fails_never_does) {
  Desk desk;
  desk.disk.hang(2'000'000);
  desk.append(1);
  desk.pass(1'999'999);
  EXPECT_TRUE(desk.owner.tickets.empty());
  desk.pass(1'000'000);
  EXPECT_EQ(desk.owner.tickets, std::vector<std::uint64_t>{1});
  desk.disk.fail_next();
  desk.append(2);
  desk.append(3);
  desk.pass(6'000'000);
  EXPECT_TRUE(desk.owner.failed);
  EXPECT_EQ(desk.owner.tickets.size(), 1U);
}

TEST(Disk, tables_are_there_as_a_whole_or_not_at_all) {
  for (const bool crash : {true, false}) {
    Desk desk;
    machine::Machine machine;
    machine.execute(*frame(0, 1), nullptr);
    desk.append(1);
    desk.pass(1'000'000);
    desk.disk.write_tables(write_down({view_of(0, {100, 101}), frame(0, 1)->uid(), {}, {}}, machine));
    if (crash) desk.disk.crash();
    desk.pass(1'000'000);
    EXPECT_EQ(desk.owner.tables, crash ? 0 : 1);
    const auto read = desk.directory->read();
    ASSERT_TRUE(read.ok());
    EXPECT_EQ(read->machine->position(), Position(crash ? 0 : 1));
    EXPECT_EQ(read->machine->digest() == machine.digest(), !crash);
    EXPECT_EQ(read->recovered.frames.size(), 1U) << "beyond its base: another may lack it";
  }
}

// --- the directory

TEST(Directory, forgets_earlier_views_and_frames_up_to_the_bases_and_nothing_else) {
  Directory directory(ReplicaId(1));
  directory.bootstrap(view_of(0, {100, 101}));
  directory.append(frame(0, 1));
  directory.append(smr::Installed{view_of(1, {100, 101}), frame(0, 1)->uid()});
  for (std::uint64_t seq = 1; seq <= 4; ++seq) directory.append(frame(1, seq));
  machine::Machine machine;
  std::vector<Seq> forgotten;
  directory.replace(write_down({view_of(1, {100, 101}), frame(1, 4)->uid(), {}, {{kWriter, Seq(2)}}}, machine),
                    [&](const smr::Frame& gone) { forgotten.push_back(gone.seq); });
  EXPECT_EQ(forgotten, (std::vector<Seq>{Seq(1), Seq(2)}));
  const auto read = directory.read();
  ASSERT_TRUE(read.ok()) << read.error().message;
  ASSERT_EQ(read->recovered.frames.size(), 2U);
  EXPECT_EQ(read->recovered.frames.front()->seq, Seq(3));
}

TEST(Directory, views_that_ended_are_executed_and_the_last_is_held) {
  Directory directory(ReplicaId(1));
  directory.bootstrap(view_of(0, {100, 101}));
  directory.append(frame(0, 1));
  directory.append(frame(0, 2));
  directory.append(smr::Installed{view_of(1, {100, 101}), frame(0, 2)->uid()});
  directory.append(frame(1, 1));
  const auto read = directory.read();
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(read->ended.size(), 2U);
  EXPECT_EQ(read->recovered.frames.size(), 1U);
}

TEST(Directory, a_joiners_counts_from_when_the_line_of_its_view_is_there) {
  Directory directory(ReplicaId(1));
  EXPECT_FALSE(directory.whole());
  smr::Checkpoint before;
  before.installed.number = ViewNumber(4);
  directory.replace(write_down(before, machine::Machine()), nullptr);
  EXPECT_FALSE(directory.whole());
  directory.append(smr::Installed{view_of(5, {100, 201}), {}});
  EXPECT_TRUE(directory.is_of({ReplicaId(1), Incarnation(201), ""}));
  EXPECT_EQ(directory.inventory({}).installed, ViewNumber(5));
  EXPECT_TRUE(directory.read().ok());
}

TEST(Directory, is_known_by_its_life_as_a_member_and_those_since_until_one_learns) {
  Directory directory(ReplicaId(1));
  directory.bootstrap(view_of(0, {100, 101}));
  directory.opened(Incarnation(201));
  directory.opened(Incarnation(301));
  EXPECT_EQ(directory.lives(), (std::vector{Incarnation(101), Incarnation(201), Incarnation(301)}));
  directory.append(smr::Installed{view_of(1, {0, 201}), {}});
  EXPECT_EQ(directory.lives(), (std::vector{Incarnation(201), Incarnation(301)}));
  directory.learns();
  EXPECT_FALSE(directory.is_of({ReplicaId(1), Incarnation(301), ""}));
}

}  // namespace
}  // namespace titer::sim
