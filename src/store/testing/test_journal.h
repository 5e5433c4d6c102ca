// SPDX-License-Identifier: Apache-2.0

// TestJournal: a journal with everything a test asks of it: what came back at open, what was reported, and waiting for
// that. For tests only. Thread rule: the test's thread; Reports from any.
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <string>
#include <vector>

#include "store/journal.h"
#include "store/simulated/simulated_files.h"

namespace titer::store {

struct TestRecord {
  RecordKind kind = RecordKind::kFrame;
  RecordName name;
  std::string body;
  bool operator==(const TestRecord&) const = default;
};

inline TestRecord frame(std::uint64_t view, std::uint64_t transmitter, std::uint64_t seq,
                        std::string body = "frame") {
  return {RecordKind::kFrame, {ViewNumber(view), TransmitterId(transmitter), Seq(seq)}, std::move(body)};
}
inline TestRecord install(std::uint64_t view) {
  return {RecordKind::kInstall, {ViewNumber(view), {}, {}}, "install"};
}

// What the journal's events said.
class Reports {
 public:
  JournalEvents events() {
    return {[this](std::uint64_t ticket) { note([&] { synced_.push_back(ticket); }); },
            [this](const Error& why) { note([&] { failed_.push_back(why); }); },
            [this](bool enough) { note([&] { room_.push_back(enough); }); }};
  }
  [[nodiscard]] std::uint64_t synced() {
    const std::lock_guard lock(lock_);
    return synced_.empty() ? 0 : synced_.back();
  }
  [[nodiscard]] std::vector<std::uint64_t> all_synced() { return copy(synced_); }
  [[nodiscard]] std::vector<Error> failed() { return copy(failed_); }
  [[nodiscard]] std::vector<bool> room() { return copy(room_); }
  void wait_synced(std::uint64_t ticket) {
    wait([&] { return ticket == 0 || (!synced_.empty() && synced_.back() >= ticket) || !failed_.empty(); });
  }
  void wait_failed() {
    wait([&] { return !failed_.empty(); });
  }
  void wait_room(bool enough) {
    wait([&] { return !room_.empty() && room_.back() == enough; });
  }

 private:
  template <typename Change>
  void note(Change change) {
    {
      const std::lock_guard lock(lock_);
      change();
    }
    changed_.notify_all();
  }
  template <typename T>
  std::vector<T> copy(const std::vector<T>& from) {
    const std::lock_guard lock(lock_);
    return from;
  }
  template <typename Condition>
  void wait(Condition condition) {
    std::unique_lock lock(lock_);
    changed_.wait(lock, condition);
  }

  std::mutex lock_;
  std::condition_variable changed_;
  std::vector<std::uint64_t> synced_;
  std::vector<Error> failed_;
  std::vector<bool> room_;
};

// This machine's workers and clocks with these files.
inline StoreEnvironment environment_on(Files& files) {
  const StoreEnvironment& real = real_environment();
  return {files, real.databases, real.workers, real.wall_now, real.monotonic_us, real.draw};
}

class TestJournal {
 public:
  static constexpr std::uint64_t kSegment = 8 * kFileBlock;

  static JournalOptions options(std::uint64_t segment_bytes = kSegment) {
    JournalOptions options;
    options.dir = "/journal";
    options.cluster = 0xC1;
    options.me = ReplicaId(2);
    options.segment_bytes = segment_bytes;
    return options;
  }

  explicit TestJournal(Files& files, const JournalOptions& options = TestJournal::options()) {
    auto opened = Journal::open(
        options, reports.events(),
        [this](RecordKind kind, const RecordName& name, ByteView body) {
          came_back.push_back({kind, name, std::string(as_text(body))});
          return ok_status();
        },
        environment_on(files));
    if (opened)
      journal = std::move(opened).value();
    else
      refused = opened.error();
  }

  void append(const TestRecord& record) { append(record, ++ticket); }
  void append(const TestRecord& record, std::uint64_t with) {
    ticket = with;
    journal->append(with, record.kind, record.name,
                    [&](Bytes& out) { ByteWriter(out).raw(as_bytes(record.body)); });
  }
  // One group, on the disk when it returns, unless the journal fails.
  void write(const TestRecord& record) {
    append(record);
    sync();
  }
  void sync() {
    journal->commit();
    reports.wait_synced(ticket);
  }

  Reports reports;  // outlives the journal
  std::vector<TestRecord> came_back;
  Error refused{Code::kOk, ""};
  std::uint64_t ticket = 0;
  std::unique_ptr<Journal> journal;
};

// What a start would show.
inline std::vector<TestRecord> stored(Files& files) { return TestJournal(files).came_back; }

}  // namespace titer::store
