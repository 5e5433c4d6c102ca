// SPDX-License-Identifier: Apache-2.0

#include "view/record_change.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <memory>
#include <utility>

namespace titer::view {

namespace {

using Found = Result<std::optional<ClusterRecord>>;

// The work; held by the coroutine, because the loop may stop before its end.
struct Job {
  Job(net::Loop& loop, const EtcdOptions& options, std::string where)
      : etcd(loop.context(), options), key(std::move(where)), attempts(2 * options.endpoints.size()) {}
  EtcdClient etcd;
  std::string key;
  std::size_t attempts;
  const Change* change = nullptr;  // null: only read
  std::optional<Found> result;
};

Found parsed(const EtcdState& state) {
  if (!state.value) return std::optional<ClusterRecord>();
  auto record = cluster_record_from(state.value->text);
  if (!record) return record.error();
  return std::optional(std::move(record).value());
}

boost::asio::awaitable<Result<EtcdState>> read(Job& job) {
  for (;;) {
    auto state = co_await job.etcd.get(job.key);
    if (state || job.attempts == 0 || state.error().code != Code::kUnreachable) co_return state;
    --job.attempts;
  }
}

boost::asio::awaitable<Found> work(Job& job) {
  std::string mine;
  for (;;) {
    const auto state = co_await read(job);
    if (!state) co_return state.error();
    Found record = parsed(*state);
    if (!record || job.change == nullptr) co_return record;
    if (!mine.empty() && state->value && state->value->text == mine) co_return record;
    const auto next = (*job.change)(*record);
    if (!next) co_return next.error();
    mine = to_json(*next);
    const auto replaced = co_await job.etcd.replace(job.key, state->value ? state->value->revision : 0, mine);
    if (!replaced && replaced.error().code != Code::kUnreachable) co_return replaced.error();
    if (!replaced && job.attempts-- == 0) co_return replaced.error();
  }
}

boost::asio::awaitable<void> perform(std::shared_ptr<Job> job, net::Loop& loop) {
  job->result = co_await work(*job);
  loop.stop();
}

Found run(net::Loop& loop, const EtcdOptions& etcd, const std::string& key, const Change* change) {
  const auto job = std::make_shared<Job>(loop, etcd, key);
  job->change = change;
  boost::asio::co_spawn(loop.context(), perform(job, loop), boost::asio::detached);
  loop.run_until(BootTime(INT64_MAX), [&] { return job->result.has_value(); });
  if (job->result) return *job->result;
  job->etcd.close();
  return Error{Code::kUnreachable, "interrupted"};
}

}  // namespace

Result<std::optional<ClusterRecord>> read_record(net::Loop& loop, const EtcdOptions& etcd, const std::string& key) {
  return run(loop, etcd, key, nullptr);
}

Result<ClusterRecord> change_record(net::Loop& loop, const EtcdOptions& etcd, const std::string& key,
                                    const Change& change) {
  auto found = run(loop, etcd, key, &change);
  if (!found) return found.error();
  if (!*found) return Error{Code::kNotFound, "the record is not there"};
  return std::move(**found);
}

}  // namespace titer::view
