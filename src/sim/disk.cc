#include "sim/disk.h"

#include <algorithm>

namespace titer::sim {

void Disk::submit(std::uint64_t ticket) {
  submitted_ = std::max(submitted_, ticket);
  if (!busy_ && !failed_) begin();
}

void Disk::begin() {
  busy_ = true;
  syncing_ = submitted_;
  const Time length = stage_.random.between(stage_.plan.sync_us / 2, stage_.plan.sync_us * 2) + extra_us_;
  stage_.time.at(std::max(stage_.time.now() + length, hangs_until_), *this, 0, ++sync_);
}

void Disk::hang(Time until) {
  hangs_until_ = until;
  if (busy_) stage_.time.at(until, *this, 0, ++sync_);  // the one under way ends then, and not before
}

void Disk::heal() {
  extra_us_ = 0;
  hangs_until_ = 0;
  fails_ = false;
  if (busy_) stage_.time.at(stage_.time.now(), *this, 0, ++sync_);
}

void Disk::on_event(std::uint32_t, std::uint64_t sync) {
  if (!busy_ || sync != sync_ || failed_) return;
  busy_ = false;
  if (fails_ && owner_.may_fail()) {
    failed_ = true;
    stage_.hit(Mark::kDiskFails);
    return owner_.disk_failed();
  }
  synced_ = syncing_;
  owner_.persisted(synced_);
  if (submitted_ > synced_) begin();
}

}  // namespace titer::sim
