// SPDX-License-Identifier: Apache-2.0

#include "client/window.h"

#include <algorithm>
#include <utility>

#include "base/check.h"

namespace titer::client {

Window::Entry* Window::find(RequestNumber number) {
  return const_cast<Entry*>(std::as_const(*this).find(number));  // NOLINT: the object itself is not const here
}

const Window::Entry* Window::find(RequestNumber number) const {
  if (number < first_ || number.value - first_.value >= entries_.size()) return nullptr;
  return &entries_[number.value - first_.value];
}

RequestNumber Window::add(ByteView body) {
  TITER_CHECK(can_add(), "request beyond the session's window");
  Entry entry;
  entry.body.assign(body.begin(), body.end());
  entries_.push_back(std::move(entry));
  ++open_;
  ++due_;
  return RequestNumber(first_.value + entries_.size() - 1);
}

bool Window::settle(RequestNumber number) {
  Entry* entry = find(number);
  if (entry == nullptr || entry->settled) return false;
  if (entry->due) --due_;
  *entry = Entry{};
  entry->due = false;
  entry->settled = true;
  --open_;
  while (!entries_.empty() && entries_.front().settled) {
    entries_.pop_front();
    ++first_;
  }
  return true;
}

void Window::refuse(RequestNumber number, BootTime when) {
  Entry* entry = find(number);
  if (entry == nullptr || entry->settled || entry->due) return;
  entry->due = true;
  entry->sent = false;
  entry->send_at = when;
  ++due_;
}

void Window::link_lost() {
  for (Entry& entry : entries_) {
    if (entry.settled) continue;
    if (!entry.due) ++due_;
    entry.doubtful = entry.doubtful || entry.sent;
    entry.due = true;
    entry.send_at = BootTime();
  }
}

void Window::send(BootTime now, const std::function<void(RequestNumber, ByteView body)>& out) {
  if (due_ == 0) return;
  RequestNumber number(first_.value - before_session_);
  for (Entry& entry : entries_) {
    if (entry.due && entry.send_at <= now) {
      entry.due = false;
      entry.sent = true;
      --due_;
      out(number, entry.body);
    }
    ++number;
  }
}

std::optional<BootTime> Window::next_retry() const {
  if (due_ == 0) return std::nullopt;
  std::optional<BootTime> next;
  for (const Entry& entry : entries_)
    if (entry.due && (!next || entry.send_at < *next)) next = entry.send_at;
  return next;
}

void Window::begin_session() {
  before_session_ = first_.value - 1;
  for (Entry& entry : entries_) {
    if (entry.settled) continue;
    if (!entry.due) ++due_;
    entry.due = true;
    entry.sent = entry.doubtful = false;
    entry.send_at = BootTime();
  }
}

bool Window::may_be_executed_before(RequestNumber place) const {
  const Entry* entry = find(place);
  return entry != nullptr && entry->doubtful;
}

bool Window::may_be_done(RequestNumber number) const {
  const Entry* entry = find(number);
  return entry != nullptr && (entry->sent || entry->doubtful);
}

bool Window::is_open(RequestNumber number) const {
  const Entry* entry = find(number);
  return entry != nullptr && !entry->settled;
}

void Window::reset() { *this = Window(places_); }

}  // namespace titer::client
