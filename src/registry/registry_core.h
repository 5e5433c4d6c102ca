// SPDX-License-Identifier: Apache-2.0

// RegistryCore: the rows, the history and the one place where both are changed together.
//
// Operations (apply_*.cc) first validate everything, then change the state only through create_site, change_site,
// change_line and refresh_line below. Each of those appends its event before it alters a row (so that views of the
// old texts are still good) and, inside a bulk, keeps an image of the site as it was, so that a refused bulk can be
// taken back entirely.
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "registry/access.h"
#include "registry/event_log.h"
#include "registry/request.h"
#include "registry/store.h"

namespace titer::registry {

// What an operation knows about its request.
struct RequestContext {
  Position position;
  WallTime time;  // commit time
  std::string_view actor, reason, idempotency_key;
  KeyId key = kNoKey;
  const KeyRow* grantee = nullptr;  // the key whose scope bounds the request; null: nothing does
};

// The images of the sites a bulk or undo has changed so far.
struct Rollback {
  struct Saved {
    std::uint32_t slot;
    std::uint64_t last_event, last_excess;
    std::size_t image_begin, image_size;
  };
  bool armed = false;
  std::uint32_t slots = 0;  // how many there were; newer ones are popped
  EventLog::Mark mark;
  std::vector<Saved> saved;
  Bytes images;
};

class RegistryCore {
 public:
  // Bounds of the history: of changes of sites, and of keys and the switch.
  RegistryCore(EventRing::Bounds of_sites, EventRing::Bounds of_access) : history(of_sites, of_access) {}

  Store store;
  EventLog history;
  Access access;
  Position position;
  WallTime time;
  std::size_t undo_looks = 0;  // later events that the undos of this request have looked at

  // A new site and its event.
  std::uint32_t create_site(const RequestContext& context, EventKind kind, SiteImage& image);
  // New fields for a site: version, times and `changed` are set here. `fields` becomes the event's.
  void change_site(const RequestContext& context, EventKind kind, std::uint32_t slot, SiteImage& image,
                   const std::vector<FieldChange>& fields, Position reverts = {});
  // A new value for a stock line (kNil: a new line), or none (next == nullptr: takes the line away).
  // `next`: availability, valid_at and source matter, and product for a new line. Fills in the outcome's stock part.
  void change_line(const RequestContext& context, EventKind kind, std::uint32_t slot, std::uint32_t line,
                   const StockLine* next, Outcome& out, Position reverts = {});
  // The same value was claimed again.
  void refresh_line(const RequestContext& context, std::uint32_t line, WallTime valid_at, std::string_view source);

  // Appends an event of this site, which is there, or of none (kNil), to the history and to the site's chain.
  void append(Record& record);
  // Where the chain of a site's events in this lane begins, + 1; 0: there is none.
  [[nodiscard]] std::uint64_t last_event(std::uint32_t slot, Lane lane) const;
  void set_last_event(std::uint32_t slot, Lane lane, std::uint64_t at);

  // An event that concerns no site.
  void note(const RequestContext& context, EventKind kind, const std::vector<FieldChange>& fields);

  // Everything that happens until commit() or roll_back() can be taken back. Does not nest.
  void arm();
  void commit();
  void roll_back();
  [[nodiscard]] bool armed() const { return rollback_.armed; }

 private:
  void save(std::uint32_t slot);
  void record(const RequestContext& context, EventKind kind, std::uint32_t slot);

  Record record_;  // scratch
  SiteImage image_;
  Rollback rollback_;
};

// One site as bytes, complete, and back: for rollback and transfer. Views in `out` lie in the bytes.
void write_image(const Store& store, std::uint32_t slot, Bytes& out);
// false: malformed. Does not judge the texts.
[[nodiscard]] bool read_image(ByteView in, SiteImage& out);
// Makes row `slot` (an existing one, or the next) exactly what the image says.
void restore_image(Store& store, std::uint32_t slot, const SiteImage& image);

}  // namespace titer::registry
