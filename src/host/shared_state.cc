// SPDX-License-Identifier: Apache-2.0

#include "host/shared_state.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "net/clock.h"

namespace titer::host {

unsigned SharedState::readers() {
  return std::clamp(std::thread::hardware_concurrency(), 1U, static_cast<unsigned>(StateGate::kReadersMax));
}

void SharedState::attach(const machine::Machine& machine, std::function<void()> confirm) {
  machine_ = &machine;
  confirm_ = std::move(confirm);
}

void SharedState::publish(const smr::ReadTerms& terms, const std::string& refusal) {
  if (!terms.serves) {
    const std::lock_guard lock(mutex_);
    if (refusal_ != refusal) refusal_ = refusal;
  }
  terms_.set(terms);
  const bool same = newest_.same_answer(terms);
  newest_ = terms;
  if (same) return;
  for (Reader& reader : readers_) {
    // The later of the two exchanges sees what the other side did before its own: the wait, or these terms.
    if (!reader.waits.exchange(false, std::memory_order_acq_rel)) continue;
    const std::lock_guard lock(reader.mutex);
    if (reader.wake) reader.wake();
  }
}

std::uint64_t SharedState::reads_answered() const {
  std::uint64_t sum = 0;
  for (const Reader& reader : readers_) sum += reader.answered.load(std::memory_order_relaxed);
  return sum;
}

std::string SharedState::refusal() const {
  const std::lock_guard lock(mutex_);
  return refusal_;
}

void SharedState::query(std::size_t reader, ByteView body, Bytes& rows, wire::QueryAnswer& answer,
                        registry::KeyId as, registry::Progress& progress) {
  const machine::Asking asking{as, net::wall_now()};
  if (!progress.wanted) progress.wanted = [this] { return gate_.wanted(); };
  gate_.enter(reader);
  machine_->query(body, rows, answer, asking, progress);
  gate_.leave(reader);
}

void SharedState::on_change(std::size_t reader, std::function<void()> wake) {
  const std::lock_guard lock(readers_.at(reader).mutex);
  readers_[reader].wake = std::move(wake);
}

bool SharedState::wait(std::size_t reader, const smr::ReadTerms& seen) {
  readers_[reader].waits.exchange(true, std::memory_order_acq_rel);
  if (seen.same_answer(terms())) return true;
  readers_[reader].waits.exchange(false, std::memory_order_acq_rel);
  return false;
}

void SharedState::answered(std::size_t reader) {
  std::atomic<std::uint64_t>& count = readers_[reader].answered;
  count.store(count.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
}

}  // namespace titer::host
