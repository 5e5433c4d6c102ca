// SPDX-License-Identifier: Apache-2.0

#include "client/read.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/limits.h"
#include "wire/codec.h"

namespace titer::client {

namespace {

Error malformed() {
  return Error{Code::kProtocol, "the replica sent rows that cannot be read; do versions differ?"};
}

// Rows until the end or until `row` returns false. False: malformed.
template <typename Row>
bool read_rows(ByteReader& in, const Row& row) {
  while (in.ok() && in.left() > 0)
    if (!row(in)) return true;
  return in.done();
}

// The head of an answer: are there more rows, and what was looked at, if that was asked.
struct Head {
  bool more = false;
  std::optional<registry::Explanation> explanation;
};
Head read_head(ByteReader& in) {
  const std::uint8_t flags = in.u8();
  if (flags > (wire::kMoreRows | wire::kExplained)) in.fail();
  Head head;
  head.more = (flags & wire::kMoreRows) != 0;
  if ((flags & wire::kExplained) != 0) head.explanation = wire::decode_explanation(in);
  return head;
}

// The head and then rows.
template <typename Row>
Result<bool> visit_rows(ByteView body, const Row& row) {
  ByteReader in(body);
  const bool more = read_head(in).more;
  return read_rows(in, row) ? Result<bool>(more) : malformed();
}

void add_explanation(ByteView body, registry::Explanation* sum) {
  const auto one = explanation_of(body);
  if (!one || sum == nullptr) return;
  sum->rows += one->rows;
  sum->steps += one->steps;
  sum->indexes |= one->indexes;
}

auto event_row(const EventVisitor& visit) {
  return [&visit](ByteReader& in) {
    const registry::Event event = wire::decode_event(in);
    return !in.ok() || visit(event);
  };
}

}  // namespace

std::optional<registry::Explanation> explanation_of(ByteView body) {
  ByteReader in(body);
  const Head head = read_head(in);
  return in.ok() ? head.explanation : std::nullopt;
}

Result<bool> visit_sites(ByteView body, const SiteVisitor& visit) {
  return visit_rows(body, [&](ByteReader& in) {
    const registry::Site site = wire::decode_site(in);
    return !in.ok() || visit(site);
  });
}

Result<bool> visit_near(ByteView body, const NearVisitor& visit) {
  return visit_rows(body, [&](ByteReader& in) {
    const double metres = in.f64();
    const registry::Site site = wire::decode_site(in);
    return !in.ok() || visit(site, metres);
  });
}

Result<bool> visit_events(ByteView body, const EventVisitor& visit) { return visit_rows(body, event_row(visit)); }

Result<HistoryPage> visit_history(ByteView body, const EventVisitor& visit) {
  ByteReader in(body);
  HistoryPage page;
  page.more = in.u8() != 0;
  page.removed = Position(in.u64());
  return read_rows(in, event_row(visit)) ? Result<HistoryPage>(page) : malformed();
}

Result<bool> visit_keys(ByteView body, const KeyVisitor& visit) {
  return visit_rows(body, [&](ByteReader& in) {
    const registry::Key key = wire::decode_key(in);
    return !in.ok() || visit(key);
  });
}

Status list_keys(Asker& asker, const KeyVisitor& visit) {
  registry::ListKeys query;
  bool go_on = true;
  while (go_on) {
    const Result<Reply> reply = asker.ask(query);
    if (!reply) return reply.error();
    bool wanted = true;
    const Result<bool> more = visit_keys(reply->body, [&](const registry::Key& key) {
      query.after = key.id;
      return wanted = visit(key);
    });
    if (!more) return more.error();
    go_on = wanted && *more;
  }
  return ok_status();
}

Result<registry::WriteSwitch> read_switch(ByteView body) {
  ByteReader in(body);
  (void)in.u8();
  const registry::WriteSwitch writes = wire::decode_switch(in);
  return in.done() ? Result<registry::WriteSwitch>(writes) : Result<registry::WriteSwitch>(malformed());
}

Status list_sites(Asker& asker, registry::ListSites query, std::uint64_t limit, const SiteVisitor& visit,
                  registry::Explanation* looked_at) {
  std::string last_name(query.after_name);
  std::string last_id(query.after_id);
  bool go_on = true;
  while (go_on && limit > 0) {
    query.after_name = last_name;
    query.after_id = last_id;
    query.limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(limit, limits::kPageMax));
    const Result<Reply> page = asker.ask(query);
    if (!page) return page.error();
    add_explanation(page->body, looked_at);
    std::uint64_t rows = 0;
    const Result<bool> more = visit_sites(page->body, [&](const registry::Site& site) {
      ++rows;
      last_name = site.name;
      last_id = site.id;
      return go_on = visit(site);
    });
    if (!more) return more.error();
    go_on = go_on && *more && rows > 0;
    limit -= std::min(rows, limit);
  }
  return ok_status();
}

Status get_site(Asker& asker, const registry::SiteRef& site, const SiteVisitor& visit) {
  const Result<Reply> reply = asker.ask(registry::GetSite{site});
  if (!reply) return reply.error();
  const Result<bool> more = visit_sites(reply->body, visit);
  if (!more) return more.error();
  return ok_status();
}

Result<bool> near_sites(Asker& asker, const registry::Near& query, const NearVisitor& visit,
                        registry::Explanation* looked_at) {
  const Result<Reply> reply = asker.ask(query);
  if (!reply) return reply.error();
  add_explanation(reply->body, looked_at);
  return visit_near(reply->body, visit);
}

Result<HistoryPage> history(Asker& asker, registry::History query, std::uint64_t limit, const EventVisitor& visit) {
  HistoryPage last;
  bool go_on = true;
  while (go_on && limit > 0) {
    query.limit = static_cast<std::uint32_t>(std::min<std::uint64_t>(limit, limits::kPageMax));
    const Result<Reply> page = asker.ask(query);
    if (!page) return page.error();
    std::uint64_t rows = 0;
    const Result<HistoryPage> read = visit_history(page->body, [&](const registry::Event& event) {
      ++rows;
      query.before = event.position;
      return go_on = visit(event);
    });
    if (!read) return read.error();
    last = *read;
    go_on = go_on && last.more && rows > 0;
    limit -= std::min(rows, limit);
  }
  return last;
}

Result<Info> info(Asker& asker) {
  const Result<Reply> reply = asker.ask(registry::Info{});
  if (!reply) return reply.error();
  ByteReader in(reply->body);
  (void)in.u8();
  Info out{reply->position, wire::decode_totals(in)};
  if (!in.done()) return malformed();
  return out;
}

Result<Snapshot> snapshot(Asker& asker, bool with_closed) {
  for (SnapshotBuilder builder(with_closed);;) {
    Result<Reply> reply = asker.ask(builder.next());
    const Result<bool> more = reply ? builder.take(std::move(reply).value()) : builder.failed(reply.error());
    if (!more) return more.error();
    if (!*more) return std::move(builder).finish();
  }
}

}  // namespace titer::client
