// SPDX-License-Identifier: Apache-2.0

// Queries and events of a Machine as bytes: rows until the question is answered or the message is full.

#include <optional>
#include <utility>

#include "base/limits.h"
#include "machine/machine_impl.h"

namespace titer::machine {
namespace {

// Rows are cut where they have reached this; it leaves room for the largest row. A site with everything at its
// limits takes about 1 MiB.
constexpr std::size_t kRowBytes = limits::kMessageBytesMax / 2;
// For events of one position, which stay together if they can; an event with everything takes about 100 KiB.
constexpr std::size_t kTogetherBytes = limits::kMessageBytesMax - (std::size_t{1} << 20);
constexpr std::size_t kEventsBytes = std::size_t{1} << 20;  // of one message to a watcher

constexpr std::ptrdiff_t kRemovedAt = 1;  // in a page of the history, behind `more`

// Takes rows that belong to positions: full only between two of them, unless one alone fills the message.
class PositionRows {
 public:
  // `last`: the position of the row before.
  PositionRows(const Bytes& out, Position last) : out_(out), last_(last) {}
  [[nodiscard]] bool take(Position position) {
    const bool same = std::exchange(last_, position) == position;
    return out_.size() <= (same ? kTogetherBytes : kRowBytes);
  }

 private:
  const Bytes& out_;
  Position last_;
};

// What everybody may know of it.
registry::Event redacted(registry::Event event) {
  event.actor = event.reason = event.idempotency_key = {};
  return event;
}
registry::Site redacted(registry::Site site) {
  site.created_by = site.updated_by = {};
  for (registry::StockLine& line : site.stock) line.updated_by = {};
  return site;
}

// Of questions that only a gateway to other clients asks.
Status machines_own(registry::KeyId key) {
  if (key == registry::kMachine) return ok_status();
  return Error{Code::kForbidden, "only a replica's own HTTP interface asks this"};
}

class Answerer {
 public:
  Answerer(const registry::State& state, Bytes& out, Asking asking, registry::Progress& progress)
      : state_(state),
        out_(out),
        writer_(out),
        asking_(asking),
        audit_(may(registry::Act::kAudit).ok()),
        progress_(progress) {}

  Result<bool> operator()(const registry::ListSites& q) { return state_.list(q, site_visitor(), progress_); }
  Result<bool> operator()(const registry::GetSite& q) {
    const Result<registry::Site> site = state_.get(q.site);
    if (!site) return site.error();
    show(*site);
    return false;
  }
  Result<bool> operator()(const registry::Near& q) {
    const auto visit = [this](const registry::Site& site, double metres) {
      writer_.f64(metres);
      show(site);
      return out_.size() < kRowBytes;
    };
    return state_.near(q, visit, progress_);
  }
  // The position up to which events were removed stands before them.
  Result<bool> operator()(const registry::History& q) {
    if (q.of == registry::History::Of::kAccess)
      if (const Status allowed = may(registry::Act::kAudit); !allowed) return allowed.error();
    registry::History query = q;
    query.audit = audit_;
    if (!progress_.begun) writer_.u64(0);
    Result<bool> more = events([&](const auto& visit) { return state_.history(query, visit, progress_); });
    // Events that are removed while it is answered may be missing, too.
    Bytes removed;
    ByteWriter(removed).u64(state_.history_removed(query).value);
    std::ranges::copy(removed, out_.begin() + kRemovedAt);
    return more;
  }
  Result<bool> operator()(const registry::Changes& q) {
    return events([&](const auto& visit) { return state_.changes(q, visit, progress_); });
  }
  // In no order that a second page could continue: all of them or none.
  Result<bool> operator()(const registry::ChangedSites& q) {
    Result<bool> more = state_.changed_sites(q.since, site_visitor(), progress_);
    if (progress_.unfinished || !more.ok() || !*more) return more;
    return Error{Code::kTooLarge, "more sites have changed since than one answer holds: list all sites again"};
  }
  Result<bool> operator()(const registry::Info&) {
    wire::encode_totals(writer_, state_.totals());
    return false;
  }
  Result<bool> operator()(const registry::ListKeys& q) {
    if (const Status allowed = may(registry::Act::kAudit); !allowed) return allowed.error();
    return state_.keys(q, [this](const registry::Key& key) {
      wire::encode_key(writer_, key);
      return out_.size() < kRowBytes;
    });
  }
  Result<bool> operator()(const registry::CheckKey& q) {
    Status status = machines_own(asking_.key);
    if (status.ok()) status = state_.check_secret(q, asking_.now);
    return status.ok() ? Result<bool>(false) : Result<bool>(status.error());
  }
  Result<bool> operator()(const registry::CheckAct& q) {
    Status status = machines_own(asking_.key);
    if (status.ok()) status = state_.judge(q.id, q.act, asking_.now);
    return status.ok() ? Result<bool>(false) : Result<bool>(status.error());
  }
  Result<bool> operator()(const registry::GetSwitch&) {
    registry::WriteSwitch writes = state_.writes();
    if (!audit_) writes.by = {};
    wire::encode_switch(writer_, writes);
    return false;
  }

  [[nodiscard]] Status may(registry::Act act) const { return state_.judge(asking_.key, act, asking_.now); }

 private:
  void show(const registry::Site& site) {
    if (audit_) return wire::encode_site(writer_, site);
    wire::encode_site(writer_, redacted(site));
  }
  registry::State::SiteVisitor site_visitor() {
    return [this](const registry::Site& site) {
      show(site);
      return out_.size() < kRowBytes;
    };
  }
  template <typename Ask>
  Result<bool> events(const Ask& ask) {
    PositionRows rows(out_, progress_.position);
    Result<bool> more = ask([&](const registry::Event& event) {
      if (!rows.take(event.position)) return false;
      if (audit_)
        wire::encode_event(writer_, event);
      else
        wire::encode_event(writer_, redacted(event));
      return true;
    });
    return more.ok() ? Result<bool>(*more || progress_.full) : more;
  }

  const registry::State& state_;
  Bytes& out_;
  ByteWriter writer_;
  Asking asking_;
  bool audit_;
  registry::Progress& progress_;
};

bool explains(const registry::Query& query) {
  const auto* list = std::get_if<registry::ListSites>(&query);
  const auto* near = std::get_if<registry::Near>(&query);
  return (list != nullptr && list->explain) || (near != nullptr && near->explain);
}

// It is known at the end alone, and stands before the rows.
void explain(registry::Explanation explanation, Bytes& answer) {
  explanation.steps = std::max(explanation.steps, 1U);  // a query that is given no steps takes one
  Bytes text;
  ByteWriter writer(text);
  wire::encode_explanation(writer, explanation);
  answer[0] |= static_cast<std::byte>(wire::kExplained);
  answer.insert(answer.begin() + 1, text.begin(), text.end());
}

// Gathers events into messages for a watcher. A message says that the watcher is complete up to a position only
// when all events of that position are in it or before it.
class EventMessages {
 public:
  EventMessages(Position since, std::uint32_t limit, Bytes& out) : limit_(limit), out_(out), upto_(since) {}

  [[nodiscard]] bool add(const registry::Event& event) {
    if (event.position != last_) {
      if (last_ != Position()) upto_ = last_;
      if (events_ >= limit_) {
        full_ = true;
        return false;
      }
      last_ = event.position;
    }
    if (body_.size() >= kEventsBytes) flush();
    ByteWriter writer(body_);
    wire::encode_event(writer, event);
    ++count_;
    ++events_;
    return true;
  }
  // `all`: there are no more events up to `now`.
  [[nodiscard]] Position finish(bool all, Position now) {
    if (all && !full_) {
      upto_ = now;
    } else if (!full_) {
      upto_ = last_;  // the registry ends its pages between positions
    }
    flush();
    return upto_;
  }

 private:
  void flush() {
    wire::encode(out_, wire::Events{upto_, Code::kOk, {}, count_, body_});
    body_.clear();
    count_ = 0;
  }

  std::uint32_t limit_;
  Bytes& out_;
  Position upto_;  // all events up to here have been added
  Position last_;
  Bytes body_;
  std::uint32_t count_ = 0, events_ = 0;
  bool full_ = false;
};

}  // namespace

void Machine::query(ByteView body, Bytes& buffer, wire::QueryAnswer& answer, Asking asking) const {
  registry::Progress all;
  buffer.clear();
  query(body, buffer, answer, asking, all);
}

void Machine::query(ByteView body, Bytes& buffer, wire::QueryAnswer& answer, Asking asking,
                    registry::Progress& progress) const {
  const Result<registry::Query> query = wire::decode_query(body);
  const bool follows = query.ok() && (std::holds_alternative<registry::Changes>(*query) ||
                                      std::holds_alternative<registry::ChangedSites>(*query));
  if (buffer.empty() || follows) answer.position = impl_->position;
  if (buffer.empty()) buffer.push_back(std::byte{0});  // `more`, known after the rows
  answer.code = Code::kOk;
  Result<bool> more = Error{Code::kInvalid, "the question is not in the format of this version of titer"};
  if (query.ok()) {
    Answerer answerer(impl_->registry, buffer, asking, progress);
    const Status allowed = answerer.may(registry::Act::kRead);
    more = allowed.ok() ? std::visit(answerer, *query) : Result<bool>(allowed.error());
  }
  if (more.ok()) {
    if (progress.unfinished) return;
    buffer[0] = static_cast<std::byte>(*more ? wire::kMoreRows : 0);
    if (explains(*query)) explain(progress.explanation, buffer);
  } else {
    const ByteView text = as_bytes(more.error().message);
    progress.unfinished = false;
    answer.code = more.error().code;
    buffer.assign(text.begin(), text.end());
  }
  answer.body = buffer;
}

bool Machine::may_audit(Asking asking) const {
  return impl_->registry.judge(asking.key, registry::Act::kAudit, asking.now).ok();
}

Position Machine::events(Position since, std::uint32_t limit, Bytes& out, bool audit) const {
  if (since >= impl_->position) return since;
  EventMessages messages(since, limit, out);
  const registry::Changes query{since, limits::kPageMax};
  const Result<bool> more = impl_->registry.changes(
      query, [&](const registry::Event& e) { return audit ? messages.add(e) : messages.add(redacted(e)); });
  if (!more.ok()) {
    wire::encode(out, wire::Events{since, more.error().code, more.error().message, 0, {}});
    return since;
  }
  return messages.finish(!*more, impl_->position);
}

}  // namespace titer::machine
