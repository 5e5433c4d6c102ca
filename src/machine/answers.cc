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

// Takes rows that belong to positions: full only between two of them, unless one alone fills the message.
class PositionRows {
 public:
  explicit PositionRows(Bytes& out) : out_(out) {}
  [[nodiscard]] bool take(Position position) {
    const bool same = position == last_;
    if (out_.size() > (same ? kTogetherBytes : kRowBytes)) {
      cut_ = true;
      return false;
    }
    last_ = position;
    return true;
  }
  [[nodiscard]] bool cut() const { return cut_; }

 private:
  Bytes& out_;
  Position last_;
  bool cut_ = false;
};

class Answerer {
 public:
  Answerer(const registry::State& state, Bytes& out) : state_(state), out_(out), writer_(out) {}

  Result<bool> operator()(const registry::ListSites& q) { return state_.list(q, site_visitor()); }
  Result<bool> operator()(const registry::GetSite& q) {
    const Result<registry::Site> site = state_.get(q.site);
    if (!site) return site.error();
    wire::encode_site(writer_, *site);
    return false;
  }
  Result<bool> operator()(const registry::Near& q) {
    return state_.near(q, [this](const registry::Site& site, double metres) {
      writer_.f64(metres);
      wire::encode_site(writer_, site);
      return out_.size() < kRowBytes;
    });
  }
  Result<bool> operator()(const registry::History& q) {
    return events([&](const auto& visit) { return state_.history(q, visit); });
  }
  Result<bool> operator()(const registry::Changes& q) {
    return events([&](const auto& visit) { return state_.changes(q, visit); });
  }
  // In no order that one could go on from: all of them or none.
  Result<bool> operator()(const registry::ChangedSites& q) {
    Result<bool> more = state_.changed_sites(q.since, site_visitor());
    if (!more.ok() || !*more) return more;
    return Error{Code::kTooLarge, "more sites have changed since than one answer holds: list all sites anew"};
  }
  Result<bool> operator()(const registry::Info&) {
    wire::encode_totals(writer_, state_.totals());
    return false;
  }

 private:
  registry::State::SiteVisitor site_visitor() {
    return [this](const registry::Site& site) {
      wire::encode_site(writer_, site);
      return out_.size() < kRowBytes;
    };
  }
  template <typename Ask>
  Result<bool> events(const Ask& ask) {
    PositionRows rows(out_);
    Result<bool> more = ask([&](const registry::Event& event) {
      if (!rows.take(event.position)) return false;
      wire::encode_event(writer_, event);
      return true;
    });
    return more.ok() ? Result<bool>(*more || rows.cut()) : more;
  }

  const registry::State& state_;
  Bytes& out_;
  ByteWriter writer_;
};

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

void Machine::query(ByteView body, Bytes& buffer, wire::QueryAnswer& answer) const {
  buffer.clear();
  answer.position = impl_->position;
  answer.code = Code::kOk;
  const Result<registry::Query> query = wire::decode_query(body);
  Result<bool> more = Error{Code::kInvalid, "the question is not in the format of this version of titer"};
  if (query.ok()) {
    buffer.push_back(std::byte{0});  // `more`, known after the rows
    more = std::visit(Answerer(impl_->registry, buffer), *query);
  }
  if (more.ok()) {
    buffer[0] = static_cast<std::byte>(*more ? 1 : 0);
  } else {
    const ByteView text = as_bytes(more.error().message);
    answer.code = more.error().code;
    buffer.assign(text.begin(), text.end());
  }
  answer.body = buffer;
}

Position Machine::events(Position since, std::uint32_t limit, Bytes& out) const {
  if (since >= impl_->position) return since;
  EventMessages messages(since, limit, out);
  const registry::Changes query{since, limits::kPageMax};
  const Result<bool> more =
      impl_->registry.changes(query, [&](const registry::Event& e) { return messages.add(e); });
  if (!more.ok()) {
    wire::encode(out, wire::Events{since, more.error().code, more.error().message, 0, {}});
    return since;
  }
  return messages.finish(!*more, impl_->position);
}

}  // namespace titer::machine
