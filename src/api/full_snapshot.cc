// SPDX-License-Identifier: Apache-2.0

#include "api/full_snapshot.h"

#include <memory>
#include <utility>

namespace titer::api {

namespace {

constexpr std::uint32_t kPageRows = 500;  // some 300 KiB: a page holds up neither the replica's turn nor ours

// Ends with the last callback that refers to it.
class FullSnapshotRead : public std::enable_shared_from_this<FullSnapshotRead> {
 public:
  FullSnapshotRead(HandlerContext& context, std::uint64_t address, ThenSnapshot then)
      : context_(context), address_(address), then_(std::move(then)) {}

  void begin() {
    context_.reads.ask(registry::Info{}, [self = shared_from_this()](const Result<Rows>& info) {
      if (!info) return self->then_(info.error());
      Snapshots& snapshots = self->context_.setup.shared->snapshots;
      if (SharedSnapshot same = snapshots.find(info->position)) return self->then_(std::move(same));
      self->copy_ = snapshots.reserve(self->address_, net::boot_now());
      if (self->copy_) return self->go_on();
      self->then_(several_exports());
    });
  }

 private:
  void go_on() {
    context_.reads.ask(builder_.next(),
                       [self = shared_from_this()](const Result<Rows>& rows) { self->take(rows); });
  }
  void take(const Result<Rows>& rows) {
    const Result<bool> more = rows ? builder_.take({rows->position, Bytes(rows->body.begin(), rows->body.end())})
                                   : builder_.failed(rows.error());
    if (!more) return then_(more.error());
    if (*more) return go_on();
    context_.setup.shared->snapshots.fill(copy_, std::move(builder_).finish());
    then_(std::move(copy_));
  }

  HandlerContext& context_;
  std::uint64_t address_;
  ThenSnapshot then_;
  SharedSnapshot copy_;
  client::SnapshotBuilder builder_{false, kPageRows};
};

}  // namespace

Error several_exports() {
  return {Code::kBusy, "several exports are being made already; try again in a few seconds"};
}

void read_full_snapshot(HandlerContext& context, std::uint64_t address, ThenSnapshot then) {
  std::make_shared<FullSnapshotRead>(context, address, std::move(then))->begin();
}

}  // namespace titer::api
