// SPDX-License-Identifier: Apache-2.0

#include "client/local_reads.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "smr/rules.h"

namespace titer::client {

namespace {

constexpr std::int64_t kLookForLateUs = 100'000;
constexpr const char* kLateText = "this replica did not answer in time; try again, or ask another replica";
constexpr const char* kNoLeaseText = "this replica has no read lease: it may be cut off; ask another one";

void refuse(const LocalReads::Then& then, std::string_view why) {
  then({0, {}, Code::kUnavailable, as_bytes(why)});
}

}  // namespace

LocalReads::LocalReads(LocalState& state, std::size_t reader, const net::Clock& clock, std::function<void()> wake)
    : state_(state), reader_(reader), clock_(clock) {
  state_.on_change(reader_, std::move(wake));
}

LocalReads::~LocalReads() { state_.on_change(reader_, nullptr); }

void LocalReads::ask(Bytes body, registry::KeyId as, Then then) {
  new_.push_back({std::move(body), as, std::move(then), clock_.boot_now(), {}, {}});
}

BootTime LocalReads::on_turn() {
  const BootTime now = clock_.boot_now();
  if (open() == 0) return BootTime(INT64_MAX);
  if (now >= next_look_) {
    give_up_late(now);
    next_look_ = later(now, kLookForLateUs);
  }
  rows_left_ = kTurnRows;
  answered_bytes_ = 0;
  do {
    look_at_terms();
    answer_ready();
  } while (!new_.empty() && rows_left_ > 0 && answered_bytes_ < kTurnBytes);  // what the answers led to
  go_on_with_long();
  if (more_to_do()) return now;
  if (open() == 0) return BootTime(INT64_MAX);
  if (!state_.wait(reader_, terms_)) return now;
  return delayed_.empty() ? next_look_ : std::min(next_look_, later(now, kLookEveryUs));
}

void LocalReads::look_at_terms() {
  terms_ = state_.terms();
  if (!terms_.serves) {
    const std::string why = state_.refusal();
    for (Questions* questions : {&new_, &fenced_, &delayed_}) refuse_all(*questions, why);
    return;
  }
  const bool unconfirmed = !new_.empty() && new_.back().asked > terms_.lease.confirmed;
  if (unconfirmed && terms_.lease.until != BootTime()) state_.confirm();
  for (Question& question : new_) {
    question.fence = terms_.held;
    fenced_.push_back(std::move(question));
  }
  new_.clear();
  for (; !fenced_.empty() && terms_.passed(fenced_.front().fence); fenced_.pop_front())
    ready_.push_back(std::move(fenced_.front()));
  for (Question& question : std::exchange(delayed_, {})) {
    if (may_answer(question))
      ready_.push_back(std::move(question));
    else
      delay(std::move(question));
  }
}

void LocalReads::answer_ready() {
  while (rows_left_ > 0 && answered_bytes_ < kTurnBytes && !ready_.empty()) {
    scratch_.question = std::move(ready_.front());
    ready_.pop_front();
    scratch_.rows.clear();
    scratch_.progress = {};
    switch (step(scratch_, kFirstRows)) {
      case Step::kDone: scratch_.question.then(scratch_.answer); break;
      case Step::kUnfinished: long_.push_back(std::move(scratch_.question)); break;
      case Step::kDelayed: delay(std::move(scratch_.question)); break;
    }
  }
}

void LocalReads::go_on_with_long() {
  if (!running_) {
    if (long_.empty()) return;
    running_.emplace().question = std::move(long_.front());
    long_.pop_front();
  }
  const Step step_made = step(*running_, kLongRows);
  if (step_made == Step::kUnfinished) return;
  Answering done = std::move(*running_);
  running_.reset();
  if (step_made == Step::kDelayed) return delay(std::move(done.question));  // it begins again
  done.question.then(done.answer);
}

LocalReads::Step LocalReads::step(Answering& answering, std::uint32_t rows) {
  const Question& question = answering.question;
  registry::Progress& progress = answering.progress;
  const bool looks_after = smr::rule_enabled(smr::ProtocolRule::kLeaseAfterRead);
  const bool allowed_before = looks_after || may_answer(question);
  do {
    progress.begin_step(rows);
    state_.query(reader_, question.body, answering.rows, answering.answer, question.as, progress);
    const std::uint32_t looked_at = rows - progress.rows;
    rows = progress.rows;
    rows_left_ -= std::min(rows_left_, kReadRows + looked_at);
  } while (progress.unfinished && rows > 0);
  if (progress.unfinished) return Step::kUnfinished;
  if (looks_after ? !may_answer(question) : !allowed_before) return Step::kDelayed;
  answered_bytes_ += answering.rows.size();
  state_.answered(reader_);
  return Step::kDone;
}

// The clock first: terms that were copied before it might have been replaced by others when it is read.
bool LocalReads::may_answer(const Question& question) const {
  const BootTime now = clock_.boot_now();
  const smr::LastTurn here = smr::LastTurn::of(now, clock_.monotonic_us());
  return state_.terms().allows(here, question.asked);
}

void LocalReads::delay(Question question) {
  const BootTime now = clock_.boot_now();
  if (question.delayed == BootTime()) question.delayed = now;
  if (now.value - question.delayed.value > kPatienceUs) return refuse(question.then, kNoLeaseText);
  delayed_.push_back(std::move(question));
}

void LocalReads::give_up_late(BootTime now) {
  std::vector<Then> late;
  const auto gather = [&](Question& question) {
    if (now.value - question.asked.value <= kAnswerUs) return false;
    late.push_back(std::move(question.then));
    return true;
  };
  for (Questions* questions : {&fenced_, &ready_, &long_, &delayed_}) std::erase_if(*questions, gather);
  if (running_ && gather(running_->question)) running_.reset();
  for (const Then& then : late) refuse(then, kLateText);
}

void LocalReads::refuse_all(Questions& questions, const std::string& why) {
  for (const Question& question : std::exchange(questions, {})) refuse(question.then, why);
}

}  // namespace titer::client
