// SPDX-License-Identifier: Apache-2.0

// Revisioned cell: what the register of several machines needs of the place that holds its record — one value with a revision,
// read, replaced if it is still that of a revision, and watched from a revision on. etcd is one (etcd_client.h); the tests and
// the simulator have another (testing/simulated_cell.h).
//
// The users of a cell must tolerate these faults: an answer is late or lost, and then a replacement may have happened or not; a
// watch misses changes, repeats them, or ends; everything is as it was some time ago, because somebody restored a backup.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

namespace titer::view {

struct CellState {
  std::uint64_t etcd = 0;     // which one it is: its cluster id
  std::int64_t revision = 0;  // of the store as a whole
  struct Value {
    std::int64_t revision = 0;  // at which it was last changed
    std::string text;
  };
  std::optional<Value> value;  // nullopt: there is none
};

// --- what is wanted of it
struct GetCell {};
struct ReplaceCell {  // if it was last changed at `expected`
  std::int64_t expected = 0;
  std::string text;
};
struct TryWriteCell {};  // a write that changes nothing (EtcdClient::try_write())
struct WatchCell {       // every change from this revision on; instead of the watch of before
  std::int64_t from = 0;
};
struct StopWatchingCell {};
using CellAction = std::variant<GetCell, ReplaceCell, TryWriteCell, WatchCell, StopWatchingCell>;

}  // namespace titer::view
