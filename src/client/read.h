// SPDX-License-Identifier: Apache-2.0

// Reading the registry over any kind of connection: rows through visitors, pages put together, snapshots.
//
// Every question is answered by one replica at one position (linearizable). A read of several pages sees several
// positions; snapshot() makes one of them again. Rows shown to a visitor live until it returns.
// Thread rule: that of the Asker.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "client/snapshot.h"
#include "registry/query.h"
#include "registry/types.h"

namespace titer::client {

// An object that can query a replica: GatewayClient, DirectClient.
class Asker {
 public:
  // Errors: the query's own (kNotFound, kTooOld, …), or kUnreachable when nobody answered before the
  // deadline.
  [[nodiscard]] virtual Result<Reply> ask(const registry::Query& query) = 0;

 protected:
  ~Asker() = default;
};

// Return false to stop early.
using SiteVisitor = std::function<bool(const registry::Site&)>;
using NearVisitor = std::function<bool(const registry::Site&, double metres)>;
using EventVisitor = std::function<bool(const registry::Event&)>;

// Site rows; true: there are more. Malformed rows: kProtocol.
[[nodiscard]] Result<bool> visit_sites(ByteView body, const SiteVisitor& visit);
[[nodiscard]] Result<bool> visit_near(ByteView body, const NearVisitor& visit);
[[nodiscard]] Result<bool> visit_events(ByteView body, const EventVisitor& visit);
struct HistoryPage {
  bool more = false;
  Position removed;  // events up to here may be missing, because they were removed; 0: none is
};
[[nodiscard]] Result<HistoryPage> visit_history(ByteView body, const EventVisitor& visit);

// Up to `limit` sites in the order of names, over as many pages as that takes.
[[nodiscard]] Status list_sites(Asker& asker, registry::ListSites query, std::uint64_t limit,
                                const SiteVisitor& visit);
[[nodiscard]] Status get_site(Asker& asker, const registry::SiteRef& site, const SiteVisitor& visit);
// True: there are more, farther away.
[[nodiscard]] Result<bool> near_sites(Asker& asker, const registry::Near& query, const NearVisitor& visit);
// Newest first, up to `limit`; `more`: there are older ones.
[[nodiscard]] Result<HistoryPage> history(Asker& asker, registry::History query, std::uint64_t limit,
                                          const EventVisitor& visit);

using KeyVisitor = std::function<bool(const registry::Key&)>;
[[nodiscard]] Result<bool> visit_keys(ByteView body, const KeyVisitor& visit);
// All of them, over as many pages as that takes.
[[nodiscard]] Status list_keys(Asker& asker, const KeyVisitor& visit);
// Views into `body`.
[[nodiscard]] Result<registry::WriteSwitch> read_switch(ByteView body);

struct Info {
  Position position;
  registry::Totals totals;
};
[[nodiscard]] Result<Info> info(Asker& asker);

// How it is put together: client/snapshot.h.
[[nodiscard]] Result<Snapshot> snapshot(Asker& asker, bool with_closed);

}  // namespace titer::client
