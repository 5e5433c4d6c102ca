// SPDX-License-Identifier: Apache-2.0

#include "registry/store.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/hash.h"
#include "registry/store_order.h"

namespace titer::registry {
namespace {

std::uint64_t hash_text(std::string_view text) { return hash64(as_bytes(text)); }
std::uint64_t hash_external(const ExternalId& pair) { return hash64(as_bytes(pair.second), hash_text(pair.first)); }
template <std::size_t n>
std::uint64_t hash_numbers(const std::array<std::uint64_t, n>& numbers) {
  return hash64(std::as_bytes(std::span(numbers)));
}
std::uint64_t bits(std::int64_t v) { return static_cast<std::uint64_t>(v); }
// The bytes of the key's number; empty for kNoKey. The view lives as long as the key.
std::string_view key_word(const KeyId& key) {
  return key == kNoKey ? std::string_view()
                       : std::string_view(reinterpret_cast<const char*>(&key.value), sizeof key.value);
}

}  // namespace

bool exclusive_system(std::string_view system) { return system != "vtrcks" && system != "npi_usa"; }

std::int32_t to_e7(double degrees) { return static_cast<std::int32_t>(std::llround(degrees * 1e7)); }

// --- finding

std::uint32_t Store::find_id(std::string_view id) const {
  return by_id_.find(hash_text(id), [&](std::uint32_t slot) { return this->id(slot) == id; });
}

std::uint64_t Store::expect_id(std::string_view id) const {
  const std::uint64_t hash = hash_text(id);
  by_id_.prefetch(hash);
  return hash;
}

void Store::expect_row(std::uint64_t id_hash) const {
  const std::uint32_t slot = by_id_.likely(id_hash);
  if (slot == kNil) return;
  __builtin_prefetch(&hot_[slot]);
  const char* line = reinterpret_cast<const char*>(&first_[slot]);
  __builtin_prefetch(line);
  __builtin_prefetch(line + sizeof(Line) - 1);
}
std::uint32_t Store::find_name(std::string_view name) const {
  return by_name_.find(hash_text(name), [&](std::uint32_t slot) { return this->name(slot) == name; });
}
std::uint32_t Store::find_pair(const ExternalId& pair, bool unverified) const {
  return by_external_.find(hash_external(pair), [&](std::uint32_t slot) {
    return hot_[slot].text.any_external(
        [&](const ExternalId& other, bool claimed) { return claimed == unverified && other == pair; });
  });
}
std::uint32_t Store::find_external(const ExternalId& pair) const { return find_pair(pair, false); }
std::uint32_t Store::find_claim(const ExternalId& pair) const { return find_pair(pair, true); }
std::uint32_t Store::added_by(KeyId key) const {
  const auto found = added_.find(key);
  return found == added_.end() ? 0 : found->second;
}
std::uint32_t Store::find_line(std::uint32_t slot, std::string_view product) const {
  std::uint32_t at = hot_[slot].first_line;
  while (at != kNil && words_.text(line(at).product) != product) at = line(at).next;
  return at;
}

// --- showing

void Store::show(std::uint32_t slot, Site& out) const {
  const HotRow& hot = hot_[slot];
  const ColdRow& cold = cold_[slot];
  hot.text.show(out);
  out.id = hot.id();
  out.city = words_.text(cold.city);
  out.state = words_.text(cold.state);
  out.county = words_.text(cold.county);
  out.provider = words_.text(cold.provider);
  out.point = hot.point;
  out.lat = from_e7(cold.lat);
  out.lon = from_e7(cold.lon);
  out.status = hot.status;
  out.version = hot.version;
  out.created_at = WallTime(cold.created_at);
  out.updated_at = WallTime(cold.updated_at);
  out.created_by = words_.text(cold.created_by);
  out.updated_by = words_.text(cold.updated_by);
  out.changed = Position(hot.changed);
  out.stock.clear();
}

void Store::show_lines(std::uint32_t slot, Site& out) const {
  out.stock.clear();
  for (std::uint32_t at = hot_[slot].first_line; at != kNil; at = line(at).next) {
    out.stock.push_back(show_line(at));
  }
}

void Store::show(std::uint32_t slot, SiteImage& out) const {
  show(slot, out.site);
  out.asked_name = seldom(slot).asked_name;
  out.retired_version = seldom(slot).retired_version;
  out.created_key = created_key(slot);
}

StockLine Store::show_line(std::uint32_t line) const {
  const Line& row = this->line(line);
  StockLine out;
  out.product = words_.text(row.product);
  out.availability = {static_cast<Availability::Kind>(row.kind), row.count};
  out.valid_at = WallTime(row.valid_at);
  out.changed_at = WallTime(row.changed_at);
  out.checked_at = WallTime(row.checked_at);
  out.source = words_.text(row.source);
  out.updated_by = words_.text(row.updated_by);
  out.version = row.version;
  return out;
}

// --- the digest: only what the rows mean, never a word's number or a slot

std::uint64_t Store::id_hash(std::uint32_t slot) const { return hash_text(id(slot)); }

std::uint64_t Store::site_digest(std::uint32_t slot) const {
  const HotRow& hot = hot_[slot];
  const ColdRow& c = cold_[slot];
  const SeldomRow& s = seldom(slot);
  const auto pair = [](std::int32_t a, std::int32_t b) {
    return std::uint64_t{static_cast<std::uint32_t>(a)} << 32 | static_cast<std::uint32_t>(b);
  };
  return hash_numbers<15>({id_hash(slot), hash64(hot.text.bytes()), words_.hash(c.city), words_.hash(c.county),
                           words_.hash(c.state), words_.hash(c.provider), words_.hash(c.created_by),
                           words_.hash(c.updated_by), bits(c.created_at), bits(c.updated_at), pair(c.lat, c.lon),
                           hot.version, std::uint64_t{s.retired_version} << 32 | s.asked_name,
                           static_cast<std::uint64_t>(hot.status) << 8 | static_cast<std::uint64_t>(hot.point),
                           created_key(slot).value});
}
std::uint64_t Store::mark_digest(std::uint64_t id_hash, std::uint64_t changed) {
  // Twice in every request, so the finalizer of splitmix64 and not a hash of bytes.
  std::uint64_t v = id_hash + changed * 0x9E37'79B9'7F4A'7C15;
  v = (v ^ v >> 30) * 0xBF58'476D'1CE4'E5B9;
  v = (v ^ v >> 27) * 0x94D0'49BB'1331'11EB;
  return v ^ v >> 31;
}
std::uint64_t Store::line_digest(std::uint64_t id_hash, const Line& l) const {
  return hash_numbers<9>({id_hash, words_.hash(l.product), words_.hash(l.source), words_.hash(l.updated_by),
                          std::uint64_t{l.kind} << 32 | l.count, bits(l.valid_at), bits(l.changed_at),
                          bits(l.checked_at), l.version});
}

// --- sites

template <typename Visit>
void Store::each_external(std::uint32_t slot, Visit&& visit) {
  hot_[slot].text.any_external([&](const ExternalId& pair, bool) {
    if (exclusive_system(pair.first)) visit(hash_external(pair));
    return false;
  });
}

void Store::index(std::uint32_t slot, bool ordered) {
  const HotRow& hot = hot_[slot];
  digest_ += site_digest(slot);
  text_bytes_ += hot.text.memory();
  if (hot.status == SiteStatus::kActive) ++active_;
  if (hot.status != SiteStatus::kClosed) by_name_.insert(hash_text(hot.text.name()), slot);
  each_external(slot, [&](std::uint64_t hash) { by_external_.insert(hash, slot); });
  if (const KeyId key = created_key(slot); key != kNoKey) ++added_[key];
  if (bulk_) return;
  if (hot.point != PointSource::kNone) order_place_.insert(placed(slot), PlaceOrder());
  if (!ordered) return;
  order_name_.insert(slot, NameOrder{*this});
  order_zip_.insert(slot, ZipOrder{*this});
  order_state_.insert(slot, StateOrder{*this});
  for (std::uint32_t at = hot.first_line; at != kNil; at = line(at).next) {
    order_product_.insert(at, ProductOrder{*this});
  }
}

void Store::unindex(std::uint32_t slot, bool ordered) {
  TITER_CHECK(!bulk_, "in a bulk rows are only added");
  const HotRow& hot = hot_[slot];
  digest_ -= site_digest(slot);
  text_bytes_ -= hot.text.memory();
  if (hot.status == SiteStatus::kActive) --active_;
  if (hot.status != SiteStatus::kClosed) by_name_.erase(hash_text(hot.text.name()), slot);
  each_external(slot, [&](std::uint64_t hash) { by_external_.erase(hash, slot); });
  if (const auto count = added_.find(created_key(slot)); count != added_.end() && --count->second == 0)
    added_.erase(count);
  if (hot.point != PointSource::kNone) order_place_.erase(placed(slot), PlaceOrder());
  if (!ordered) return;
  order_name_.erase(slot, NameOrder{*this});
  order_zip_.erase(slot, ZipOrder{*this});
  order_state_.erase(slot, StateOrder{*this});
  for (std::uint32_t at = hot.first_line; at != kNil; at = line(at).next) {
    order_product_.erase(at, ProductOrder{*this});
  }
}

// Takes over the fields. `image` may show this very row: the old text lives until the new one is made.
void Store::fill(std::uint32_t slot, const SiteImage& image) {
  const Site& site = image.site;
  HotRow& hot = hot_[slot];
  ColdRow& cold = cold_[slot];
  const bool inside = site.id.size() <= HotRow::kIdMax;
  SiteText text(site, !inside);
  words_.assign(cold.city, site.city);
  words_.assign(cold.county, site.county);
  words_.assign(cold.state, site.state);
  words_.assign(cold.provider, site.provider);
  words_.assign(cold.created_by, site.created_by);
  words_.assign(cold.updated_by, site.updated_by);
  if (inside && hot.id_size == 0) {
    hot.id_size = static_cast<std::uint8_t>(site.id.size());
    site.id.copy(hot.id_text, HotRow::kIdMax);
  }
  hot.text = std::move(text);
  hot.status = site.status;
  hot.point = site.point;
  const bool point = site.point != PointSource::kNone;
  cold.lat = point ? to_e7(site.lat) : 0;
  cold.lon = point ? to_e7(site.lon) : 0;
  hot.version = site.version;
  cold.created_at = site.created_at.value;
  cold.updated_at = site.updated_at.value;
  words_.assign(cold.created_key, key_word(image.created_key));
  set_seldom(slot, {seldom(slot).last_excess, image.retired_version, image.asked_name});
}

KeyId Store::created_key(std::uint32_t slot) const {
  const std::string_view word = words_.text(cold_[slot].created_key);
  KeyId key;
  if (!word.empty()) word.copy(reinterpret_cast<char*>(&key.value), sizeof key.value);
  return key;
}

void Store::set_seldom(std::uint32_t slot, const SeldomRow& row) {
  std::uint32_t& at = cold_[slot].seldom;
  if (row.empty()) {
    if (at == kNil) return;
    free_seldom_.push_back(at);
    at = kNil;
    return;
  }
  if (at == kNil && free_seldom_.empty()) {
    at = seldom_.push();
  } else if (at == kNil) {
    at = free_seldom_.back();
    free_seldom_.pop_back();
  }
  seldom_[at] = row;
}

void Store::set_last_excess(std::uint32_t slot, std::uint64_t at) {
  SeldomRow row = seldom(slot);
  row.last_excess = at;
  set_seldom(slot, row);
}

void Store::set_changed(std::uint32_t slot, Position changed) {
  hot_[slot].changed = changed.value;
  if (slot / kBlock >= newest_.size()) newest_.resize(slot / kBlock + 1);
  std::uint64_t& newest = newest_[slot / kBlock];
  newest = std::max(newest, changed.value);
}

std::uint32_t Store::add(const SiteImage& image) {
  const std::uint32_t slot = hot_.push();
  cold_.push();
  first_.push();
  fill(slot, image);
  set_changed(slot, image.site.changed);
  by_id_.insert(id_hash(slot), slot);
  index(slot, true);
  digest_ += mark_digest(id_hash(slot), hot_[slot].changed);
  changes_.mark(slot);
  return slot;
}

void Store::put(std::uint32_t slot, const SiteImage& image) {
  const Site& site = image.site;
  TITER_CHECK(site.id == id(slot), "a site's id never changes");
  const bool moves = site.name != name(slot) || site.zip != hot_[slot].text.zip() || site.state != state(slot);
  unindex(slot, moves);
  const Position changed = site.changed;
  fill(slot, image);
  index(slot, moves);
  touch(slot, changed);
}

void Store::pop() {
  const std::uint32_t slot = slots() - 1;
  while (hot_[slot].first_line != kNil) remove_line(hot_[slot].first_line);
  digest_ -= mark_digest(id_hash(slot), hot_[slot].changed);
  unindex(slot, true);
  by_id_.erase(id_hash(slot), slot);
  const ColdRow& cold = cold_[slot];
  for (const std::uint32_t word :
       {cold.city, cold.county, cold.state, cold.provider, cold.created_by, cold.updated_by, cold.created_key}) {
    words_.release(word);
  }
  set_seldom(slot, {});
  hot_.pop();
  cold_.pop();
  first_.pop();
}

void Store::touch(std::uint32_t slot, Position changed) {
  const std::uint64_t id = id_hash(slot);
  digest_ -= mark_digest(id, hot_[slot].changed);
  set_changed(slot, changed);
  digest_ += mark_digest(id, changed.value);
  changes_.mark(slot);
}

// --- stock lines

void Store::write_line(Line& row, const StockLine& from) {
  words_.assign(row.source, from.source);
  words_.assign(row.updated_by, from.updated_by);
  row.kind = static_cast<unsigned>(from.availability.kind) & 3U;
  row.count = static_cast<std::uint32_t>(from.availability.count) & ((1U << 30) - 1);
  row.valid_at = from.valid_at.value;
  row.changed_at = from.changed_at.value;
  row.checked_at = from.checked_at.value;
  row.version = from.version;
}

std::uint32_t Store::take_line(std::uint32_t slot) {
  if (first_[slot].slot == kNil) return slot;
  if (free_line_ == kNil) return kPoolLine + pool_.push();
  const std::uint32_t at = free_line_;
  free_line_ = line(at).next;
  row_of(at) = Line{};
  return at;
}

std::uint32_t Store::add_line(std::uint32_t slot, const StockLine& from) {
  const std::uint32_t at = take_line(slot);
  Line& row = row_of(at);
  row.slot = slot;
  words_.assign(row.product, from.product);
  write_line(row, from);
  std::uint32_t* link = &hot_[slot].first_line;
  while (*link != kNil && words_.text(line(*link).product) < words_.text(row.product)) {
    link = &row_of(*link).next;
  }
  row.next = *link;
  *link = at;
  ++hot_[slot].lines;
  ++line_count_;
  digest_ += line_digest(id_hash(slot), row);
  changes_.mark(slot);
  if (!bulk_) order_product_.insert(at, ProductOrder{*this});
  return at;
}

void Store::put_line(std::uint32_t line, const StockLine& next, Position changed) {
  TITER_CHECK(!bulk_, "in a bulk rows are only added");
  Line& row = row_of(line);
  HotRow& hot = hot_[row.slot];
  const std::uint64_t id = id_hash(row.slot);
  digest_ -= line_digest(id, row) + mark_digest(id, hot.changed);
  const bool moves = row.available() != next.availability.available();
  if (moves) order_product_.erase(line, ProductOrder{*this});
  write_line(row, next);
  set_changed(row.slot, changed);
  if (moves) order_product_.insert(line, ProductOrder{*this});
  digest_ += line_digest(id, row) + mark_digest(id, changed.value);
  changes_.mark(row.slot);
}

void Store::remove_line(std::uint32_t line) {
  Line& row = row_of(line);
  HotRow& hot = hot_[row.slot];
  order_product_.erase(line, ProductOrder{*this});
  digest_ -= line_digest(id_hash(row.slot), row);
  changes_.mark(row.slot);
  std::uint32_t* link = &hot.first_line;
  while (*link != line) link = &row_of(*link).next;
  *link = row.next;
  --hot.lines;
  --line_count_;
  for (const std::uint32_t word : {row.product, row.source, row.updated_by}) words_.release(word);
  row = Line{};
  if (line < kPoolLine) return;
  row.next = free_line_;
  free_line_ = line;
}

std::vector<MemoryPart> Store::memory() const {
  return {{"site rows, hot", hot_.bytes()},
          {"site rows, newest changes", newest_.size() * sizeof newest_[0]},
          {"site rows, cold", cold_.bytes() + seldom_.bytes() + free_seldom_.capacity() * sizeof(std::uint32_t)},
          {"texts of sites", text_bytes_},
          {"first stock lines", first_.bytes()},
          {"further stock lines", pool_.bytes()},
          {"shared words", words_.bytes()},
          {"index: ids", by_id_.bytes()},
          {"index: names", by_name_.bytes()},
          {"index: external ids", by_external_.bytes()},
          {"order: names, and their groups of letters", order_name_.bytes()},
          {"order: ZIP codes", order_zip_.bytes()},
          {"order: states", order_state_.bytes()},
          {"order: products", order_product_.bytes()},
          {"order: places", order_place_.bytes()}};
}

}  // namespace titer::registry
