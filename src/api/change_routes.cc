// SPDX-License-Identifier: Apache-2.0

// The change stream: GET /api/v1/changes, as Server-Sent Events or NDJSON.
#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "api/answers.h"
#include "api/feeds.h"
#include "api/routes.h"
#include "base/number.h"
#include "client/read.h"
#include "http/limits.h"
#include "http/parameters.h"
#include "http/problem.h"

namespace titer::api {

namespace {

constexpr std::string_view kEventStream = "text/event-stream";
constexpr std::uint32_t kPage = 500;  // events of history per question

constexpr std::string_view kManyListeners =
    "the changes are followed here by as many listeners as there is room for; follow them at another replica";
constexpr std::string_view kManyAuditors =
    "the changes are followed here with as many auditors' keys as are allowed; follow them at another replica";

// Nothing can be resumed here: the events of those numbers are others.
Error another_cluster() {
  return {Code::kTooOld,
          "this id is of another cluster, or of this one before it was restored from a backup or resumed with a "
          "loss of "
          "writes: read all sites, then the changes since the position they were read at"};
}

// One listener. It is fed by the pages of history until they reach the ring, and then by the ring; both on behalf of
// its key, so that it sees what that one may.
class Stream final : public Listener, public std::enable_shared_from_this<Stream> {
 public:
  Stream(HandlerContext& context, http::Exchange exchange, std::shared_ptr<Changes> changes, bool sse)
      : context_(context),
        exchange_(std::move(exchange)),
        changes_(std::move(changes)),
        as_(acting_key(exchange_.request())),
        sse_(sse) {}

  // From here on; nullopt: from now.
  void start(const std::optional<Place>& from);

 private:
  void wake() override { exchange_.resume(); }
  void beat() override;

  void begin_now();
  void ask_page();
  void on_page(const Result<Rows>& rows);
  void refuse(const Error& error);
  void too_old(const std::string& detail);
  void open(Position position);
  [[nodiscard]] http::Pull pull(std::string& out);
  void end(std::string_view why, std::string& out);
  void print(const Change& change, std::string& out) const;
  [[nodiscard]] bool reaches_ring() const { return changes_->begun() && at_ >= changes_->begin(); }

  HandlerContext& context_;
  http::Exchange exchange_;
  std::shared_ptr<Changes> changes_;
  registry::KeyId as_;
  bool sse_;
  Mark at_;              // everything up to here has been written
  std::string ready_;    // of a page, not written yet
  bool opened_ = false;  // the head of the answer is sent
  bool asking_ = false, live_ = false, more_ = false, lost_ = false;
};

void Stream::start(const std::optional<Place>& from) {
  if (!from) return begin_now();
  if (from->cluster && *from->cluster != context_.setup.cluster) return refuse(another_cluster());
  at_ = from->mark;
  ask_page();
}

void Stream::begin_now() {
  context_.reads.ask(
      registry::Info{},
      [self = shared_from_this()](const Result<Rows>& rows) {
        if (self->exchange_.gone()) return;
        if (!rows) return self->refuse(rows.error());
        self->at_ = Mark::behind(rows->position);
        self->open(rows->position);
      },
      as_);
}

void Stream::ask_page() {
  asking_ = true;
  // In the middle of a bulk: the whole position again, and what was seen of it is left out.
  const bool whole = at_.part == UINT32_MAX || at_.position == Position();
  const registry::Changes query{whole ? at_.position : Position(at_.position.value - 1), kPage};
  context_.reads.ask(
      query, [self = shared_from_this()](const Result<Rows>& rows) { self->on_page(rows); }, as_);
}

void Stream::on_page(const Result<Rows>& rows) {
  asking_ = false;
  if (exchange_.gone()) return;
  if (!rows) return refuse(rows.error());
  // Every position that was shown anywhere is executed before a read is answered, so this one was never shown here.
  if (!opened_ && at_.position > rows->position)
    return refuse({Code::kTooOld,
                   fmt::format("position {} is beyond the newest one, which is {}: it is of another cluster, or "
                               "of writes that were lost. Read all sites, then the changes since the position "
                               "they were read at",
                               at_.position.value, rows->position.value)});
  const auto more = client::visit_events(rows->body, [this](const registry::Event& event) {
    const Mark mark{event.position, event.part};
    if (mark <= at_) return true;
    print(rendered(event, context_.setup.cluster), ready_);
    at_ = mark;
    return true;
  });
  if (!more) return refuse(more.error());
  more_ = *more;
  if (!more_) at_ = std::max(at_, Mark::behind(rows->position));
  if (opened_) return exchange_.resume();
  open(rows->position);
}

void Stream::open(Position position) {
  opened_ = true;
  changes_->add(shared_from_this());
  http::Response response;
  response.type = sse_ ? kEventStream : http::kNdjsonType;
  response.position = position;
  if (sse_) ready_.insert(0, "retry: 1000\n\n");
  response.pull = [self = shared_from_this()](std::string& out) { return self->pull(out); };
  exchange_.respond(std::move(response));
}

void Stream::refuse(const Error& error) {
  if (opened_) {
    lost_ = true;
    return exchange_.resume();
  }
  if (error.code == Code::kTooOld) return too_old(error.message);
  exchange_.respond(http::problem(error));
}

void Stream::too_old(const std::string& detail) {
  context_.reads.ask(registry::Info{}, [self = shared_from_this(), detail](const Result<Rows>& rows) {
    http::Response response = http::problem(410, "too_old", detail);
    if (rows && rows->body.size() > 1) {
      ByteReader in(rows->body.subspan(1));
      const registry::Totals totals = wire::decode_totals(in);
      response.position = rows->position;
      response.body.pop_back();
      response.body += fmt::format(R"(,"oldest":{}}})", totals.oldest_event.value);
    }
    self->exchange_.respond(std::move(response));
  });
}

void Stream::print(const Change& change, std::string& out) const {
  if (sse_) {
    out += change.text;
  } else {
    out += change.as_json();
    out += '\n';
  }
}

// The last thing that a listener hears, when it is not the connection that breaks.
void Stream::end(std::string_view why, std::string& out) {
  const std::string data =
      fmt::format(R"({{"end":"{}","resume_from":"{}"}})", why, text_of(at_, context_.setup.cluster));
  out += sse_ ? "event: end\ndata: " + data + "\n\n" : data + "\n";
}

http::Pull Stream::pull(std::string& out) {
  if (!ready_.empty()) {
    std::swap(out, ready_);
    ready_.clear();
    return http::Pull::kMore;
  }
  if (lost_ || changes_->stopping()) {
    end(lost_ ? "lost" : "stopping", out);
    return http::Pull::kEnd;
  }
  if (!live_ && !asking_ && !more_) {
    changes_->begin_at(at_.position);
    live_ = reaches_ring();
  }
  if (!live_) {
    if (!asking_) ask_page();
    return http::Pull::kWait;
  }
  if (!reaches_ring()) {
    end("dropped", out);
    return http::Pull::kEnd;
  }
  for (const Change* next = nullptr; out.size() < http::limits::kStreamPieceBytes;) {
    next = changes_->after(at_);
    if (next == nullptr) return http::Pull::kWait;
    print(*next, out);
    at_ = next->mark;
  }
  return http::Pull::kMore;
}

void Stream::beat() {
  if (!ready_.empty()) return;
  ready_ = sse_ ? fmt::format(": {}\n\n", text_of(at_, context_.setup.cluster)) : std::string("\n");
  exchange_.resume();
}

// With what this exchange may see. Only now and then somebody shows a key here: browsers do not.
void with_feed(HandlerContext& context, const http::Exchange& exchange,
               std::function<void(std::shared_ptr<Changes>)> then) {
  const registry::KeyId key = acting_key(exchange.request());
  if (key == registry::kNoKey) return then(context.feeds.of_everybody());
  context.reads.ask(
      registry::CheckAct{key, registry::Act::kAudit},
      [&context, exchange, key, then = std::move(then)](const Result<Rows>& may) {
        if (exchange.gone()) return;
        if (!may && may.error().code == Code::kForbidden) return then(context.feeds.of_everybody());
        if (!may) return exchange.respond(http::problem(may.error()));
        if (auto feed = context.feeds.of(key)) return then(std::move(feed));
        exchange.respond(http::problem(Error{Code::kBusy, std::string(kManyAuditors)}));
      },
      registry::kMachine);
}

void changes(HandlerContext& context, const http::Exchange& exchange) {
  const http::Request& request = exchange.request();
  // Listeners are never idle, so they would never give way: half of the places stay for requests.
  if (context.feeds.listeners() >= std::max<std::size_t>(1, context.setup.connections.in_all / 2))
    return exchange.respond(http::problem(Error{Code::kBusy, std::string(kManyListeners)}));
  const std::string_view format = http::text_of(request, "format");
  if (!format.empty() && format != "sse" && format != "ndjson")
    return exchange.respond(bad_request({Code::kInvalid, "format is sse or ndjson"}));
  const bool asks_sse = request.header("accept").find(kEventStream) != std::string_view::npos;
  std::string_view since = request.header("last-event-id");
  if (since.empty()) since = http::text_of(request, "since");
  std::optional<Place> from;
  if (!since.empty()) {
    const auto place = place_of(since);
    if (!place) return exchange.respond(bad_request(place.error()));
    from = *place;
  }
  const bool sse = format.empty() ? asks_sse : format == "sse";
  with_feed(context, exchange, [&context, exchange, sse, from](std::shared_ptr<Changes> feed) {
    std::make_shared<Stream>(context, exchange, std::move(feed), sse)->start(from);
  });
}

constexpr Route kChangeRoutes[] = {
    {http::Method::kGet, "/api/v1/changes", changes, registry::Act::kRead, "changes", "since format"},
};

}  // namespace

Routes change_routes() { return kChangeRoutes; }

}  // namespace titer::api
