// SPDX-License-Identifier: Apache-2.0

#include "client/snapshot.h"

#include <algorithm>
#include <unordered_set>

#include "client/read.h"

namespace titer::client {

registry::Query SnapshotBuilder::next() const {
  if (pages_done_) return registry::ChangedSites{first_};
  registry::ListSites page;
  page.filter.with_closed = with_closed_;
  page.limit = page_rows_;
  if (!sites_.empty()) {
    page.after_name = sites_.back().name;
    page.after_id = sites_.back().id;
  }
  return page;
}

Result<bool> SnapshotBuilder::take(Reply&& reply) {
  last_ = reply.position;
  rows_.push_back(std::move(reply.body));
  if (pages_done_) return take_changed();
  if (first_ == Position()) first_ = last_;
  const Result<bool> more = visit_sites(rows_.back(), [&](const registry::Site& site) {
    sites_.push_back(site);
    return true;
  });
  if (!more) return more.error();
  pages_done_ = !*more;
  return true;
}

Result<bool> SnapshotBuilder::take_changed() {
  const Result<bool> more = visit_sites(rows_.back(), [&](const registry::Site& site) {
    changed_.push_back(site);
    return true;
  });
  if (!more) return more.error();
  if (*more) return failed(Error{Code::kTooOld, "too many sites changed while they were read; try again"});
  return false;
}

Result<bool> SnapshotBuilder::failed(const Error& error) {
  if (error.code != Code::kTooOld || attempts_ == kSnapshotAttempts) return error;
  const int attempts = attempts_ + 1;
  *this = SnapshotBuilder(with_closed_, page_rows_);
  attempts_ = attempts;
  return true;
}

Snapshot SnapshotBuilder::finish() && {
  Snapshot out;
  out.position = last_;
  out.rows = std::move(rows_);  // moving a deque moves no element, so the views stay good
  // A site whose name was changed may be on two pages; then it is among the changed ones too.
  // One that changed while the changed ones were gathered is among them again, later.
  std::unordered_set<std::string_view> replaced;
  std::vector<registry::Site> changed;
  for (auto site = changed_.rbegin(); site != changed_.rend(); ++site)
    if (replaced.insert(site->id).second && (with_closed_ || site->status == registry::SiteStatus::kActive))
      changed.push_back(std::move(*site));
  std::erase_if(sites_, [&](const registry::Site& site) { return replaced.contains(site.id); });
  std::sort(changed.begin(), changed.end(), comes_before);
  out.sites.resize(sites_.size() + changed.size());
  std::merge(std::make_move_iterator(sites_.begin()), std::make_move_iterator(sites_.end()),
             std::make_move_iterator(changed.begin()), std::make_move_iterator(changed.end()), out.sites.begin(),
             comes_before);
  return out;
}

}  // namespace titer::client
