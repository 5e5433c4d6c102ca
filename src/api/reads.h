// SPDX-License-Identifier: Apache-2.0

// Reads: a worker's questions to the state of its replica, answered on the worker's own thread (client/local_reads.h).
//
// Limits: kWaitingMax questions without an answer; beyond that kBusy. Thread rule: the worker's thread.
#pragma once

#include <cstddef>
#include <functional>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "client/local_reads.h"
#include "net/loop.h"
#include "registry/query.h"

namespace titer::api {

// Rows as in wire/codec.h; `body` lives until the callback returns. client/read.h has visitors for it.
struct Rows {
  Position position;
  ByteView body;
};
using ThenRows = std::function<void(const Result<Rows>&)>;

class Reads {
 public:
  // `reader`: the number of this worker.
  Reads(net::Loop& loop, client::LocalState& state, std::size_t reader);

  // `as`: on whose behalf; the answer shows what that key may see. kMachine: our own.
  void ask(const registry::Query& query, ThenRows then, registry::KeyId as = registry::kNoKey);
  // At the end of every turn.
  void on_turn() { loop_.wake_at(reads_.on_turn()); }

  // Something was asked after this turn's on_turn().
  [[nodiscard]] bool asked() const { return reads_.asked(); }
  // The highest position in any answer so far.
  [[nodiscard]] Position newest() const { return newest_; }

 private:
  net::Loop& loop_;
  client::LocalReads reads_;
  Position newest_;
};

}  // namespace titer::api
