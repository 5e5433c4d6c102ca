// SPDX-License-Identifier: Apache-2.0

// Store: the sites and their stock lines as rows, with every index and the digest kept up to date.
//
// The bottom half of State. It knows no operation, event or rule; it only ensures that rows, indexes and digest
// never disagree: every change goes through add/put/pop (site), add_line/put_line/remove_line (stock), and each of
// these leaves everything consistent. Callers have validated what they pass.
//
// A row is split: HotRow is what an availability request touches (64 bytes), ColdRow the rest (52), SeldomRow what few sites
// have (16), the texts one packed block, shared words interned. A stock line has 48 bytes; lines are chained per site in the
// order of products. A site's first line has the site's slot as its number, so that row and line are fetched side by side
// and not one after the other; further lines lie in a pool and have numbers from kPoolLine on.
// Slots are dense and never given twice, but the last one may be popped (rollback of a bulk).
//
// Invariants (check.cc proves them): by_id_ has every row; by_name_ every row that is not closed; the ordered
// indexes every row (and every line) once, that of places every row with a point; digest_ is the sum over rows and lines.
// One thread. Views shown live until the row they come from is changed.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "registry/changed_slots.h"
#include "registry/geo.h"
#include "registry/interner.h"
#include "registry/keys.h"
#include "registry/name_summary.h"
#include "registry/ordered_index.h"
#include "registry/paged.h"
#include "registry/query.h"
#include "registry/site_text.h"
#include "registry/slot_table.h"
#include "registry/stored_time.h"
#include "registry/types.h"

namespace titer::registry {

// One cache line. An id of usual length lies in here and not among the texts, so that finding a site by its id
// touches the table of ids and this row, nothing else.
struct alignas(64) HotRow {
  static constexpr std::size_t kIdMax = 27;

  SiteText text;
  std::uint64_t changed = 0;     // position of the last change of anything here
  std::uint64_t last_event = 0;  // where the history has this site's newest event of the shares, + 1; 0: none
  std::uint32_t first_line = kNil;
  std::uint32_t version = 0;
  std::uint16_t lines = 0;
  SiteStatus status = SiteStatus::kActive;
  PointSource point = PointSource::kNone;
  std::uint8_t id_size = 0;  // 0: the id is longer than kIdMax and lies among the texts
  char id_text[kIdMax] = {};

  [[nodiscard]] std::string_view id() const {
    return id_size != 0 ? std::string_view(id_text, id_size) : text.id();
  }
};
static_assert(sizeof(HotRow) == 64);

struct ColdRow {
  std::int32_t lat = 0, lon = 0;  // 1e-7 degrees: exact for every decimal that feeds give, in four bytes
  std::uint32_t city = 0, county = 0, state = 0, provider = 0, created_by = 0, updated_by = 0;  // words
  std::uint32_t created_key = 0;  // a word: the eight bytes of the key's number; the empty one: kNoKey
  std::uint32_t seldom = kNil;    // its SeldomRow; this number is not the same at all replicas
  StoredTime created_at, updated_at;
};
static_assert(sizeof(ColdRow) == 52);

// What most sites have not: there is a row only while something in it is not 0.
struct SeldomRow {
  std::uint64_t last_excess = 0;  // as HotRow::last_event, of the excess (event_log.h)
  std::uint32_t retired_version = 0;
  std::uint16_t asked_name = 0;

  [[nodiscard]] bool empty() const { return last_excess == 0 && retired_version == 0 && asked_name == 0; }
};
static_assert(sizeof(SeldomRow) == 16);

struct Line {
  std::uint32_t product = 0, source = 0, updated_by = 0;  // words
  std::uint32_t slot = kNil, next = kNil;
  std::uint32_t version = 0;
  std::uint32_t kind : 2 = 0, count : 30 = 0;
  StoredTime valid_at, changed_at, checked_at;

  [[nodiscard]] bool available() const {
    return Availability{static_cast<Availability::Kind>(kind), count}.available();
  }
};
static_assert(sizeof(Line) == 48);

inline constexpr std::uint32_t kPoolLine = 1U << 31;

// A site with its point, in the index of places: neither a walk nor a search there touches the rows. 12 bytes.
class Placed {
 public:
  Placed() = default;
  Placed(std::uint64_t place, std::uint32_t of_slot)
      : slot(of_slot), high_(static_cast<std::uint32_t>(place >> 32)), low_(static_cast<std::uint32_t>(place)) {}
  [[nodiscard]] std::uint64_t place() const { return std::uint64_t{high_} << 32 | low_; }
  bool operator==(const Placed&) const = default;

  std::uint32_t slot = kNil;

 private:
  std::uint32_t high_ = 0, low_ = 0;
};
static_assert(sizeof(Placed) == 12);

using NameIndex = OrderedIndex<std::uint32_t, 64, NameSummary>;
using PlaceIndex = OrderedIndex<Placed>;

// A site as the rows keep it: what everybody sees, and three things only the registry needs.
struct SiteImage {
  Site site;
  // How many bytes of the name were asked for when an import had to make the name unique; 0: all of it.
  std::uint16_t asked_name = 0;
  // The highest version of any stock line that was removed: a new line continues from there, so that no client's
  // if_version matches a line that it never saw.
  std::uint32_t retired_version = 0;
  KeyId created_key;  // that added the site: owners are keys, because names are not unique
};

// Degrees as the rows keep them.
[[nodiscard]] std::int32_t to_e7(double degrees);
[[nodiscard]] inline double from_e7(std::int32_t e7) { return e7 / 1e7; }

class Store {
 public:
  // --- reading
  [[nodiscard]] std::uint32_t slots() const { return hot_.size(); }
  [[nodiscard]] const HotRow& hot(std::uint32_t slot) const { return hot_[slot]; }
  [[nodiscard]] const ColdRow& cold(std::uint32_t slot) const { return cold_[slot]; }
  [[nodiscard]] const SeldomRow& seldom(std::uint32_t slot) const {
    static constexpr SeldomRow kNothing;
    return cold_[slot].seldom == kNil ? kNothing : seldom_[cold_[slot].seldom];
  }
  [[nodiscard]] KeyId created_key(std::uint32_t slot) const;
  [[nodiscard]] const Line& line(std::uint32_t line) const {
    return line < kPoolLine ? first_[line] : pool_[line - kPoolLine];
  }
  [[nodiscard]] const Interner& words() const { return words_; }
  // No row of this slot's block has changed after that: it may be later than all of them, after a rollback.
  static constexpr std::uint32_t kBlock = 32;
  [[nodiscard]] std::uint64_t newest_in_block(std::uint32_t slot) const { return newest_[slot / kBlock]; }
  [[nodiscard]] std::string_view id(std::uint32_t slot) const { return hot_[slot].id(); }
  [[nodiscard]] std::string_view name(std::uint32_t slot) const { return hot_[slot].text.name(); }

  // kNil when there is none. Names: of sites that are not closed. External ids: of exclusive systems.
  [[nodiscard]] std::uint32_t find_id(std::string_view id) const;
  [[nodiscard]] std::uint32_t find_name(std::string_view name) const;
  // Two hints for a find_id() that comes soon, as far apart as a cache miss takes: the first fetches the entry of the
  // table of ids, the second the row and its first line, which find_id alone would wait for one after the other.
  [[nodiscard]] std::uint64_t expect_id(std::string_view id) const;  // its hash
  void expect_row(std::uint64_t id_hash) const;
  [[nodiscard]] std::uint32_t find_external(const ExternalId& pair) const;
  [[nodiscard]] std::uint32_t find_claim(const ExternalId& pair) const;  // of a provider, that nobody has confirmed
  [[nodiscard]] std::uint32_t find_line(std::uint32_t slot, std::string_view product) const;

  // Everything but the stock lines; with show_lines, everything.
  void show(std::uint32_t slot, Site& out) const;
  void show_lines(std::uint32_t slot, Site& out) const;
  void show(std::uint32_t slot, SiteImage& out) const;
  [[nodiscard]] StockLine show_line(std::uint32_t line) const;

  // --- writing; `image.site.stock` is ignored by add and put
  std::uint32_t add(const SiteImage& image);
  void put(std::uint32_t slot, const SiteImage& image);  // the id stays
  void pop();                                            // the newest row, with its lines
  std::uint32_t add_line(std::uint32_t slot, const StockLine& line);
  // The same product. The hot path: also moves the row's `changed`.
  void put_line(std::uint32_t line, const StockLine& next, Position changed);
  void remove_line(std::uint32_t line);
  void touch(std::uint32_t slot, Position changed);
  void set_last_event(std::uint32_t slot, std::uint64_t at) { hot_[slot].last_event = at; }
  void set_last_excess(std::uint32_t slot, std::uint64_t at);

  // --- which rows changed, lines included (the places of its events are none of it: they follow from the history)
  void track_changes(bool on) { changes_.track(on); }
  [[nodiscard]] std::size_t changes() const { return changes_.size(); }
  [[nodiscard]] std::uint32_t take_change() { return changes_.take(slots()); }

  // Between these two, rows are only added (add, add_line), and the ordered indexes are not there:
  // finish_bulk() sorts once, where a million rows would each look for their place.
  void begin_bulk() { bulk_ = true; }
  void finish_bulk();  // store_bulk.cc
  [[nodiscard]] bool in_bulk() const { return bulk_; }

  // --- the ordered indexes: of slots by (name, id), (zip, name, id), (state, name, id); of lines by
  // (product, is it available, name, id), those that are available first
  [[nodiscard]] const NameIndex& by_name() const { return order_name_; }
  [[nodiscard]] const OrderedIndex<>& by_zip() const { return order_zip_; }
  [[nodiscard]] const OrderedIndex<>& by_state() const { return order_state_; }
  [[nodiscard]] const OrderedIndex<>& by_product() const { return order_product_; }
  // Of slots with a point, by (place, slot).
  [[nodiscard]] const PlaceIndex& by_place() const { return order_place_; }
  [[nodiscard]] Placed placed(std::uint32_t slot) const {
    return {place_of(cold_[slot].lat, cold_[slot].lon), slot};
  }
  [[nodiscard]] std::string_view state(std::uint32_t slot) const { return words_.text(cold_[slot].state); }
  [[nodiscard]] std::string_view product(std::uint32_t line) const { return words_.text(this->line(line).product); }

  [[nodiscard]] std::uint64_t digest() const { return digest_; }
  [[nodiscard]] std::uint32_t active_sites() const { return active_; }
  [[nodiscard]] std::uint32_t added_by(KeyId key) const;  // sites, closed ones too
  [[nodiscard]] std::uint32_t line_count() const { return line_count_; }
  [[nodiscard]] std::vector<MemoryPart> memory() const;
  [[nodiscard]] Status check() const;

 private:
  void fill(std::uint32_t slot, const SiteImage& image);
  void set_changed(std::uint32_t slot, Position changed);
  void set_seldom(std::uint32_t slot, const SeldomRow& row);
  void index(std::uint32_t slot, bool ordered);
  void unindex(std::uint32_t slot, bool ordered);
  [[nodiscard]] std::uint32_t find_pair(const ExternalId& pair, bool unverified) const;
  template <typename Visit>
  void each_external(std::uint32_t slot, Visit&& visit);
  [[nodiscard]] std::uint64_t id_hash(std::uint32_t slot) const;
  [[nodiscard]] std::uint64_t site_digest(std::uint32_t slot) const;  // of the fields
  [[nodiscard]] static std::uint64_t mark_digest(std::uint64_t id_hash, std::uint64_t changed);
  [[nodiscard]] std::uint64_t line_digest(std::uint64_t id_hash, const Line& line) const;
  [[nodiscard]] Line& row_of(std::uint32_t line) {
    return line < kPoolLine ? first_[line] : pool_[line - kPoolLine];
  }
  [[nodiscard]] std::uint32_t take_line(std::uint32_t slot);
  void write_line(Line& row, const StockLine& from);
  [[nodiscard]] Status check_row(std::uint32_t slot) const;
  [[nodiscard]] Status check_orders() const;
  [[nodiscard]] Status check_name_summaries() const;

  Interner words_;
  Paged<HotRow> hot_;
  Paged<ColdRow> cold_;
  Paged<SeldomRow> seldom_;
  std::vector<std::uint32_t> free_seldom_;
  Paged<Line> first_;  // by slot; unused while its own slot is kNil
  Paged<Line> pool_;
  std::uint32_t free_line_ = kNil;  // chain of pool lines to use again, by `next`
  std::uint32_t line_count_ = 0;
  std::uint32_t active_ = 0;
  std::map<KeyId, std::uint32_t> added_;
  SlotTable by_id_, by_name_, by_external_;
  NameIndex order_name_;
  OrderedIndex<> order_zip_, order_state_, order_product_;
  PlaceIndex order_place_;
  std::vector<std::uint64_t> newest_;  // `changed`, of each block
  ChangedSlots changes_;
  bool bulk_ = false;
  std::size_t text_bytes_ = 0;
  std::uint64_t digest_ = 0;
};

// Systems whose values several sites share; all others name exactly one site.
[[nodiscard]] bool exclusive_system(std::string_view system);

}  // namespace titer::registry
