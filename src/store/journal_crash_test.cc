// SPDX-License-Identifier: Apache-2.0

// Power losses and killed processes at random moments, thousands of them: what was reported synced is there afterwards, and what is there is
// what was appended, in order, without a hole.
#include <gtest/gtest.h>

#include <algorithm>

#include "store/testing/test_journal.h"

namespace titer::store {
namespace {

constexpr int kCrashes = 1000;

// One replica's journal over many lives, and what it should hold.
class JournalLives {
 public:
  explicit JournalLives(std::uint64_t seed) : random_(seed), files_(seed + 1) {}

  void live() {
    if (random_.chance(0.9)) files_.cut_power_in(1 + random_.below(random_.chance(0.5) ? 6 : 60));
    options_.segment_bytes = (5 + random_.below(4)) * kFileBlock;
    {
      TestJournal test(files_, options_);
      if (test.journal) {
        check(test);
        work(test);
      } else {
        ASSERT_EQ(test.refused.message, "the power is gone");
      }
    }
    files_.restart(random_.chance(0.8));
  }
  [[nodiscard]] std::size_t appended() const { return history_.size(); }
  [[nodiscard]] std::size_t torn() const { return torn_; }

 private:
  // What came back is a part of the history without a hole that begins before all that is needed.
  void check(const TestJournal& test) {
    const auto& seen = test.came_back;
    torn_ += test.journal->contents().torn_bytes > 0 ? 1 : 0;
    if (seen.empty()) {
      ASSERT_LE(synced_, released_);  // all of it, when a new segment had begun
      history_.clear();
      synced_ = released_ = 0;
      return;
    }
    const auto begin = std::find(history_.begin(), history_.end(), seen.front());
    ASSERT_NE(begin, history_.end());
    const auto skipped = static_cast<std::size_t>(begin - history_.begin());
    ASSERT_LE(skipped, released_);
    ASSERT_GE(skipped + seen.size(), synced_);
    ASSERT_LE(skipped + seen.size(), history_.size());
    const auto [there, expected] = std::mismatch(seen.begin(), seen.end(), begin);
    ASSERT_EQ(there, seen.end()) << "record " << there - seen.begin() << " of " << seen.size() << " is "
                                 << there->name.view.value << "." << there->name.seq.value << " and not "
                                 << expected->name.view.value << "." << expected->name.seq.value << " "
                                 << expected->body.size();
    history_.resize(skipped + seen.size());
    synced_ = history_.size();  // open() has settled that
  }

  void work(TestJournal& test) {
    const std::size_t before = history_.size();
    const std::uint64_t steps = random_.below(40);
    for (std::uint64_t i = 0; i < steps && test.reports.failed().empty(); ++i) {
      const std::uint64_t records = 1 + random_.below(4);
      for (std::uint64_t r = 0; r < records; ++r) append(test);
      test.journal->commit();
      if (random_.chance(0.5)) test.sync();
      if (random_.chance(0.2)) release(test, before);
    }
    if (random_.chance(0.3)) test.sync();
    const bool killed = random_.chance(0.5);
    if (killed) append(test);  // and never commit it
    test.journal.reset();
    synced_ = std::max(synced_, before + test.reports.synced());
  }

  void append(TestJournal& test) {
    if (random_.chance(0.02)) view_ += 1 + random_.below(2);
    const std::size_t bytes = random_.below(random_.chance(0.8) ? 300 : 9000);
    const std::string body(bytes, static_cast<char>('a' + random_.below(26)));
    const bool installs = random_.chance(0.05);
    history_.push_back(installs ? install(++view_) : frame(view_, random_.below(3), ++seq_, body));
    test.append(history_.back());
  }

  // Everything up to a record that is known to be synced.
  void release(TestJournal& test, std::size_t before) {
    const std::size_t known = std::max(synced_, before + test.reports.synced());
    if (known == 0) return;
    const std::size_t up_to = random_.below(known) + 1;
    const ViewNumber view = history_[up_to - 1].name.view;
    smr::AckRow bases;
    for (std::uint64_t x = 0; x < 3; ++x) {
      Seq base;
      for (std::size_t i = 0; i < up_to; ++i)
        if (history_[i].name.view == view && history_[i].name.transmitter == TransmitterId(x) &&
            history_[i].kind == RecordKind::kFrame)
          base = std::max(base, history_[i].name.seq);
      bases.emplace_back(TransmitterId(x), base);
    }
    test.journal->release(view, bases);
    released_ = std::max(released_, up_to);
    // An install of that view is released too, wherever it is, but nothing behind a record that is not.
    while (released_ < history_.size() && history_[released_].name.view == view &&
           history_[released_].kind == RecordKind::kInstall)
      ++released_;
  }

  Random random_;
  SimulatedFiles files_;
  JournalOptions options_ = TestJournal::options();
  std::vector<TestRecord> history_;
  std::size_t synced_ = 0, released_ = 0;  // how many of the history
  std::size_t torn_ = 0;
  std::uint64_t view_ = 1, seq_ = 0;
};

TEST(JournalCrash, a_prefix_with_everything_synced_survives_every_power_loss) {
  std::size_t appended = 0, torn = 0;
  for (std::uint64_t seed = 1; seed <= kCrashes / 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    JournalLives lives(seed);
    for (int life = 0; life < 50; ++life) {
      SCOPED_TRACE("life " + std::to_string(life));
      lives.live();
      if (HasFatalFailure()) return;
    }
    appended += lives.appended();
    torn += lives.torn();
  }
  EXPECT_GT(appended, kCrashes * 5U);
  EXPECT_GT(torn, kCrashes / 50U);
}

}  // namespace
}  // namespace titer::store
