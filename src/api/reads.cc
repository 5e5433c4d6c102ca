// SPDX-License-Identifier: Apache-2.0

#include "api/reads.h"

#include <algorithm>
#include <string>
#include <utility>

#include "api/limits.h"
#include "wire/codec.h"

namespace titer::api {

Reads::Reads(net::Loop& loop, client::LocalState& state, std::size_t reader)
    : loop_(loop), reads_(state, reader, loop, [&loop] { loop.post([] {}); }) {}

void Reads::ask(const registry::Query& query, ThenRows then, registry::KeyId as) {
  if (reads_.open() >= limits::kWaitingMax)
    return loop_.post([then = std::move(then)] {
      then(Error{Code::kBusy, "too many requests wait at this replica; try again in a moment"});
    });
  Bytes body;
  wire::encode_query(body, query);
  reads_.ask(std::move(body), as, [this, then = std::move(then)](const wire::QueryAnswer& answer) {
    newest_ = std::max(newest_, answer.position);
    if (answer.code == Code::kOk) return then(Rows{answer.position, answer.body});
    then(Error{answer.code, std::string(as_text(answer.body))});
  });
}

}  // namespace titer::api
