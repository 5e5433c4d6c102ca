// SPDX-License-Identifier: Apache-2.0

#include "node/reads.h"

#include <algorithm>
#include <utility>

#include "base/rules.h"

namespace titer::node {

void Reads::begin(Question question) {
  const std::uint64_t read = next_read_++;
  question.asked = env_.boot_now();
  questions_.emplace(read, std::move(question));
  engine_.step(smr::input::Read{read});
}

void Reads::ready(std::uint64_t read) {
  const auto it = questions_.find(read);
  if (it == questions_.end()) return;
  if (hooks_.connection(it->second.client) != nullptr)
    ready_.add(it->second.client, read);
  else
    questions_.erase(it);
}

void Reads::refused(std::uint64_t read, const Error& why) {
  if (questions_.contains(read)) refuse(read, why);
}

void Reads::on_turn(BootTime now) {
  if (questions_.empty()) return;
  rows_left_ = limits::kTurnRows;
  answered_bytes_ = 0;
  look_at_delayed(now);
  answer_new();
  go_on_with_long();
  if (!ready_.empty() || !long_.empty() || running_) env_.wake_at(now);
}

void Reads::answer_new() {
  while (rows_left_ > 0 && answered_bytes_ < limits::kTurnAnswerBytes) {
    const auto read = ready_.take();
    if (!read) return;
    scratch_.read = *read;
    scratch_.rows.clear();
    scratch_.progress = {};
    switch (step(scratch_, limits::kFirstRows)) {
      case Step::kDone: close(*read, scratch_.answer); break;
      case Step::kUnfinished: long_.add(questions_.find(*read)->second.client, *read); break;
      case Step::kDelayed: delayed_.push_back(*read); break;
    }
  }
}

void Reads::go_on_with_long() {
  if (!running_) {
    const auto read = long_.take();
    if (!read) return;
    running_.emplace().read = *read;
  }
  switch (step(*running_, limits::kStepRows)) {
    case Step::kUnfinished: return;
    case Step::kDone: close(running_->read, running_->answer); break;
    case Step::kDelayed: delayed_.push_back(running_->read); break;  // it begins again
  }
  running_.reset();
}

Reads::Step Reads::step(Answering& answering, std::uint32_t rows) {
  const auto it = questions_.find(answering.read);
  if (it == questions_.end()) return Step::kDone;  // its client is gone
  Question& question = it->second;
  const net::Connection* connection = hooks_.connection(question.client);
  if (connection == nullptr) return Step::kDone;
  // A new question is looked at first: nearly always there is a lease, and if not, one look was in vain.
  const bool is_long = &answering != &scratch_;
  if (is_long ? delays(question, *connection) : unread(question, *connection)) return Step::kDelayed;
  registry::Progress& progress = answering.progress;
  progress.begin_step(rows);
  if (question.request != RequestNumber()) {
    rows_left_ -= std::min(rows_left_, limits::kReadRows);
    answering.answer = {};
    return delays(question, *connection) ? Step::kDelayed : Step::kDone;
  }
  const std::size_t bytes = answering.rows.size();
  const registry::KeyId as = question.shows_key ? registry::kMachine : question.as;
  engine_.machine.query(question.body, answering.rows, answering.answer, {as, env_.wall_now()}, progress);
  rows_left_ -= std::min(rows_left_, limits::kReadRows + rows - progress.rows);
  answered_bytes_ += answering.rows.size() - std::min(bytes, answering.rows.size());
  if (progress.unfinished) return Step::kUnfinished;
  if (delays(question, *connection)) return Step::kDelayed;
  question.delayed = {};
  ++answered_;
  return Step::kDone;
}

bool Reads::unread(Question& question, const net::Connection& connection) const {
  const bool unread = connection.waiting() > limits::kUnreadBytesMax;
  if (unread && question.delayed == BootTime()) question.delayed = env_.boot_now();
  return unread;
}

bool Reads::delays(Question& question, const net::Connection& connection) const {
  if (unread(question, connection)) return true;
  const BootTime now = env_.boot_now();
  if (engine_.read_lease(now, question.asked) || !rule_enabled(ProtocolRule::kLeaseAfterRead)) return false;
  if (question.delayed == BootTime()) question.delayed = now;
  return true;
}

void Reads::look_at_delayed(BootTime now) {
  std::vector<std::uint64_t> again;
  std::swap(again, delayed_);
  for (const std::uint64_t read : again) {
    const auto it = questions_.find(read);
    if (it == questions_.end()) continue;
    Question& question = it->second;
    net::Connection* connection = hooks_.connection(question.client);
    if (connection == nullptr) {
      questions_.erase(it);
      continue;
    }
    const bool lazy = unread(question, *connection);
    const std::int64_t waited = now.value - question.delayed.value;
    if (!delays(question, *connection)) {
      ready_.add(question.client, read);
    } else if (lazy && waited > limits::kUnreadPatienceUs) {
      connection->fail(Code::kBusy, "it does not read what it asked for");
      questions_.erase(read);
    } else if (!lazy && waited > limits::kReadPatienceUs) {
      refuse(read, {Code::kUnavailable, "this replica has no read lease: it may be cut off; ask another one"});
    } else {
      delayed_.push_back(read);
    }
  }
}

void Reads::close(std::uint64_t read, wire::QueryAnswer& answer) {
  const auto it = questions_.find(read);
  if (it == questions_.end()) return;
  const Question question = std::move(it->second);
  questions_.erase(it);
  if (hooks_.connection(question.client) == nullptr) return;
  answer.token = question.token;
  hooks_.answer(question, answer);
}

void Reads::refuse(std::uint64_t read, const Error& why) {
  wire::QueryAnswer answer{0, engine_.machine.position(), why.code, as_bytes(why.message)};
  close(read, answer);
}

void Reads::forget(std::uint64_t client) {
  for (RoundRobin* queue : {&ready_, &long_})
    for (const std::uint64_t read : queue->forget(client)) questions_.erase(read);
  if (!running_) return;
  const auto it = questions_.find(running_->read);
  if (it == questions_.end() || it->second.client != client) return;
  questions_.erase(it);
  running_.reset();
}

}  // namespace titer::node
