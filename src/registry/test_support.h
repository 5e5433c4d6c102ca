// SPDX-License-Identifier: Apache-2.0

// For the tests of this module: a State with a running position and clock, and short ways to make requests.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "registry/request.h"
#include "registry/state.h"

namespace titer::registry::test {

class Bench {
 public:
  Bench() = default;
  explicit Bench(State::HistoryBounds bounds) : state(bounds) {}

  Outcome& apply(Operation operation) {
    Request request;
    request.operation = std::move(operation);
    request.actor = actor;
    request.reason = reason;
    return apply(request);
  }
  Outcome& apply(const Request& request) {
    now += 1000;
    state.apply(request, Position(++position), WallTime(now), out);
    return out;
  }
  Outcome& add(std::string_view name, std::string_view zip = "02138", std::uint64_t count = 0) {
    AddSite op;
    op.fields.name = name;
    op.fields.zip = zip;
    op.stock = StockClaim{kAnyProduct, Availability::of(count), {}, {}};
    return apply(op);
  }
  Outcome& set(std::string_view id, Availability value, std::string_view product = kAnyProduct) {
    SetAvailability op;
    op.site.id = id;
    op.claim.product = product;
    op.claim.availability = value;
    return apply(op);
  }
  Outcome& reserve(std::string_view id, std::uint64_t doses) {
    return apply(Reserve{{id, {}}, kAnyProduct, doses});
  }
  Outcome& undo(std::uint64_t event) { return apply(Undo{Position(event)}); }
  Outcome& edit(std::string_view id, SiteFields fields) { return apply(EditSite{{id, {}}, std::move(fields), {}}); }

  Site site(std::string_view id) {
    auto found = state.get({id, {}});
    EXPECT_TRUE(found.ok()) << id;
    return found.ok() ? *found : Site{};
  }
  // The value of a line; "-" if there is none.
  std::string value(std::string_view id, std::string_view product = kAnyProduct) {
    for (const StockLine& line : site(id).stock) {
      if (line.product == product) return to_text(line.availability);
    }
    return "-";
  }
  void check() {
    const Status status = state.check();
    EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  }

  State state;
  Outcome out;
  std::uint64_t position = 0;
  std::int64_t now = 1'700'000'000'000;
  std::string_view actor = "clinic", reason;
};

// All events above `since`.
inline void write_events(const State& from, Position since, Bytes& out) {
  for (const Lane lane : kAllLanes) (void)from.write_events(lane, since, std::size_t{1} << 30, out);
}

// The whole state, copied by one transfer in one go.
inline State copy(const State& from, State::HistoryBounds bounds = {200'000, std::size_t{16} << 20}) {
  State to(bounds);
  Bytes bytes;
  for (std::uint32_t slot = 0; slot < from.slots();) slot = from.write_sites(slot, 1 << 20, bytes);
  write_events(from, {}, bytes);
  from.write_access({}, bytes);
  from.write_head(bytes);
  const Status status = to.read_transfer(bytes);
  EXPECT_TRUE(status.ok()) << (status.ok() ? "" : status.error().message);
  return to;
}

inline void write_changed_sites(const State& from, Position since, Bytes& out) {
  for (std::uint32_t slot = 0; slot < from.slots();) slot = from.write_sites(slot, 1 << 20, out, since);
}

// A bundled file's rows by column; quoted fields as in RFC 4180.
inline std::vector<std::vector<std::string>> read_csv(const std::string& path) {
  std::vector<std::vector<std::string>> rows(1);
  gzFile file = gzopen((std::string(TITER_DATA "/") + path).c_str(), "rb");
  EXPECT_NE(file, nullptr) << path;
  if (file == nullptr) return {};
  std::string field;
  bool quoted = false;
  bool was_quote = false;
  for (int c = gzgetc(file); c >= 0; c = gzgetc(file)) {
    if (quoted && c == '"') {
      quoted = false;
      was_quote = true;
      continue;
    }
    if (!quoted && c == '"') {
      if (was_quote) field += '"';
      quoted = true;
    } else if (!quoted && (c == ',' || c == '\n')) {
      rows.back().push_back(std::move(field));
      field.clear();
      if (c == '\n') rows.emplace_back();
    } else if (c != '\r') {
      field += static_cast<char>(c);
    }
    was_quote = false;
  }
  gzclose(file);
  rows.pop_back();
  return rows;
}

}  // namespace titer::registry::test
