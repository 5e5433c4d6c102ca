// SPDX-License-Identifier: Apache-2.0

// LocalReads: linearizable reads by a thread of the replica's own process, of the state itself (docs/decisions/0043).
//
// A read takes its fence, waits until the state has executed what the fence names, looks at the state, and then at the lease
// (smr/read_terms.h). Without a lease it waits for one, up to kPatienceUs, and begins again.
//
// No question holds up the replica, or others. The state is looked at in steps, which end when the replica wants to change it;
// a turn of the reader has kTurnRows. A question that is not answered after kFirstRows begins again as a long
// one: these are answered one at a time, a part in each turn. So memory is taken for the rows of a single unfinished
// answer. registry/progress.h and machine/machine.h say which state an answer of several steps shows.
//
// Errors come as answers: kUnavailable without terms that serve, without a lease, or after kAnswerUs.
// Thread rule: one thread. It keeps references to what it is given.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>

#include "base/bytes.h"
#include "base/ids.h"
#include "client/local_state.h"
#include "net/clock.h"
#include "registry/keys.h"
#include "registry/progress.h"
#include "wire/codec.h"

namespace titer::client {

class LocalReads {
 public:
  static constexpr std::uint32_t kFirstRows = 4'096;  // of a question that just came; enough for a full page
  static constexpr std::uint32_t kLongRows = 8'192;   // of a long one, in a turn
  static constexpr std::uint32_t kTurnRows = 16'384;  // of a turn, about 2 ms; …
  static constexpr std::uint32_t kReadRows = 16;      // … what a question costs besides
  static constexpr std::size_t kTurnBytes = std::size_t{1} << 20;  // of answers in a turn, about
  static constexpr std::int64_t kPatienceUs = 2'000'000;           // without a lease
  static constexpr std::int64_t kAnswerUs = 10'000'000;            // in all
  static constexpr std::int64_t kLookEveryUs = 5'000;              // for a lease, besides when the terms change

  // The answer, or why there is none; its body lives until the call returns. It may ask.
  using Then = std::function<void(const wire::QueryAnswer&)>;

  // `wake` is called on any thread: on_turn() has something to do.
  LocalReads(LocalState& state, std::size_t reader, const net::Clock& clock, std::function<void()> wake);
  ~LocalReads();
  LocalReads(const LocalReads&) = delete;
  LocalReads& operator=(const LocalReads&) = delete;

  // `as`: on whose behalf; the answer shows what that key may see.
  void ask(Bytes body, registry::KeyId as, Then then);
  // Answers what can be answered. When to call it again, if nothing wakes it before.
  [[nodiscard]] BootTime on_turn();
  // Something was asked after the last turn.
  [[nodiscard]] bool asked() const { return !new_.empty(); }
  [[nodiscard]] std::size_t open() const {
    return new_.size() + fenced_.size() + ready_.size() + long_.size() + delayed_.size() + (running_ ? 1 : 0);
  }

 private:
  struct Question {
    Bytes body;
    registry::KeyId as;
    Then then;
    BootTime asked;
    smr::Uid fence;
    BootTime delayed;  // it has no lease since then; 0: it was not looked at without
  };
  using Questions = std::deque<Question>;
  // One that is answered in steps, and how it goes on.
  struct Answering {
    Question question;
    registry::Progress progress;
    Bytes rows;
    wire::QueryAnswer answer;
  };
  enum class Step { kDone, kUnfinished, kDelayed };

  void look_at_terms();
  void answer_ready();
  void go_on_with_long();
  [[nodiscard]] Step step(Answering& answering, std::uint32_t rows);
  void delay(Question question);
  [[nodiscard]] bool may_answer(const Question& question) const;
  void give_up_late(BootTime now);
  void refuse_all(Questions& questions, const std::string& why);
  [[nodiscard]] bool more_to_do() const { return !new_.empty() || !ready_.empty() || !long_.empty() || running_; }

  LocalState& state_;
  std::size_t reader_;
  const net::Clock& clock_;
  smr::ReadTerms terms_;              // as last looked at
  Questions new_;                     // without a fence yet
  Questions fenced_;                  // `fence` does not fall from front to back
  Questions ready_;                   // the state has come to their fences
  Questions long_, delayed_;          // likewise
  std::optional<Answering> running_;  // of the long ones
  Answering scratch_;
  BootTime next_look_;
  std::uint32_t rows_left_ = 0;     // in this turn …
  std::size_t answered_bytes_ = 0;  // … which has answered so much
};

}  // namespace titer::client
