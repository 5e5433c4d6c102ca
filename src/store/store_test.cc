// SPDX-License-Identifier: Apache-2.0

// A replica's disk as the node uses it: a cluster of one, driven by hand, killed at any moment and opened again.
#include "store/store.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <functional>
#include <mutex>

#include "base/limits.h"
#include "machine/testing.h"
#include "store/inspect.h"
#include "store/sealed_file.h"
#include "store/testing/simulated_replica.h"
#include "store/testing/tables.h"

namespace titer::store {
namespace {

using test::alone;
using test::kCluster;
using test::kMe;
using test::TemporaryDir;

// What the store's threads post, run on the test's.
class Posts {
 public:
  void add(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    work_.push_back(std::move(work));
    some_.notify_all();
  }
  // Until there is some, which is not run yet.
  void wait() {
    std::unique_lock lock(mutex_);
    some_.wait(lock, [this] { return !work_.empty(); });
  }
  void run_until(const std::function<bool()>& done) {
    while (!done()) {
      std::function<void()> next;
      {
        std::unique_lock lock(mutex_);
        some_.wait(lock, [this] { return !work_.empty(); });
        next = std::move(work_.front());
        work_.pop_front();
      }
      next();
    }
  }

 private:
  std::mutex mutex_;
  std::condition_variable some_;
  std::deque<std::function<void()>> work_;
};

// One run of the only replica of a cluster.
class ReplicaRun {
 public:
  ~ReplicaRun() { store.reset(); }  // its workers post until then
  ReplicaRun(const std::string& dir, std::uint64_t incarnation, const smr::ViewRecord& record) {
    StoreEvents events;
    events.post = [this](std::function<void()> work) { posts_.add(std::move(work)); };
    events.persisted = [this](std::uint64_t ticket) {
      persisted_ = ticket;
      step(smr::input::Persisted{ticket});
    };
    events.failed = [](const std::string& why) { FAIL() << why; };
    events.room = [](bool) {};
    auto opened = Store::open({dir, kCluster, kMe, Incarnation(incarnation)}, events, machine, nullptr);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    store = std::move(opened).value();
    const smr::Options options{.me = kMe, .incarnation = Incarnation(incarnation), .durable = true};
    found = store->inventory();
    if (!record.has(kMe, Incarnation(incarnation))) {
      EXPECT_TRUE(store->learn().ok());
    } else if (found.whole) {
      store->resume();
      replica.emplace(options, store->recovered());
      step(smr::input::View{record});
      now_ = BootTime(now_.value + limits::kReadLeaseUs);
      step(smr::input::Tick{});
      settle();
    } else {
      EXPECT_TRUE(store->bootstrap(machine, record).ok());
      replica.emplace(options, record);
    }
  }

  void step(const smr::Input& input) { replica->step(now_, input, out_); }

  void submit(std::uint64_t number, const registry::Request& request) {
    Bytes body;
    wire::encode_request(body, request);
    step(smr::input::Submit{SessionId(1), RequestNumber(number), body});
  }

  // Turns, until everything is executed and nothing moves.
  void settle() {
    for (int quiet = 0; quiet < 3; ++quiet) {
      step(smr::input::EndOfTurn{WallTime(1'700'000'000'000)});
      smr::Output out;
      std::swap(out, out_);
      store->persist(out.persist);
      store->commit(now_, true);
      for (const smr::Execution& e : out.execute) machine.execute(*e.frame, nullptr);
      if (!out.persist.empty())
        posts_.run_until([&, last = out.persist.back().ticket] { return persisted_ >= last; });
      if (!out.persist.empty() || !out.execute.empty()) quiet = 0;
    }
  }

  void write_tables() {
    const std::uint64_t before = store->stats().tables_written;
    now_ = BootTime(now_.value + 60'000'000);
    posts_.run_until([&] {
      const BootTime next = store->write_tables(now_, machine, *replica);
      if (next <= now_) posts_.add([] {});  // it wants another turn at once
      return store->stats().tables_written > before;
    });
  }

  void close() { store->close(machine, *replica); }

  machine::Machine machine;
  std::unique_ptr<Store> store;
  std::optional<smr::Replica> replica;
  wire::Inventory found;

 private:
  Posts posts_;
  smr::Output out_;
  BootTime now_{1'000'000'000};
  std::uint64_t persisted_ = 0;
};

std::vector<std::uint64_t> values(const std::vector<Incarnation>& lives) {
  std::vector<std::uint64_t> out;
  for (const Incarnation life : lives) out.push_back(life.value);
  return out;
}

// A cluster of one with five requests, of which the tables have the first two.
void live_first(const std::string& dir, bool cleanly) {
  ReplicaRun run(dir, 11, alone(0, 11));
  run.submit(1, machine::add_site("elm", "Elm"));
  run.submit(2, machine::set("elm", 1));
  run.settle();
  run.write_tables();
  for (std::uint64_t n = 3; n <= 5; ++n) {
    run.submit(n, machine::set("elm", n * 10));
    run.settle();
  }
  ASSERT_EQ(run.machine.position(), Position(5));
  if (cleanly) run.close();
}

TEST(Store, a_new_directory_has_nothing_and_becomes_a_members) {
  const TemporaryDir dir;
  ReplicaRun run(dir / "r", 11, alone(0, 11));
  EXPECT_FALSE(run.found.whole);
  EXPECT_TRUE(run.found.refusal.empty());
}

TEST(Store, everything_acknowledged_is_there_after_a_crash_and_executed_once) {
  const TemporaryDir dir;
  live_first(dir / "r", false);
  ReplicaRun again(dir / "r", 12, alone(1, 12));
  EXPECT_TRUE(again.found.whole);
  EXPECT_EQ(again.found.position, Position(2));  // of the tables; the rest is decided by the flush
  EXPECT_EQ(again.machine.position(), Position(5));
  const auto site = again.machine.registry().get({.id = "elm", .name = {}});
  ASSERT_TRUE(site.ok());
  EXPECT_EQ(site->stock.front().availability, registry::Availability::of(50));
}

TEST(Store, a_clean_end_leaves_nothing_to_execute) {
  const TemporaryDir dir;
  live_first(dir / "r", true);
  ReplicaRun again(dir / "r", 12, alone(1, 12));
  EXPECT_EQ(again.found.position, Position(5));
}

TEST(Store, lives_are_noted_before_anybody_hears_of_them_and_forgotten_with_the_next_view) {
  const TemporaryDir dir;
  live_first(dir / "r", false);
  {
    machine::Machine machine;
    auto opened = Store::open({dir / "r", kCluster, kMe, Incarnation(12)}, {}, machine, nullptr);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    EXPECT_EQ(values((*opened)->inventory().lives), (std::vector<std::uint64_t>{11}));
  }
  // It ended before a view had it as 12; the register may still have had it.
  ReplicaRun third(dir / "r", 13, alone(2, 13));
  EXPECT_EQ(values(third.found.lives), (std::vector<std::uint64_t>{11, 12}));
  third.submit(6, machine::set("elm", 60));
  third.settle();
  third.close();
  third.store.reset();
  ReplicaRun fourth(dir / "r", 14, alone(3, 14));
  EXPECT_EQ(values(fourth.found.lives), (std::vector<std::uint64_t>{13}));
}

TEST(Store, who_learns_can_begin_nothing_anew_any_more_under_its_later_lives) {
  const TemporaryDir dir;
  live_first(dir / "r", false);
  { ReplicaRun learner(dir / "r", 12, alone(5, 99)); }
  machine::Machine machine;
  auto opened = Store::open({dir / "r", kCluster, kMe, Incarnation(13)}, {}, machine, nullptr);
  ASSERT_TRUE(opened.ok());
  EXPECT_EQ(values((*opened)->inventory().lives), (std::vector<std::uint64_t>{11}));
  EXPECT_EQ(machine.position(), Position(2));  // what helps to learn
}

// Before that the final state alone is there: if the view fails, others may settle and answer without it what came after.
TEST(Store, a_joiner_s_disk_counts_from_when_the_line_of_its_view_is_synced) {
  const TemporaryDir dir;
  Posts posts;
  std::uint64_t persisted = 0;
  StoreEvents events;
  events.post = [&](std::function<void()> work) { posts.add(std::move(work)); };
  events.persisted = [&](std::uint64_t ticket) { persisted = ticket; };
  events.failed = [](const std::string& why) { FAIL() << why; };
  events.room = [](bool) {};
  machine::Machine machine;
  auto opened = Store::open({dir / "r", kCluster, kMe, Incarnation(11)}, events, machine, nullptr);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  Store& store = **opened;
  ASSERT_TRUE(store.learn().ok());
  EXPECT_FALSE(store.has_durable_state());
  bool joined = false;
  store.joined(machine, ViewNumber(5), LamportTime(9), [&] { joined = true; });
  posts.run_until([&] { return joined; });
  EXPECT_FALSE(store.has_durable_state());
  store.persist({{1, smr::Installed{alone(5, 11), {}}}});
  store.commit(BootTime(1), true);
  EXPECT_FALSE(store.has_durable_state());
  posts.run_until([&] { return persisted >= 1; });
  EXPECT_TRUE(store.has_durable_state());
}

// A flush fails after its final state is in, and the next ones end before the disk is done with it.
TEST(Store, a_joiner_is_told_of_its_newest_final_state_when_that_is_on_disk_however_many_wait) {
  const TemporaryDir dir;
  Posts posts;
  StoreEvents events;
  events.post = [&](std::function<void()> work) { posts.add(std::move(work)); };
  events.persisted = [](std::uint64_t) {};
  events.failed = [](const std::string& why) { FAIL() << why; };
  events.room = [](bool) {};
  machine::Machine machine;
  auto opened = Store::open({dir / "r", kCluster, kMe, Incarnation(11)}, events, machine, nullptr);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  ASSERT_TRUE((*opened)->learn().ok());
  machine::FrameMaker frames;
  std::vector<std::uint64_t> told;
  for (std::uint64_t view = 5; view <= 8; ++view) {
    run(machine, frames.add(1, view, machine::add_site("site-" + std::to_string(view), "Site")).frame());
    (*opened)->joined(machine, ViewNumber(view), LamportTime(100), [&, view] { told.push_back(view); });
    if (view == 5) posts.wait();  // that it is written will be heard of after the next one is there
  }
  posts.run_until([&] { return !told.empty(); });
  EXPECT_EQ(told, std::vector<std::uint64_t>{8});
  EXPECT_EQ((*opened)->stats().tables, machine.position());
  opened->reset();
  machine::Machine again;
  const auto reopened = Store::open({dir / "r", kCluster, kMe, Incarnation(12)}, {}, again, nullptr);
  ASSERT_TRUE(reopened.ok()) << reopened.error().message;
  EXPECT_EQ(again.digest(), machine.digest());
}

TEST(Store, is_one_process_s_at_a_time) {
  const TemporaryDir dir;
  ReplicaRun run(dir / "r", 11, alone(0, 11));
  machine::Machine machine;
  const auto second = Store::open({dir / "r", kCluster, kMe, Incarnation(12)}, {}, machine, nullptr);
  ASSERT_FALSE(second.ok());
  EXPECT_NE(second.error().message.find("in use by another process"), std::string::npos) << second.error().message;
}

TEST(Store, belongs_to_one_replica_of_one_cluster) {
  const TemporaryDir dir;
  live_first(dir / "r", false);
  machine::Machine machine;
  const auto other_cluster = Store::open({dir / "r", 0xC2, kMe, Incarnation(12)}, {}, machine, nullptr);
  ASSERT_FALSE(other_cluster.ok());
  EXPECT_NE(other_cluster.error().message.find("belongs to cluster"), std::string::npos);
  const auto other_replica =
      Store::open({dir / "r", kCluster, ReplicaId(1), Incarnation(12)}, {}, machine, nullptr);
  ASSERT_FALSE(other_replica.ok());
  EXPECT_NE(other_replica.error().message.find("is of replica 0, this is replica 1"), std::string::npos);
}

// What `damage` does to the journal of a stopped replica is found by the start and by `titer verify`, which both say so.
void expect_damaged_by(const std::function<void(const std::filesystem::path& journal)>& damage) {
  for (const bool cleanly : {false, true}) {
    const TemporaryDir dir;
    live_first(dir / "r", cleanly);
    damage(dir / "r/journal");
    const auto inspected = inspect(dir / "r");
    ASSERT_FALSE(inspected.ok());
    EXPECT_NE(inspected.error().message.find("is damaged"), std::string::npos) << inspected.error().message;
    machine::Machine machine;
    const auto opened = Store::open({dir / "r", kCluster, kMe, Incarnation(12)}, {}, machine, nullptr);
    ASSERT_FALSE(opened.ok());
    EXPECT_NE(opened.error().message.find("is damaged"), std::string::npos) << opened.error().message;
  }
}

void for_each_segment(const std::filesystem::path& journal,
                      const std::function<void(const std::filesystem::path&)>& action) {
  std::vector<std::filesystem::path> segments;
  for (const auto& entry : std::filesystem::directory_iterator(journal))
    if (is_segment_name(entry.path().filename().string())) segments.push_back(entry.path());
  ASSERT_FALSE(segments.empty());
  std::ranges::for_each(segments, action);
}

void overwrite_with_zeros(const std::filesystem::path& file, std::uintmax_t from) {
  const std::uintmax_t bytes = std::filesystem::file_size(file);
  std::filesystem::resize_file(file, from);
  std::filesystem::resize_file(file, bytes);
}

TEST(Store, refuses_a_disk_whose_journal_is_not_there) {
  expect_damaged_by([](const auto& journal) { std::filesystem::remove_all(journal); });
}

TEST(Store, refuses_a_disk_whose_journal_has_no_file) {
  expect_damaged_by([](const auto& journal) {
    for_each_segment(journal, [](const auto& segment) { std::filesystem::remove(segment); });
  });
}

TEST(Store, refuses_a_disk_whose_journal_is_all_zeros) {
  expect_damaged_by([](const auto& journal) {
    for_each_segment(journal, [](const auto& segment) { overwrite_with_zeros(segment, 0); });
  });
}

TEST(Store, refuses_a_disk_whose_journal_ends_before_what_the_tables_have) {
  expect_damaged_by([](const auto& journal) {
    for_each_segment(journal, [](const auto& segment) { overwrite_with_zeros(segment, kFileBlock); });
  });
}

TEST(Store, refuses_a_disk_with_another_journal_of_the_same_replica) {
  const TemporaryDir other;
  live_first(other / "r", false);
  expect_damaged_by([&](const std::filesystem::path& journal) {
    std::filesystem::remove_all(journal);
    std::filesystem::copy(other / "r/journal", journal);
  });
}

TEST(Store, starts_over_with_nothing_when_what_was_learned_is_wrong) {
  const TemporaryDir dir;
  live_first(dir / "r", false);
  {
    ReplicaRun learner(dir / "r", 12, alone(5, 99));
    learner.store->start_over();
  }
  machine::Machine machine;
  auto opened = Store::open({dir / "r", kCluster, kMe, Incarnation(13)}, {}, machine, nullptr);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_FALSE((*opened)->inventory().whole);
  EXPECT_EQ(machine.position(), Position());
}

// --- small files that are there whole or not at all

TEST(SealedFile, gives_back_what_was_written_last) {
  const TemporaryDir dir;
  const std::string path = dir / "file";
  EXPECT_FALSE(read_sealed(path, SealedKind::kRegister)->has_value());
  ASSERT_TRUE(write_sealed(path, SealedKind::kRegister, as_bytes("one")).ok());
  ASSERT_TRUE(write_sealed(path, SealedKind::kRegister, as_bytes("two")).ok());
  EXPECT_EQ(as_text(**read_sealed(path, SealedKind::kRegister)), "two");
}

TEST(SealedFile, is_refused_with_any_byte_changed_or_cut_off_or_of_another_kind) {
  const TemporaryDir dir;
  const std::string path = dir / "file";
  ASSERT_TRUE(write_sealed(path, SealedKind::kRegister, as_bytes("body")).ok());
  EXPECT_FALSE(read_sealed(path, SealedKind::kIdentity).ok());
  const auto size = static_cast<std::size_t>(std::filesystem::file_size(path));
  for (std::size_t at = 0; at < size; ++at) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto flip = [&] {
      file.seekg(static_cast<std::streamoff>(at));
      const char byte = static_cast<char>(file.get() ^ 1);
      file.seekp(static_cast<std::streamoff>(at));
      file.put(byte);
      file.flush();
    };
    flip();
    EXPECT_FALSE(read_sealed(path, SealedKind::kRegister).ok()) << "byte " << at;
    flip();
  }
  std::filesystem::resize_file(path, size - 1);
  EXPECT_FALSE(read_sealed(path, SealedKind::kRegister).ok());
}

// What a crash leaves beside it does not matter.
TEST(SealedFile, survives_a_half_written_successor) {
  const TemporaryDir dir;
  const std::string path = dir / "file";
  ASSERT_TRUE(write_sealed(path, SealedKind::kRegister, as_bytes("body")).ok());
  std::ofstream(path + ".new") << "hal";
  EXPECT_EQ(as_text(**read_sealed(path, SealedKind::kRegister)), "body");
  ASSERT_TRUE(write_sealed(path, SealedKind::kRegister, as_bytes("next")).ok());
  EXPECT_EQ(as_text(**read_sealed(path, SealedKind::kRegister)), "next");
}

}  // namespace
}  // namespace titer::store
