// SPDX-License-Identifier: Apache-2.0

// For the tests of the tables: a directory that goes away, a load of random requests, one materialization in short.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "machine/testing.h"
#include "registry/random_requests.h"
#include "store/materializer.h"
#include "store/tables.h"

namespace titer::store::test {

class TemporaryDir {
 public:
  TemporaryDir() {
    std::string name = (std::filesystem::temp_directory_path() / "titer-tables-XXXXXX").string();
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~TemporaryDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDir(const TemporaryDir&) = delete;
  TemporaryDir& operator=(const TemporaryDir&) = delete;
  [[nodiscard]] std::string operator/(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

inline Tables::Options options_of(const std::string& dir) { return {dir, 0xC0FFEE, ReplicaId(1)}; }

inline Tables open_tables(const Tables::Options& options) {
  auto tables = Tables::open(options);
  EXPECT_TRUE(tables.ok()) << (tables.ok() ? "" : tables.error().message);
  return std::move(*tables);
}

// What an operation was refused with; empty: it was not.
template <typename T>
std::string error_of(const Result<T>& result) {
  return result.ok() ? "" : result.error().message;
}

// Random requests of some forty sessions; the same for the same seed.
class Load {
 public:
  explicit Load(std::uint64_t seed) : requests_(seed) {}
  void use_keys() { requests_.use_keys(); }
  void run(machine::Machine& machine, int count) {
    for (int i = 0; i < count; ++i) {
      const std::uint64_t session = 1 + requests_.below(40);
      make_.add(session, ++numbers_[session], requests_.next(++position_, 1'700'000'000'000));
    }
    machine.execute(make_.frame(), nullptr);
  }
  void fill_excess(machine::Machine& machine) { machine::fill_excess(machine, make_, 1'000); }
  std::uint64_t below(std::uint64_t n) { return requests_.below(n); }

 private:
  registry::test::RandomRequests requests_;
  machine::FrameMaker make_;
  std::map<std::uint64_t, std::uint64_t> numbers_;
  std::uint64_t position_ = 0;
};

// A machine whose changes go into tables.
struct Kept {
  explicit Kept(Tables& into, Written written = {}) : tables(into), materializer(into, std::move(written)) {
    machine.track_changes(true);
  }
  TablesBatch batch(bool learning = false) {
    Materializer::Closing closing;
    closing.checkpoint.clock = LamportTime(machine.position().value);
    closing.learning = learning;
    closing.now = WallTime(1'700'000'000'000);
    return materializer.close(machine, std::move(closing));
  }
  void write(bool learning = false) {
    TablesBatch closed = batch(learning);
    const Tables::Ended ended = tables.write(closed);
    EXPECT_EQ(ended.end, Tables::End::kWritten) << ended.error.message;
  }

  Tables& tables;
  machine::Machine machine;
  Materializer materializer;
};

inline void expect_same(const machine::Machine& one, const machine::Machine& two) {
  EXPECT_EQ(one.digest(), two.digest());
  EXPECT_EQ(one.position(), two.position());
  EXPECT_EQ(one.sessions(), two.sessions());
  EXPECT_EQ(one.registry().totals().events, two.registry().totals().events);
  EXPECT_EQ(one.registry().totals().oldest_event, two.registry().totals().oldest_event);
  for (const registry::Lane lane : registry::kAllLanes)
    EXPECT_EQ(one.registry().dropped(lane), two.registry().dropped(lane));
  EXPECT_EQ(one.registry().time(), two.registry().time());
  const Status sound = two.registry().check();
  EXPECT_TRUE(sound.ok()) << error_of(sound);
}

}  // namespace titer::store::test
