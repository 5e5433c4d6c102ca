// SPDX-License-Identifier: Apache-2.0

// Client and Watch: each is a loop and a GatewayClient on it, which runs within the calls.
#include <titer/client.h>

#include <algorithm>
#include <deque>
#include <exception>
#include <map>
#include <utility>

#include "client/gateway_client.h"
#include "client/read.h"
#include "library/translate.h"
#include "net/tls.h"
#include "wire/token.h"

namespace TITER_NAMESPACE {

using client::GatewayClient;
using library::change_of;
using library::error_of;
using library::outcome_of;
using library::position_of;

namespace {

constexpr std::int64_t kBehindUs = 20'000;  // before a question that was answered too early is asked again
constexpr std::int64_t kYearMs = std::int64_t{365} * 24 * 3600 * 1000;

std::int64_t microseconds(std::chrono::milliseconds time) {
  return std::clamp<std::int64_t>(time.count(), 0, kYearMs) * 1000;  // milliseconds::max() is "forever"
}
BootTime after(std::int64_t us) { return BootTime(net::boot_now().value + us); }

titer::Result<GatewayClient::Options> gateway_options(const Options& options) {
  using Failed = titer::Error;
  titer::Result<client::Addresses> at = client::parse_addresses(options.replicas);
  if (!at) return at.error();
  if (at->empty()) return Failed{titer::Code::kInvalid, "Options::replicas names no address"};
  if (options.timeout <= std::chrono::milliseconds(0))
    return Failed{titer::Code::kInvalid, "Options::timeout must be above 0"};
  if (options.tls) {
    const auto tls = net::Tls::open({options.tls->ca, options.tls->certificate, options.tls->private_key});
    if (!tls) return tls.error();
    for (net::Address& address : *at) address.tls = *tls;
  }
  GatewayClient::Options out;
  out.at = *std::move(at);
  out.deadline_us = microseconds(options.timeout);
  out.only_these = options.only_these;
  if (options.key.empty()) return out;
  const titer::Result<wire::Token> token = wire::parse_token(options.key);
  if (!token) return token.error();
  out.token = *token;
  return out;
}

}  // namespace

// --- watching

struct Watch::Impl {
  Impl(const GatewayClient::Options& options, Position since, std::uint64_t stream)
      : client(loop, options), upto(since) {
    client.begin_watch(
        titer::Position(since.value), [this](const registry::Event& event) { return take(event); },
        [this](titer::Position position) { upto = position_of(position); }, stream);
  }
  // A message that broke off in the middle comes again from its beginning.
  bool take(const registry::Event& event) {
    const std::pair place(event.position, event.part);
    if (place <= last) return true;
    last = place;
    ready.push_back(change_of(event));
    return true;
  }

  net::Loop loop;
  GatewayClient client;
  std::deque<Change> ready;  // and not yet returned
  Position upto;             // all that came is at or before this
  std::pair<titer::Position, std::uint32_t> last;
};

Watch::Watch(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Watch::Watch(Watch&& other) noexcept = default;
Watch& Watch::operator=(Watch&& other) noexcept = default;
Watch::~Watch() = default;

Result<std::optional<Change>> Watch::next(std::chrono::milliseconds wait) {
  if (impl_->ready.empty()) {
    const titer::Result<bool> followed =
        impl_->client.follow(after(microseconds(wait)), [this] { return !impl_->ready.empty(); });
    if (!followed) return error_of(followed.error());
    if (impl_->ready.empty()) return std::optional<Change>();
  }
  std::optional<Change> change = std::move(impl_->ready.front());
  impl_->ready.pop_front();
  return change;
}

Position Watch::position() const {
  return impl_->ready.empty() ? impl_->upto : Position{impl_->ready.front().position.value - 1};
}

std::uint64_t Watch::stream() const { return impl_->client.stream(); }

// --- the client

struct Client::Impl {
  struct Waiting {
    Result<Bytes> body;
    Done done;
  };

  Impl(GatewayClient::Options gateway, std::string who)
      : options(gateway), actor(std::move(who)), client(loop, std::move(gateway)) {}

  // A callback must not begin what is going on around it.
  [[nodiscard]] std::optional<Error> within_callback() const {
    if (!running) return std::nullopt;
    return Error{Code::kInvalid, "called from within a callback of the same Client"};
  }
  [[nodiscard]] WriteOptions completed(WriteOptions given) const {
    if (given.actor.empty()) given.actor = actor;
    return given;
  }
  Result<Outcome> write(const Result<Bytes>& body);
  void send_waiting();
  Result<client::Reply> ask(const Result<registry::Query>& query, Position at_least);

  GatewayClient::Options options;
  std::string actor;
  net::Loop loop;
  GatewayClient client;
  std::deque<Waiting> waiting;
  bool running = false;
};

Result<Outcome> Client::Impl::write(const Result<Bytes>& body) {
  if (const auto refused = within_callback()) return *refused;
  if (!body) return body.error();
  std::optional<titer::Result<registry::Outcome>> outcome;
  bool more = true;
  const titer::Status sent = client.pipeline(
      [&](Bytes& out) {
        if (more) out = *body;
        return std::exchange(more, false);
      },
      [&](std::uint64_t, const titer::Result<registry::Outcome>& answer) { outcome = answer; });
  if (outcome) return outcome_of(*outcome);
  return error_of(sent.error());
}

// Everything that waits now and what callbacks add meanwhile; when nobody answers any more the rest is refused.
void Client::Impl::send_waiting() {
  std::map<std::uint64_t, Done> open;
  std::uint64_t next = 0;
  const auto tell = [](const Done& done, const Result<Outcome>& outcome) noexcept {
    if (done) done(outcome);
  };
  const titer::Status sent = client.pipeline(
      [&](Bytes& out) {
        while (!waiting.empty()) {
          Waiting one = std::move(waiting.front());
          waiting.pop_front();
          if (one.body.ok()) {
            out = *std::move(one.body);
            open.emplace(next++, std::move(one.done));
            return true;
          }
          tell(one.done, one.body.error());
        }
        return false;
      },
      [&](std::uint64_t index, const titer::Result<registry::Outcome>& outcome) {
        const auto node = open.extract(index);
        tell(node.mapped(), outcome_of(outcome));
      });
  if (sent.ok()) return;
  for (const Waiting& one : std::exchange(waiting, {}))
    tell(one.done,
         one.body.ok() ? Error{Code::kUnavailable, "not sent: " + sent.error().message} : one.body.error());
}

Result<client::Reply> Client::Impl::ask(const Result<registry::Query>& query, Position at_least) {
  if (const auto refused = within_callback()) return *refused;
  if (!query) return query.error();
  const BootTime deadline = after(options.deadline_us);
  while (true) {
    titer::Result<client::Reply> reply = client.ask(*query);
    if (!reply) return error_of(reply.error());
    if (position_of(reply->position) >= at_least) return *std::move(reply);
    if (net::boot_now() >= deadline)
      return Error{Code::kUnavailable, "the cluster is at position " + std::to_string(reply->position.value) +
                                           ", before " + std::to_string(at_least.value) +
                                           ": is it another one, or restored from a backup?"};
    loop.run_until(after(kBehindUs), [] { return false; });
  }
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::Client(Client&& other) noexcept = default;
Client& Client::operator=(Client&& other) noexcept = default;
Client::~Client() = default;

Result<Client> Client::connect(const Options& options) {
  titer::Result<GatewayClient::Options> gateway = gateway_options(options);
  if (!gateway) return error_of(gateway.error());
  try {
    auto impl = std::make_unique<Impl>(*std::move(gateway), options.actor);
    if (const titer::Status connected = impl->client.connect(); !connected) return error_of(connected.error());
    return Client(std::move(impl));
  } catch (const std::exception& refused) {  // by the kernel: no descriptor is left, say
    return Error{Code::kInternal, refused.what()};
  }
}

Result<Outcome> Client::write(const Operation& operation, const WriteOptions& options) {
  return impl_->write(library::request_body(operation, impl_->completed(options)));
}

Result<Outcome> Client::write_all(const std::vector<Operation>& operations, const WriteOptions& options) {
  return impl_->write(library::request_body(operations, impl_->completed(options)));
}

void Client::submit(const Operation& operation, Done done, const WriteOptions& options) {
  impl_->waiting.push_back({library::request_body(operation, impl_->completed(options)), std::move(done)});
}

void Client::wait() {
  if (std::exchange(impl_->running, true)) return;
  while (!impl_->waiting.empty()) impl_->send_waiting();
  impl_->running = false;
}

Result<SiteAt> Client::get(const SiteRef& site, Position at_least) {
  const Result<client::Reply> reply = impl_->ask(library::query_of(site), at_least);
  if (!reply) return reply.error();
  SiteAt out;
  out.position = position_of(reply->position);
  const titer::Result<bool> read = client::visit_sites(reply->body, [&](const registry::Site& row) {
    out.site = library::site_of(row);
    return true;
  });
  if (!read) return error_of(read.error());
  return out;
}

Result<SitePage> Client::list(const List& query, Position at_least) {
  const Result<client::Reply> reply = impl_->ask(library::query_of(query), at_least);
  if (!reply) return reply.error();
  SitePage out;
  out.position = position_of(reply->position);
  const titer::Result<bool> more = client::visit_sites(reply->body, [&](const registry::Site& row) {
    out.sites.push_back(library::site_of(row));
    return true;
  });
  if (!more) return error_of(more.error());
  if (*more && !out.sites.empty()) out.next = SiteCursor{out.sites.back().name, out.sites.back().id};
  return out;
}

Result<NearPage> Client::near(const Near& query, Position at_least) {
  const Result<client::Reply> reply = impl_->ask(library::query_of(query), at_least);
  if (!reply) return reply.error();
  NearPage out;
  out.position = position_of(reply->position);
  const titer::Result<bool> more = client::visit_near(reply->body, [&](const registry::Site& row, double metres) {
    out.sites.push_back({library::site_of(row), metres});
    return true;
  });
  if (!more) return error_of(more.error());
  out.more = *more;
  return out;
}

Result<ChangePage> Client::history(const History& query, Position at_least) {
  const Result<client::Reply> reply = impl_->ask(library::query_of(query), at_least);
  if (!reply) return reply.error();
  ChangePage out;
  out.position = position_of(reply->position);
  const titer::Result<client::HistoryPage> page =
      client::visit_history(reply->body, [&](const registry::Event& row) {
        out.changes.push_back(change_of(row));
        return true;
      });
  if (!page) return error_of(page.error());
  if (page->more && !out.changes.empty()) out.next = out.changes.back().position;
  out.removed = position_of(page->removed);
  return out;
}

Result<Position> Client::position() {
  const Result<client::Reply> reply = impl_->ask(registry::Query(registry::Info{}), {});
  if (!reply) return reply.error();
  return position_of(reply->position);
}

Result<Watch> Client::watch(Position since, std::uint64_t stream) const {
  GatewayClient::Options options = impl_->options;
  // All that are known by now, beginning with the one that is alive.
  options.at = impl_->client.addresses();
  const auto same = [&](const net::Address& one) { return one.same_place(impl_->client.address()); };
  std::rotate(options.at.begin(), std::find_if(options.at.begin(), options.at.end(), same), options.at.end());
  try {
    return Watch(std::make_unique<Watch::Impl>(options, since, stream));
  } catch (const std::exception& refused) {
    return Error{Code::kInternal, refused.what()};
  }
}

std::string Client::replica() const { return impl_->client.address().text(); }

}  // namespace TITER_NAMESPACE
