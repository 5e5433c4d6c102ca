// SPDX-License-Identifier: Apache-2.0

#include "store/tables.h"

#include <rocksdb/db.h>

#include <fstream>

#include "base/limits.h"
#include "store/tables_writer.h"
#include "store/testing/tables.h"

namespace titer::store {
namespace {

using test::error_of;
using test::expect_same;
using test::Kept;
using test::Load;
using test::open_tables;
using test::options_of;
using test::TemporaryDir;

TEST(Tables, that_are_new_have_no_state) {
  const TemporaryDir dir;
  const Tables tables = open_tables(options_of(dir / "t"));
  machine::Machine machine;
  const auto loaded = tables.load(machine);
  ASSERT_TRUE(loaded.ok()) << error_of(loaded);
  EXPECT_TRUE(loaded->empty);
  EXPECT_EQ(machine.position(), Position());
}

TEST(Tables, give_back_the_state_and_where_the_protocol_stood) {
  const TemporaryDir dir;
  Load load(1);
  machine::Machine original;
  Head written;
  {
    Tables tables = open_tables(options_of(dir / "t"));
    Kept kept(tables);
    load.run(kept.machine, 3000);
    Materializer::Closing closing;
    closing.checkpoint.installed.number = ViewNumber(7);
    closing.checkpoint.installed.members = {{ReplicaId(1), Incarnation(99), "host:1"}};
    closing.checkpoint.last_executed = {LamportTime(5), TransmitterId(2)};
    closing.checkpoint.clock = LamportTime(9);
    closing.checkpoint.bases = {{TransmitterId(0), Seq(4)}, {TransmitterId(kDirectClientBit | 5), Seq(6)}};
    closing.now = WallTime(123);
    closing.recoveries = {"accepted the loss of replica 2"};
    TablesBatch batch = kept.materializer.close(kept.machine, closing);
    ASSERT_EQ(tables.write(batch).end, Tables::End::kWritten);
    written = batch.head();
    original = std::move(kept.machine);
  }
  const Tables tables = open_tables(options_of(dir / "t"));
  machine::Machine again;
  const auto loaded = tables.load(again);
  ASSERT_TRUE(loaded.ok()) << error_of(loaded);
  expect_same(original, again);
  const smr::Checkpoint& c = loaded->head.checkpoint;
  EXPECT_EQ(c.installed, written.checkpoint.installed);
  EXPECT_EQ(c.last_executed, written.checkpoint.last_executed);
  EXPECT_EQ(c.clock, written.checkpoint.clock);
  EXPECT_EQ(c.bases, written.checkpoint.bases);
  EXPECT_EQ(loaded->head.written, WallTime(123));
  EXPECT_EQ(loaded->head.recoveries, written.recoveries);
  Load other = load;
  load.run(original, 500);
  other.run(again, 500);
  expect_same(original, again);
}

// The replica runs, is started again, runs on …
TEST(Tables, follow_a_state_through_many_batches_and_restarts) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const TemporaryDir dir;
    Load load(seed), same(seed);
    load.use_keys();
    same.use_keys();
    machine::Machine model;
    for (int life = 0; life < 4; ++life) {
      Tables tables = open_tables(options_of(dir / "t"));
      machine::Machine machine;
      auto loaded = tables.load(machine);
      ASSERT_TRUE(loaded.ok()) << error_of(loaded);
      expect_same(model, machine);
      Kept kept(tables, std::move(loaded->written));
      kept.machine = std::move(machine);
      kept.machine.track_changes(true);
      for (int batch = 0; batch < 8; ++batch) {
        // Gathered in small pieces, with requests between them.
        do {
          const int some = static_cast<int>(load.below(30));
          (void)same.below(30);
          load.run(kept.machine, some);
          same.run(model, some);
        } while (!kept.materializer.gather(kept.machine, 500));
        kept.write();
      }
    }
  }
}

TEST(Tables, forget_the_history_that_the_state_has_dropped) {
  const TemporaryDir dir;
  Tables tables = open_tables(options_of(dir / "t"));
  Kept kept(tables);
  machine::FrameMaker make;
  std::uint64_t number = 0;
  run(kept.machine, make.add(1, ++number, machine::add_site("elm", "Elm")).frame());
  for (int batch = 0; batch < 14; ++batch) {
    for (int frame = 0; frame < 5; ++frame) {
      for (std::uint64_t i = 0; i < 4000; ++i) make.add(1, ++number, machine::set("elm", i % 1000));
      kept.machine.execute(make.frame(), nullptr);
      (void)kept.materializer.gather(kept.machine, 1000);
    }
    kept.write();
  }
  ASSERT_GT(kept.machine.registry().complete_after(), Position(50'000));
  machine::Machine again;
  const auto loaded = tables.load(again);
  ASSERT_TRUE(loaded.ok()) << error_of(loaded);
  expect_same(kept.machine, again);
  const Position dropped = kept.machine.registry().complete_after();
  const auto& blocks = loaded->written.events[registry::Lane::kShare].blocks;
  ASSERT_GE(blocks.size(), 2U);
  EXPECT_GT(blocks[1], dropped.next()) << "a block of dropped events was left";
  EXPECT_LT(blocks.size(), 400U) << "blocks are filled before the next one is begun";
}

TEST(Tables, forget_sessions_that_the_state_has_forgotten) {
  const TemporaryDir dir;
  Tables tables = open_tables(options_of(dir / "t"));
  Kept kept(tables);
  machine::FrameMaker make;
  run(kept.machine, make.add(1, 1, machine::add_site("elm", "Elm")).frame());
  std::uint64_t session = 1;
  for (int batch = 0; batch < 6; ++batch) {
    make.born(kept.machine.position().next());
    for (std::uint64_t i = 0; i < 4000; ++i) make.add(++session, 1, machine::set("elm", i));
    kept.machine.execute(make.frame(), nullptr);
    kept.write();
  }
  ASSERT_LT(kept.machine.sessions(), session) << "none was evicted";
  machine::Machine again;
  const auto loaded = tables.load(again);
  ASSERT_TRUE(loaded.ok()) << error_of(loaded);
  expect_same(kept.machine, again);
  EXPECT_EQ(loaded->written.session_ids.size(), kept.machine.sessions());
  EXPECT_EQ(again.session_table().horizon(), kept.machine.session_table().horizon());
}

TEST(Tables, have_the_idempotency_keys_and_forget_those_that_the_state_has_forgotten) {
  const TemporaryDir dir;
  Tables tables = open_tables(options_of(dir / "t"));
  Kept kept(tables);
  machine::FrameMaker make;
  run(kept.machine, make.add(1, 1, machine::add_site("elm", "Elm")).frame());
  std::uint64_t number = 1;
  for (int day = 0; day < 3; ++day) {
    for (int batch = 0; batch < 4; ++batch) {
      for (int i = 0; i < 500; ++i) {
        registry::Request keyed = machine::set("elm", number);
        const std::string text = "key " + std::to_string(number);
        keyed.idempotency_key = text;
        make.add(1, ++number, keyed);
      }
      kept.machine.execute(make.frame(), nullptr);
      while (!kept.materializer.gather(kept.machine, 10'000)) continue;
      kept.write();
    }
    make.pass_ms(limits::kIdempotencyKeepMs);
  }
  EXPECT_EQ(kept.machine.idempotency().stats().records, 2000U) << "those of the last day";
  machine::Machine again;
  const auto loaded = tables.load(again);
  ASSERT_TRUE(loaded.ok()) << error_of(loaded);
  expect_same(kept.machine, again);
  EXPECT_EQ(again.idempotency().stats().records, 2000U);
  registry::Request repeated = machine::set("elm", 5999);
  repeated.idempotency_key = "key 5999";
  const smr::Frame frame = make.add(2, 1, repeated).frame();
  EXPECT_EQ(run(again, frame)[0].bytes, run(kept.machine, frame)[0].bytes);
}

TEST(Tables, of_an_older_format_are_refused) {
  const TemporaryDir dir;
  {
    Tables tables = open_tables(options_of(dir / "t"));
    Kept(tables).write();
  }
  {
    rocksdb::DB* raw = nullptr;
    std::vector<rocksdb::ColumnFamilyHandle*> handles;
    std::vector<rocksdb::ColumnFamilyDescriptor> families;
    for (const char* name : {"sites", "history", "sessions", "idempotency", "default"})
      families.emplace_back(name, rocksdb::ColumnFamilyOptions());
    ASSERT_TRUE(rocksdb::DB::Open(rocksdb::DBOptions(), dir / "t", families, &handles, &raw).ok());
    std::string identity;
    ASSERT_TRUE(raw->Get({}, handles.back(), "identity", &identity).ok());
    identity[0] = 1;
    ASSERT_TRUE(raw->Put({}, handles.back(), "identity", identity).ok());
    for (rocksdb::ColumnFamilyHandle* handle : handles) ASSERT_TRUE(raw->DestroyColumnFamilyHandle(handle).ok());
    delete raw;
  }
  const auto tables = Tables::open(options_of(dir / "t"));
  ASSERT_FALSE(tables.ok());
  EXPECT_EQ(tables.error().code, Code::kInvalid);
  EXPECT_NE(tables.error().message.find("an older version of titer"), std::string::npos) << tables.error().message;
}

TEST(Tables, gathering_keeps_up_with_a_state_that_changes_everywhere) {
  const TemporaryDir dir;
  Tables tables = open_tables(options_of(dir / "t"));
  Kept kept(tables);
  machine::FrameMaker make;
  constexpr std::uint64_t kSitesThere = 3000;
  std::uint64_t number = 0;
  for (std::uint64_t i = 0; i < kSitesThere; ++i) {
    const std::string id = "site-" + std::to_string(i);
    make.add(1, ++number, machine::add_site(id, id));
  }
  kept.machine.execute(make.frame(), nullptr);
  int calls = 0;
  std::uint64_t next = 0;
  while (!kept.materializer.gather(kept.machine, 1)) {
    ASSERT_LT(++calls, 200) << "it does not come to an end";
    for (int i = 0; i < 100; ++i) {
      make.add(1, ++number, machine::set("site-" + std::to_string(next * 7 % kSitesThere), next));
      ++next;
    }
    kept.machine.execute(make.frame(), nullptr);
  }
  EXPECT_GT(calls, 5);
  EXPECT_EQ(kept.machine.registry().changes(), 0U);
}

TEST(Tables, a_learners_state_goes_on_where_it_was) {
  const TemporaryDir dir;
  Load load(3);
  machine::Machine donor;
  load.run(donor, 4000);
  Tables tables = open_tables(options_of(dir / "t"));
  Bytes out;
  const auto deliver = [&](machine::Machine& learner) {
    for (ByteView in = out;;) {
      const auto message = wire::next_message(in);
      ASSERT_TRUE(message.ok());
      if (!message->has_value()) break;
      const auto received = learner.read_part(*wire::decode_transfer_part((*message)->payload));
      ASSERT_TRUE(received.ok()) << error_of(received);
    }
    out.clear();
  };
  wire::TransferWant want;
  {
    Kept kept(tables);
    machine::Machine::Cursor cursor = donor.begin_transfer({});
    for (int pass = 0; pass < 2;) {
      pass += donor.write_part(cursor, 400, out) ? 1 : 0;
      deliver(kept.machine);
      load.run(donor, 5);
      kept.write(true);
    }
    ASSERT_FALSE(donor.write_part(cursor, 400, out)) << "the third pass is under way";
    deliver(kept.machine);
    kept.write(true);
    want = kept.machine.wanted();
  }
  machine::Machine learner;
  auto loaded = tables.load(learner);
  ASSERT_TRUE(loaded.ok()) << error_of(loaded);
  EXPECT_TRUE(loaded->head.standing.learning);
  EXPECT_EQ(learner.wanted().since, want.since);
  EXPECT_EQ(learner.wanted().pass_began, want.pass_began);
  EXPECT_EQ(learner.wanted().from_slot, want.from_slot);
  EXPECT_GT(want.from_slot, 0U);

  Kept kept(tables, std::move(loaded->written));
  kept.machine = std::move(learner);
  kept.machine.track_changes(true);
  machine::Machine::Cursor cursor = donor.begin_transfer(kept.machine.wanted());
  while (!donor.write_part(cursor, 400, out)) continue;
  deliver(kept.machine);
  load.run(donor, 50);
  donor.write_final(kept.machine.position(), ViewNumber(3), LamportTime(1), out);
  deliver(kept.machine);
  kept.write();
  machine::Machine again;
  loaded = tables.load(again);
  ASSERT_TRUE(loaded.ok()) << error_of(loaded);
  EXPECT_FALSE(loaded->head.standing.learning);
  expect_same(donor, again);
}

TEST(Tables, that_were_wiped_are_as_new) {
  const TemporaryDir dir;
  Load load(4);
  {
    Tables tables = open_tables(options_of(dir / "t"));
    Kept kept(tables);
    load.use_keys();
    load.run(kept.machine, 2000);
    kept.write();
    ASSERT_TRUE(kept.machine.registry().has_keys());
    ASSERT_TRUE(tables.wipe().ok());
    machine::Machine machine;
    const auto loaded = tables.load(machine);
    ASSERT_TRUE(loaded.ok()) << error_of(loaded);
    EXPECT_TRUE(loaded->empty);
    Kept other(tables);
    load = Load(5);
    load.run(other.machine, 300);
    other.write();
  }
  machine::Machine expected, again;
  Load same(5);
  same.run(expected, 300);
  const Tables tables = open_tables(options_of(dir / "t"));
  const auto loaded = tables.load(again);
  ASSERT_TRUE(loaded.ok()) << error_of(loaded);
  expect_same(expected, again);
}

TEST(Tables, of_somebody_else_are_refused_with_what_to_do) {
  const TemporaryDir dir;
  { const Tables tables = open_tables(options_of(dir / "t")); }
  Tables::Options other = options_of(dir / "t");
  other.cluster = 5;
  auto refused = Tables::open(other);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_NE(refused.error().message.find("cluster 0000000000c0ffee, not to 0000000000000005"), std::string::npos)
      << refused.error().message;
  other = options_of(dir / "t");
  other.me = ReplicaId(2);
  refused = Tables::open(other);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_NE(refused.error().message.find("replica 1, not of replica 2"), std::string::npos);
}

TEST(Tables, that_another_process_uses_are_refused) {
  const TemporaryDir dir;
  const Tables tables = open_tables(options_of(dir / "t"));
  const auto second = Tables::open(options_of(dir / "t"));
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("in use"), std::string::npos) << second.error().message;
}

TEST(Tables, can_be_read_without_being_changed) {
  const TemporaryDir dir;
  Tables::Options options = options_of(dir / "t");
  options.read_only = true;
  EXPECT_EQ(Tables::open(options).error().code, Code::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(dir / "t/CURRENT"));
  machine::Machine original;
  {
    Tables tables = open_tables(options_of(dir / "t"));
    Kept kept(tables);
    Load(6).run(kept.machine, 500);
    kept.write();
    original = std::move(kept.machine);
  }
  const Tables tables = open_tables(options);
  machine::Machine again;
  const auto loaded = tables.load(again);
  ASSERT_TRUE(loaded.ok()) << error_of(loaded);
  expect_same(original, again);
}

}  // namespace
}  // namespace titer::store
