// SPDX-License-Identifier: Apache-2.0

// How a ReplicaDaemon ends: signals, and leaving the view before it stops.
#include <spdlog/spdlog.h>

#include <utility>

#include "base/check.h"
#include "host/exit_code.h"
#include "host/replica_daemon.h"

namespace titer::host {

void ReplicaDaemon::wait_for_signal() {
  signals_.async_wait([this](const boost::system::error_code& cancelled, int) {
    if (cancelled) return;
    stop();
    wait_for_signal();
  });
}

// Told twice, it ends at once.
void ReplicaDaemon::stop() {
  if (!process_.node) {
    stopping_ = true;
    return process_.loop.stop();
  }
  if (std::exchange(stopping_, true)) return process_.node->stop(kExitOk, "told to stop twice");
  spdlog::info("told to stop");
  end_in_time();
  leave();
}

// Its place is gone, and so nobody may count on its disk any more: it stays until the others have all that it has.
void ReplicaDaemon::leave_for_good(const std::string& why) {
  if (std::exchange(stopping_, true)) return;
  spdlog::warn("{}: it leaves", why);
  leave();
}

void ReplicaDaemon::stop_as_the_last() {
  process_.node->stop(kExitOk, "it is the last of the view, and the one with which the cluster begins again");
}

void ReplicaDaemon::leave() {
  TITER_CHECK(process_.node && record_, "only a replica leaves");
  service_notifier_.stopping();
  stop_http(process_, [this] {
    const Leaving how = how_to_leave(record_->view, me_);
    if (how == Leaving::kAsNoMember) return process_.node->stop(kExitOk, "it was not a member of the view");
    if (how == Leaving::kAsTheLast) return stop_as_the_last();
    process_.node->retire([this](ViewNumber installed) { register_->leave(installed); });
  });
}

void ReplicaDaemon::end_in_time() {
  patience_.expires_after(std::chrono::microseconds(kLeaveUs));
  patience_.async_wait([this](const boost::system::error_code& cancelled) {
    if (!cancelled && process_.node)
      process_.node->stop(kExitOk, "the register did not let it leave in time; the others will see");
  });
}

}  // namespace titer::host
