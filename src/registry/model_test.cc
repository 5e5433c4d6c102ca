// SPDX-License-Identifier: Apache-2.0

// Random requests of every kind against the slow, obvious model of testing/model.h: after each of them the outcome and
// the rows must agree, and every few of them whatever can be asked.
#include <map>
#include <set>

#include "base/random.h"
#include "registry/random_requests.h"
#include "registry/test_support.h"
#include "registry/testing/compare.h"

namespace titer::registry {
namespace {

using test::Model;
using test::RandomRequests;

constexpr std::size_t kEnough = std::size_t{64}
                                << 20;  // bytes of history: never reached, the model counts events alone

// What a run came to, so that a green one proves something.
struct Reached {
  std::map<EventKind, int> events;
  std::set<Code> codes;
  int lanes_dropped = 0, excess = 0, bulks_refused = 0, undos = 0, judged = 0;
};

class Pair {
 public:
  // Positions and times begin in the middle of their range, or near its end.
  Pair(std::uint64_t seed, State::HistoryBounds bounds, Reached& reached)
      : bounds_(bounds),
        state_(bounds),
        model_(bounds),
        random_(seed * 2 + 1),
        reached_(reached),
        position_(seed % 5 == 0 ? limits::kCounterMax - 1000 : 0),
        now_(seed % 7 == 0 ? limits::kWallTimeMaxMs - 60LL * limits::kHistoryAgeMs : 1'700'000'000'000) {}

  [[nodiscard]] std::uint64_t position() const { return position_; }
  [[nodiscard]] std::int64_t now() const { return now_; }

  // "" as long as both agree.
  std::string apply(const Request& request) {
    const WallTime stamp(tick());
    const Status judged = state_.judge(request);
    const std::uint64_t digest = state_.digest();
    const Position at(++position_);
    state_.apply(request, at, stamp, out_);
    std::string found = test::difference(out_, model_.apply(request, at, stamp));
    if (found.empty()) found = test::difference_of_rows(state_, model_);
    if (found.empty() && !judged.ok() && out_.ok()) found = "judge() refused what was accepted";
    if (found.empty() && !out_.ok() && !out_.changed && state_.digest() != digest) found = "a refusal changed rows";
    note(request, !judged.ok());
    return found.empty() ? found : describe(request, out_) + ": " + found;
  }
  std::string compare() {
    if (const Status sound = state_.check(); !sound) return sound.error().message;
    return test::difference(state_, model_, random_);
  }
  // Goes on as a replica that has received the state.
  void transfer() { state_ = test::copy(state_, bounds_); }
  [[nodiscard]] const State& state() const { return state_; }
  [[nodiscard]] Random& random() { return random_; }

 private:
  // Mostly a second; stamps may stand still or fall, and seldom a year goes by.
  std::int64_t tick() {
    if (random_.chance(.8)) return now_ += 1000;
    if (random_.chance(.01)) return now_ += limits::kHistoryAgeMs;
    return now_ - static_cast<std::int64_t>(random_.below(3000));
  }
  void note(const Request& request, bool judged) {
    reached_.codes.insert(out_.code);
    reached_.judged += judged ? 1 : 0;
    reached_.bulks_refused += std::holds_alternative<Bulk>(request.operation) && out_.failed_part > 0 ? 1 : 0;
    reached_.undos += std::holds_alternative<Undo>(request.operation) && out_.changed ? 1 : 0;
    if (out_.changed) {
      (void)state_.history({{}, {}, 1}, [&](const Event& event) {
        ++reached_.events[event.kind];
        return true;
      });
    }
    for (const Lane lane : kAllLanes) reached_.lanes_dropped += state_.dropped(lane) == Position() ? 0 : 1;
    reached_.excess += state_.dropped(Lane::kExcess) == Position() ? 0 : 1;
  }

  State::HistoryBounds bounds_;
  State state_;
  Model model_;
  Random random_;
  Reached& reached_;
  Outcome out_;
  std::uint64_t position_;
  std::int64_t now_;
};

void run(std::uint64_t seed, Reached& reached) {
  const bool keys = seed % 2 == 0, wild = seed % 3 != 0, few_events = seed % 4 >= 2;
  Pair pair(seed,
            {few_events ? std::size_t{48} : 100'000, kEnough, limits::kHistoryAgeMs, few_events ? 8U : 20'000U},
            reached);
  RandomRequests requests(seed);
  if (keys) requests.use_keys();
  if (wild) requests.be_wild();
  for (int step = 0; step < 500; ++step) {
    const Request request = requests.next(pair.position(), pair.now());
    ASSERT_EQ(pair.apply(request), "") << "step " << step;
    if (pair.random().chance(.1)) {
      ASSERT_EQ(pair.compare(), "") << "step " << step;
    }
    if (pair.random().chance(.01)) pair.transfer();
  }
  ASSERT_EQ(pair.compare(), "");
}

TEST(RandomRequests, are_answered_as_the_model_says) {
  Reached reached;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    run(seed, reached);
    if (HasFatalFailure()) return;
  }
  for (auto kind = EventKind::kAddSite; kind <= kLastEventKind;
       kind = static_cast<EventKind>(static_cast<int>(kind) + 1))
    EXPECT_GT(reached.events[kind], 0) << name(kind);
  for (const Code code : {Code::kOk, Code::kInvalid, Code::kNotFound, Code::kDuplicate, Code::kStaleVersion,
                          Code::kOutOfDate, Code::kNotEnough, Code::kNotACount, Code::kClosed, Code::kTooLarge,
                          Code::kTooOld, Code::kUnauthorized, Code::kForbidden, Code::kWritesStopped})
    EXPECT_TRUE(reached.codes.contains(code)) << name(code);
  EXPECT_GT(reached.lanes_dropped, 0);
  EXPECT_GT(reached.excess, 0);
  EXPECT_GT(reached.bulks_refused, 0);
  EXPECT_GT(reached.undos, 0);
  EXPECT_GT(reached.judged, 0);
}

}  // namespace
}  // namespace titer::registry
