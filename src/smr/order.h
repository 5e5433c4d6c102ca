// SPDX-License-Identifier: Apache-2.0

// Order: which frame is executed next (Schneider 1990 §3.2, stability test I; §2.4-§2.6).
//
// The head is the frame with the least uid among the heads of all streams. It is executed once it is
//   stable: from every other transmitter something later has been received, so by FIFO nothing earlier can
//   come.
//           From this replica itself nothing earlier can come either: LC2 has put its clock above the frame.
//   safe:   every member of the view is known to hold it, so no crash of t-1 of them can undo it.
// Only frames with requests are looked at: a null request changes nothing, whenever it is "executed".
//
// Cost: O(t + active direct clients) per executed frame. Thread rule: none.
#pragma once

#include "smr/replica_context.h"

namespace titer::smr::order {

// The stream whose head has the least uid; null if nothing is left to execute.
[[nodiscard]] Stream* head(const Streams& streams);
[[nodiscard]] bool stable_against_gateways(const ReplicaContext& c, const Frame& frame);
[[nodiscard]] bool stable_against_clients(const ReplicaContext& c, const Frame& frame);
[[nodiscard]] bool stable(const ReplicaContext& c, const Frame& frame);
[[nodiscard]] bool safe(const ReplicaContext& c, const Stream& stream, Seq seq);

// Executes all that is stable and safe now.
void execute_ready(ReplicaContext& c);
// §4.6: executes the rest of the view up to `targets`, whatever its stability: nothing else can come any
// more. `lowest` answers the direct clients.
void execute_rest(ReplicaContext& c, const AckRow& targets, ReplicaId lowest);

}  // namespace titer::smr::order
