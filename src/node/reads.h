// SPDX-License-Identifier: Apache-2.0

// Reads: the questions of clients, from their arrival to their answer.
//
// Each is a read of smr. When its fence has passed it is answered from the state, if this replica has a read lease after it
// looked (docs/explanation/protocol.md §5); without one it waits up to kReadPatienceUs, and the state is not looked at again
// before there is one.
//
// No question holds up a turn, or others. A turn answers questions of one client after the other until their rows are used
// up, the rest in later turns. A question that is not answered after kFirstRows begins again as a long one: these are
// answered one at a time, again of one client after the other, a step of kStepRows in each turn. So memory is taken for the
// rows of a single unfinished answer. registry/progress.h and machine/machine.h say which state such an answer shows.
//
// Thread rule: the loop's thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "net/connection.h"
#include "net/environment.h"
#include "node/engine.h"
#include "node/limits.h"
#include "node/round_robin.h"
#include "wire/codec.h"

namespace titer::node {

struct Question {
  std::uint64_t client = 0;
  std::uint64_t token = 0;
  Bytes body;
  BootTime asked;
  registry::KeyId as;      // on whose behalf
  bool shows_key = false;  // the question is whether the client is `as`
  // The question is whether this request, in `body`, is refused; 0: it is another one. The state is then looked at by whoever
  // takes the answer (clients_requests.cc), which is kOk when there is a lease.
  RequestNumber request = {};
  BootTime delayed = {};  // since then it has no lease, or its client does not read; 0: neither
};

// A question that is answered in steps, its rows so far, and how it goes on.
struct Answering {
  std::uint64_t read = 0;
  registry::Progress progress;
  Bytes rows;
  wire::QueryAnswer answer;
};

class Reads {
 public:
  static constexpr std::uint64_t kNobody = 0;  // a token of smr's that no question here has
  struct Hooks {
    std::function<net::Connection*(std::uint64_t client)> connection;  // null: it is gone
    // Exactly once for each question whose client is there: the answer, or why there is none.
    std::function<void(const Question&, wire::QueryAnswer&)> answer;
  };
  Reads(net::Environment& env, Engine& engine, Hooks hooks)
      : env_(env), engine_(engine), hooks_(std::move(hooks)) {}

  void begin(Question question);
  // From smr: its fence has passed; or it cannot be answered here.
  void ready(std::uint64_t read);
  void refused(std::uint64_t read, const Error& why);
  // Once a turn, after execution.
  void on_turn(BootTime now);
  void forget(std::uint64_t client);

  [[nodiscard]] std::uint64_t answered() const { return answered_; }

 private:
  enum class Step { kDone, kUnfinished, kDelayed };

  [[nodiscard]] Step step(Answering& answering, std::uint32_t rows);
  // Its client does not read what it got; or there is no lease either.
  [[nodiscard]] bool unread(Question& question, const net::Connection& connection) const;
  [[nodiscard]] bool delays(Question& question, const net::Connection& connection) const;
  void look_at_delayed(BootTime now);
  void answer_new();
  void go_on_with_long();
  void close(std::uint64_t read, wire::QueryAnswer& answer);
  void refuse(std::uint64_t read, const Error& why);

  net::Environment& env_;
  Engine& engine_;
  Hooks hooks_;
  std::uint64_t next_read_ = 1;
  boost::unordered_flat_map<std::uint64_t, Question> questions_;
  RoundRobin ready_, long_;
  std::vector<std::uint64_t> delayed_;
  std::optional<Answering> running_;  // of the long ones
  Answering scratch_;
  std::uint32_t rows_left_ = 0;     // in this turn …
  std::size_t answered_bytes_ = 0;  // … which has answered so much
  std::uint64_t answered_ = 0;
};

}  // namespace titer::node
