// SPDX-License-Identifier: Apache-2.0

#include "view/record_change.h"

#include <memory>
#include <utility>

namespace titer::view {

namespace {

using Found = Result<std::optional<ClusterRecord>>;

Found parsed(const CellState& state) {
  if (!state.value) return std::optional<ClusterRecord>();
  auto record = cluster_record_from(state.value->text);
  if (!record) return record.error();
  return std::optional(std::move(record).value());
}

// Runs the loop until each step is done.
class Work {
 public:
  Work(net::Loop& loop, const EtcdOptions& options, std::string key)
      : loop_(loop),
        etcd_(loop.context(), options),
        key_(std::move(key)),
        attempts_(2 * options.endpoints.size()) {}

  [[nodiscard]] Result<CellState> read() {
    for (;;) {
      auto state = wait<CellState>([this](auto then) { etcd_.get(key_, std::move(then)); });
      if (state || attempts_ == 0 || state.error().code != Code::kUnreachable) return state;
      --attempts_;
    }
  }
  [[nodiscard]] Found change(const Change& change) {
    std::string mine;
    for (;;) {
      const auto state = read();
      if (!state) return state.error();
      Found record = parsed(*state);
      if (!record || (!mine.empty() && state->value && state->value->text == mine)) return record;
      const auto next = change(*record);
      if (!next) return next.error();
      mine = to_json(*next);
      const std::int64_t expected = state->value ? state->value->revision : 0;
      const auto replaced = wait<bool>([&](auto then) { etcd_.replace(key_, expected, mine, std::move(then)); });
      if (replaced) continue;
      if (attempts_ == 0 || replaced.error().code != Code::kUnreachable) return replaced.error();
      --attempts_;
    }
  }

 private:
  // The answer to what `begin` asks; where the loop is stopped first, nothing more is attempted.
  template <typename T, typename Begin>
  [[nodiscard]] Result<T> wait(Begin begin) {
    const auto answer = std::make_shared<std::optional<Result<T>>>();
    begin(EtcdClient::Then<T>([answer](Result<T> given) { answer->emplace(std::move(given)); }));
    if (loop_.run_until(BootTime(INT64_MAX), [&] { return answer->has_value(); })) return std::move(**answer);
    attempts_ = 0;
    return Error{Code::kUnreachable, "interrupted"};
  }

  net::Loop& loop_;
  EtcdClient etcd_;
  std::string key_;
  std::size_t attempts_;  // that are left
};

}  // namespace

Result<std::optional<ClusterRecord>> read_record(net::Loop& loop, const EtcdOptions& etcd, const std::string& key) {
  const auto state = Work(loop, etcd, key).read();
  if (!state) return state.error();
  return parsed(*state);
}

Result<ClusterRecord> change_record(net::Loop& loop, const EtcdOptions& etcd, const std::string& key,
                                    const Change& change) {
  auto found = Work(loop, etcd, key).change(change);
  if (!found) return found.error();
  if (!*found) return Error{Code::kNotFound, "the record is not there"};
  return std::move(**found);
}

}  // namespace titer::view
