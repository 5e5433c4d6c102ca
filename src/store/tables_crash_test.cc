// SPDX-License-Identifier: Apache-2.0

// The tables after a power failure, and with a disk that fails, is full, or lies.
#include <rocksdb/env.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <fstream>
#include <mutex>

#include "store/tables_writer.h"
#include "store/testing/forgetful_disk.h"
#include "store/testing/tables.h"

namespace titer::store {
namespace {

using test::error_of;
using test::expect_same;
using test::ForgetfulDisk;
using test::Kept;
using test::Load;
using test::open_tables;
using test::options_of;
using test::TemporaryDir;

struct Disk {
  explicit Disk(std::uint64_t seed)
      : files(std::make_shared<ForgetfulDisk>(seed)), env(rocksdb::NewCompositeEnv(files)), databases(env.get()) {}
  [[nodiscard]] Tables::Options options(const std::string& dir) {
    Tables::Options o = options_of(dir);
    o.databases = &databases;
    return o;
  }
  std::shared_ptr<ForgetfulDisk> files;
  std::unique_ptr<rocksdb::Env> env;
  RocksDatabases databases;
};

// The head that an image has, after loading all of it; none: nothing was ever written there.
std::optional<Head> head_of_image(const std::string& dir) {
  const auto tables = Tables::open(options_of(dir));
  EXPECT_TRUE(tables.ok()) << error_of(tables);
  if (!tables.ok()) return std::nullopt;
  machine::Machine machine;
  const auto loaded = tables->load(machine);
  EXPECT_TRUE(loaded.ok()) << error_of(loaded);
  if (!loaded.ok() || loaded->empty) return std::nullopt;
  EXPECT_EQ(machine.position(), loaded->head.standing.position);
  const Status sound = machine.registry().check();
  EXPECT_TRUE(sound.ok()) << error_of(sound);
  return loaded->head;
}

struct Image {
  std::string dir;
  std::uint64_t reported;  // the newest batch that had been reported when it was taken
};

// Runs a state with a disk that is copied at random moments, as a crash would leave it.
std::deque<Image> run_with_crashes(std::uint64_t seed, const TemporaryDir& dir,
                                   std::vector<std::uint64_t>& digests) {
  Disk disk(seed);
  std::mt19937_64 chance(seed);
  std::deque<Image> images;
  std::atomic<std::uint64_t> reported = 0;
  disk.files->set_hook([&] {
    if (chance() % 60 != 0) return;
    images.push_back({dir / ("image" + std::to_string(images.size())), reported});
    disk.files->crash_image(dir / "t", images.back().dir);
  });
  Load load(seed);
  machine::Machine machine;
  Written written;
  digests.push_back(0);
  for (int life = 0; life < 3; ++life) {
    Tables tables = open_tables(disk.options(dir / "t"));
    Kept kept(tables, std::move(written));
    kept.machine = std::move(machine);
    kept.machine.track_changes(true);
    for (int batch = 0; batch < 12; ++batch) {
      load.run(kept.machine, static_cast<int>(chance() % 200));
      while (!kept.materializer.gather(kept.machine, 300)) load.run(kept.machine, 3);
      TablesBatch closed = kept.batch();
      digests.push_back(closed.head().standing.digest);
      const Tables::Ended ended = tables.write(closed);
      EXPECT_EQ(ended.end, Tables::End::kWritten) << ended.error.message;
      reported = closed.head().batch;
    }
    machine = machine::Machine();
    auto loaded = tables.load(machine);
    EXPECT_TRUE(loaded.ok()) << error_of(loaded);
    if (!loaded.ok()) return {};
    expect_same(kept.machine, machine);
    written = std::move(loaded->written);
  }
  return images;
}

TEST(TablesCrash, leaves_one_of_the_batches_and_none_older_than_the_newest_reported) {
  std::size_t taken = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const TemporaryDir dir;
    std::vector<std::uint64_t> digests;
    for (const Image& image : run_with_crashes(seed, dir, digests)) {
      const std::optional<Head> head = head_of_image(image.dir);
      const std::uint64_t batch = head ? head->batch : 0;
      EXPECT_GE(batch, image.reported) << image.dir;
      ASSERT_LE(batch, image.reported + 1) << "of the future";
      EXPECT_EQ(head ? head->standing.digest : 0, digests[batch]);
      ++taken;
    }
  }
  EXPECT_GT(taken, 8U) << "hardly any crash was played";
}

TEST(TablesCrash, after_which_a_copy_of_the_directory_is_opened_has_the_newest_batch) {
  const TemporaryDir dir;
  Tables tables = open_tables(options_of(dir / "t"));
  Kept kept(tables);
  Load load(2);
  for (int batch = 1; batch <= 5; ++batch) {
    load.run(kept.machine, 300);
    kept.write();
    const std::string copy = dir / ("copy" + std::to_string(batch));
    std::filesystem::copy(dir / "t", copy, std::filesystem::copy_options::recursive);
    const std::optional<Head> head = head_of_image(copy);
    ASSERT_TRUE(head.has_value());
    EXPECT_EQ(head->standing.digest, kept.machine.digest());
  }
}

TEST(TablesDisk, that_fails_to_sync_ends_all_writing) {
  const TemporaryDir dir;
  Disk disk(1);
  std::string image;
  {
    Tables tables = open_tables(disk.options(dir / "t"));
    Kept kept(tables);
    Load load(1);
    load.run(kept.machine, 300);
    kept.write();
    load.run(kept.machine, 300);
    TablesBatch second = kept.batch();
    disk.files->set_failing(true);
    const Tables::Ended ended = tables.write(second);
    EXPECT_EQ(ended.end, Tables::End::kFailed);
    EXPECT_NE(ended.error.message.find("Look at the disk"), std::string::npos) << ended.error.message;
    disk.files->set_failing(false);
    EXPECT_EQ(tables.write(second).end, Tables::End::kFailed) << "a failed sync is never tried again";
    EXPECT_EQ(tables.wipe().ok(), false);
    disk.files->crash_image(dir / "t", dir / "image");
  }
  const std::optional<Head> head = head_of_image(dir / "image");
  ASSERT_TRUE(head.has_value());
  EXPECT_GE(head->batch, 1U);
  EXPECT_LE(head->batch, 2U);
}

TEST(TablesDisk, that_is_full_takes_the_batch_when_there_is_room_again) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    const TemporaryDir dir;
    Disk disk(seed);
    Load load(seed);
    Tables tables = open_tables(disk.options(dir / "t"));
    Kept kept(tables);
    for (int round = 0; round < 4; ++round) {
      load.run(kept.machine, 300);
      TablesBatch batch = kept.batch();
      disk.files->set_full(true);
      for (int times = 0; times < 3; ++times) {
        const Tables::Ended ended = tables.write(batch);
        ASSERT_EQ(ended.end, Tables::End::kNoSpace) << ended.error.message;
        EXPECT_NE(ended.error.message.find("make room"), std::string::npos);
      }
      const std::string image = dir / ("image" + std::to_string(round));
      disk.files->crash_image(dir / "t", image);
      const std::optional<Head> before = head_of_image(image);
      EXPECT_EQ(before ? before->batch : 0, batch.head().batch - 1);
      disk.files->set_full(false);
      const Tables::Ended ended = tables.write(batch);
      ASSERT_EQ(ended.end, Tables::End::kWritten) << ended.error.message;
      const std::string after = dir / ("after" + std::to_string(round));
      disk.files->crash_image(dir / "t", after);
      const std::optional<Head> head = head_of_image(after);
      EXPECT_EQ(head ? head->batch : 0, batch.head().batch) << "lost behind the torn write";
    }
    machine::Machine again;
    const auto loaded = tables.load(again);
    ASSERT_TRUE(loaded.ok()) << error_of(loaded);
    expect_same(kept.machine, again);
  }
}

// The batch does not fit, but what RocksDB writes to begin again does. When its memtables were empty then, it wrote to the log
// in which the batch had failed, and an assertion ended the process: a learner on a small disk died again and again.
TEST(TablesDisk, that_has_too_little_room_for_a_batch_refuses_it_however_often_it_is_tried) {
  constexpr std::uint64_t kNoLimit = ~std::uint64_t{0};
  const TemporaryDir dir;
  Disk disk(1);
  Load load(1);
  Tables tables = open_tables(disk.options(dir / "t"));
  Kept kept(tables);
  for (int round = 0; round < 2; ++round) {
    load.run(kept.machine, 3000);
    const TablesBatch batch = kept.batch();
    ASSERT_GT(batch.bytes(), std::size_t{64} << 10);
    for (int times = 0; times < 5; ++times) {
      disk.files->set_room(batch.bytes() / 2);
      const Tables::Ended ended = tables.write(batch);
      ASSERT_EQ(ended.end, Tables::End::kNoSpace) << ended.error.message;
    }
    disk.files->set_room(kNoLimit);
    const Tables::Ended ended = tables.write(batch);
    ASSERT_EQ(ended.end, Tables::End::kWritten) << ended.error.message;
    const std::string image = dir / ("image" + std::to_string(round));
    disk.files->crash_image(dir / "t", image);
    const std::optional<Head> head = head_of_image(image);
    EXPECT_EQ(head ? head->batch : 0, batch.head().batch);
  }
  machine::Machine again;
  ASSERT_TRUE(tables.load(again).ok());
  expect_same(kept.machine, again);
}

TEST(Tables, refuse_a_batch_when_one_before_it_is_missing) {
  const TemporaryDir dir;
  Tables tables = open_tables(options_of(dir / "t"));
  Kept kept(tables);
  Load load(1);
  load.run(kept.machine, 10);
  (void)kept.batch();  // never written
  load.run(kept.machine, 10);
  EXPECT_EQ(tables.write(kept.batch()).end, Tables::End::kFailed);
}

// Flips a byte of each file with such a name, one after another, a stride apart, in copies of the directory; how often it
// was noticed. Not noticed, it must change nothing.
std::size_t damage(const TemporaryDir& dir, const std::string& extension, std::uint64_t digest) {
  std::size_t noticed = 0;
  for (const auto& entry : std::filesystem::directory_iterator(dir / "t")) {
    if (entry.path().extension() != extension) continue;
    const std::uint64_t size = entry.file_size();
    for (std::uint64_t at = size / 97; at < size; at += 1 + size / 14) {
      const std::string copy = dir / "copy";
      std::filesystem::remove_all(copy);
      std::filesystem::copy(dir / "t", copy, std::filesystem::copy_options::recursive);
      std::fstream file(copy + "/" + entry.path().filename().string(),
                        std::ios::in | std::ios::out | std::ios::binary);
      file.seekg(static_cast<std::streamoff>(at));
      const char was = static_cast<char>(file.get());
      file.seekp(static_cast<std::streamoff>(at));
      file.put(static_cast<char>(was ^ 0x10));
      file.close();
      const auto tables = Tables::open(options_of(copy));
      machine::Machine machine;
      const auto loaded = tables.ok() ? tables->load(machine) : Result<Tables::Loaded>(tables.error());
      EXPECT_TRUE(!loaded.ok() || machine.digest() == digest) << entry.path() << " at " << at;
      if (loaded.ok()) continue;
      ++noticed;
      EXPECT_NE(loaded.error().message.find("Move that directory away"), std::string::npos)
          << loaded.error().message;
    }
  }
  return noticed;
}

TEST(TablesDamage, of_a_byte_is_an_error_that_says_what_to_do_or_changes_nothing) {
  const TemporaryDir dir;
  std::uint64_t digest = 0;
  {
    Tables tables = open_tables(options_of(dir / "t"));
    Kept kept(tables);
    Load load(3);
    for (int batch = 0; batch < 4; ++batch) {
      load.run(kept.machine, 1000);
      kept.write();
    }
    digest = kept.machine.digest();
  }
  EXPECT_GT(damage(dir, ".log", digest), 10U) << "a log that breaks off gives an older batch";
  { const Tables tables = open_tables(options_of(dir / "t")); }  // what was in the log is in files now
  EXPECT_GT(damage(dir, ".sst", digest), 10U);
}

TEST(TablesDamage, a_log_that_is_gone_is_noticed) {
  const TemporaryDir dir;
  {
    Tables tables = open_tables(options_of(dir / "t"));
    Kept kept(tables);
    Load(3).run(kept.machine, 100);
    kept.write();
  }
  for (const auto& entry : std::filesystem::directory_iterator(dir / "t"))
    if (entry.path().extension() == ".log") std::filesystem::remove(entry.path());
  const auto tables = Tables::open(options_of(dir / "t"));
  ASSERT_FALSE(tables.ok());
  EXPECT_NE(tables.error().message.find("Move that directory away"), std::string::npos) << tables.error().message;
}

// Waits for the reports of a TablesWriter.
class WriterReports {
 public:
  void take(const TablesWriter::Report& report) {
    const std::lock_guard lock(mutex_);
    reports_.push_back(report);
    changed_.notify_all();
  }
  TablesWriter::Report next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !reports_.empty(); });
    TablesWriter::Report report = reports_.front();
    reports_.pop_front();
    return report;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<TablesWriter::Report> reports_;
};

TEST(TablesWriter, writes_one_batch_after_another_and_reports_each) {
  const TemporaryDir dir;
  Disk disk(1);
  Tables tables = open_tables(disk.options(dir / "t"));
  Kept kept(tables);
  Load load(1);
  WriterReports reports;
  {
    TablesWriter writer(tables, threads(), [&](const TablesWriter::Report& report) { reports.take(report); });
    for (std::uint64_t batch = 1; batch <= 3; ++batch) {
      load.run(kept.machine, 100);
      writer.submit(kept.batch());
      const TablesWriter::Report report = reports.next();
      EXPECT_EQ(report.ended.end, Tables::End::kWritten);
      EXPECT_EQ(report.head.batch, batch);
      EXPECT_TRUE(writer.idle());
    }
    disk.files->set_full(true);
    load.run(kept.machine, 100);
    writer.submit(kept.batch());
    EXPECT_EQ(reports.next().ended.end, Tables::End::kNoSpace);
    EXPECT_FALSE(writer.idle());
    disk.files->set_full(false);
    writer.retry();
    EXPECT_EQ(reports.next().ended.end, Tables::End::kWritten);
    load.run(kept.machine, 100);
    writer.submit(kept.batch());
  }
  machine::Machine again;
  ASSERT_TRUE(tables.load(again).ok());
  expect_same(kept.machine, again);
}

}  // namespace
}  // namespace titer::store
