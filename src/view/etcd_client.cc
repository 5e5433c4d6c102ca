// SPDX-License-Identifier: Apache-2.0

#include "view/etcd_client.h"

#include <fmt/format.h>

#include <boost/beast/core/detail/base64.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <utility>

namespace titer::view {

namespace {

namespace json = boost::json;
namespace base64 = boost::beast::detail::base64;

constexpr int kUnauthenticated = 16;  // gRPC's codes, in etcd's error bodies
constexpr unsigned kHttpOk = 200;

std::string encoded(std::string_view text) {
  std::string out(base64::encoded_size(text.size()), '\0');
  out.resize(base64::encode(out.data(), text.data(), text.size()));
  return out;
}

std::string decoded(std::string_view text) {
  std::string out(base64::decoded_size(text.size()), '\0');
  out.resize(base64::decode(out.data(), text.data(), text.size()).first);
  return out;
}

// etcd gives 64-bit numbers as text and leaves out what is zero.
template <typename Number>
Number number(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  const json::string* text = found != nullptr ? found->if_string() : nullptr;
  Number out{};
  if (text != nullptr) std::from_chars(text->data(), text->data() + text->size(), out);
  return out;
}

const json::object* object_in(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  return found != nullptr ? found->if_object() : nullptr;
}

std::string_view text_in(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  const json::string* text = found != nullptr ? found->if_string() : nullptr;
  return text != nullptr ? std::string_view(text->data(), text->size()) : std::string_view();
}

Result<json::object> parse(std::string_view text) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error || !value.is_object()) return Error{Code::kUnreachable, "what answers as etcd does not speak JSON"};
  return std::move(value.get_object());
}

EtcdState state_of(const json::object& answer) {
  EtcdState state;
  if (const json::object* header = object_in(answer, "header")) {
    state.etcd = number<std::uint64_t>(*header, "cluster_id");
    state.revision = number<std::int64_t>(*header, "revision");
  }
  return state;
}

EtcdState::Value value_of(const json::object& pair) {
  return {number<std::int64_t>(pair, "mod_revision"), decoded(text_in(pair, "value"))};
}

Result<EtcdState> read_range(std::string_view text) {
  const auto answer = parse(text);
  if (!answer) return answer.error();
  EtcdState state = state_of(*answer);
  if (state.etcd == 0) return Error{Code::kUnreachable, "what answers as etcd does not say which cluster it is"};
  if (const json::value* pairs = answer->if_contains("kvs"); pairs != nullptr && pairs->is_array())
    for (const json::value& pair : pairs->get_array())
      if (pair.is_object()) state.value = value_of(pair.get_object());
  return state;
}

// A line of a watch: nullopt: nothing has changed by it.
Result<std::optional<EtcdState>> read_change(std::string_view line) {
  const auto answer = parse(line);
  if (!answer) return answer.error();
  const json::object* result = object_in(*answer, "result");
  if (result == nullptr) return Error{Code::kUnreachable, "the watch was refused: " + std::string(line)};
  if (const json::value* canceled = result->if_contains("canceled"); canceled != nullptr && canceled->is_bool())
    if (canceled->get_bool())
      return Error{Code::kUnreachable, fmt::format("the watch has ended: {}", text_in(*result, "cancel_reason"))};
  const json::value* events = result->if_contains("events");
  if (events == nullptr || !events->is_array() || events->get_array().empty()) return std::optional<EtcdState>();
  EtcdState state = state_of(*result);
  const json::value& last = events->get_array().back();
  const json::object* event = last.if_object();
  const json::object* pair = event != nullptr ? object_in(*event, "kv") : nullptr;
  if (pair != nullptr && text_in(*event, "type") != "DELETE") state.value = value_of(*pair);
  return std::optional(std::move(state));
}

bool wants_token(const HttpChannel::Reply& reply) {
  const auto answer = parse(reply.body);
  if (!answer) return false;
  const json::value* code = answer->if_contains("code");
  return code != nullptr && code->is_int64() && code->get_int64() == kUnauthenticated;
}

// What etcd says of why not. A wrong password, key or right will be wrong at the next endpoint too.
Error refusal(const std::string& endpoint, const HttpChannel::Reply& reply) {
  const auto answer = parse(reply.body);
  const std::string why = answer ? std::string(text_in(*answer, "error")) : reply.body.substr(0, 200);
  const bool ours = reply.status >= 400 && reply.status < 500;
  return {ours ? Code::kInvalid : Code::kUnreachable, fmt::format("{}: HTTP {}: {}", endpoint, reply.status, why)};
}

}  // namespace

EtcdClient::EtcdClient(boost::asio::io_context& context, EtcdOptions options)
    : context_(context), options_(std::move(options)) {}

void EtcdClient::close() {
  closed_ = true;
  if (channel_) channel_->close();
  if (watching_) watching_->close();
}

void EtcdClient::next_endpoint() {
  channel_.reset();
  at_ = (at_ + 1) % options_.endpoints.size();
}

// With the connection that is there, or a new one. After a failure the next endpoint's turn has come.
EtcdClient::Task<Result<HttpChannel::Reply>> EtcdClient::exchange(HttpChannel::Ask ask) {
  if (closed_) co_return Error{Code::kUnreachable, "the register is closed"};
  if (!channel_) {
    auto fresh = std::make_shared<HttpChannel>(context_, options_.endpoints[at_], options_.tls);
    channel_ = fresh;
    if (const Status connected = co_await fresh->connect(kConnectUs); !connected) {
      next_endpoint();
      co_return connected.error();
    }
  }
  const std::shared_ptr<HttpChannel> channel = channel_;
  auto reply = co_await channel->post(std::move(ask), kAnswerUs);
  if (!reply) next_endpoint();
  co_return reply;
}

EtcdClient::Task<Status> EtcdClient::authenticate() {
  token_.clear();
  const std::string body = json::serialize(json::object{{"name", options_.user}, {"password", options_.password}});
  HttpChannel::Ask ask{"/v3/auth/authenticate", body, {}};
  const auto reply = co_await exchange(std::move(ask));
  if (!reply) co_return reply.error();
  if (reply->status != kHttpOk) co_return refusal(endpoint(), *reply);
  const auto answer = parse(reply->body);
  if (!answer) co_return answer.error();
  token_ = text_in(*answer, "token");
  co_return ok_status();
}

EtcdClient::Task<Result<std::string>> EtcdClient::call(std::string target, std::string body) {
  for (bool again = false;; again = true) {
    if (!options_.user.empty() && token_.empty())
      if (const Status known = co_await authenticate(); !known) co_return known.error();
    HttpChannel::Ask ask{target, body, token_};
    auto reply = co_await exchange(std::move(ask));
    if (!reply) co_return reply.error();
    if (reply->status == kHttpOk) co_return std::move(reply->body);
    const bool expired = !options_.user.empty() && wants_token(*reply);
    Error refused = refusal(endpoint(), *reply);
    if (!expired || again) {
      next_endpoint();
      co_return refused;
    }
    token_.clear();
  }
}

EtcdClient::Task<Result<EtcdState>> EtcdClient::get(std::string key) {
  const std::string body = json::serialize(json::object{{"key", encoded(key)}});
  const auto answer = co_await call("/v3/kv/range", body);
  if (!answer) co_return answer.error();
  co_return read_range(*answer);
}

EtcdClient::Task<Result<bool>> EtcdClient::replace(std::string key, std::int64_t expected, std::string text) {
  const json::object compare{
      {"key", encoded(key)}, {"target", "MOD"}, {"result", "EQUAL"}, {"mod_revision", std::to_string(expected)}};
  const json::object put{{"request_put", json::object{{"key", encoded(key)}, {"value", encoded(text)}}}};
  const std::string body =
      json::serialize(json::object{{"compare", json::array{compare}}, {"success", json::array{put}}});
  const auto answer = co_await call("/v3/kv/txn", body);
  if (!answer) co_return answer.error();
  const auto read = parse(*answer);
  if (!read) co_return read.error();
  const json::value* succeeded = read->if_contains("succeeded");
  co_return succeeded != nullptr && succeeded->is_bool() && succeeded->get_bool();
}

EtcdClient::Task<Status> EtcdClient::watch(std::string key, std::int64_t from) {
  auto fresh = std::make_shared<HttpChannel>(context_, options_.endpoints[at_], options_.tls);
  watching_ = fresh;
  if (closed_) co_return Error{Code::kUnreachable, "the register is closed"};
  if (const Status connected = co_await fresh->connect(kConnectUs); !connected) co_return connected;
  const json::object create{{"key", encoded(key)}, {"start_revision", std::to_string(from)}};
  const std::string body = json::serialize(json::object{{"create_request", create}});
  HttpChannel::Ask ask{"/v3/watch", body, token_};
  const auto status = co_await fresh->open(std::move(ask), kAnswerUs);
  if (!status) co_return status.error();
  if (*status != kHttpOk)
    co_return Error{Code::kUnreachable, fmt::format("the watch is refused: HTTP {}", *status)};
  co_return ok_status();
}

EtcdClient::Task<Result<EtcdState>> EtcdClient::next_change() {
  const std::shared_ptr<HttpChannel> channel = watching_;
  for (;;) {
    const auto line = co_await channel->line();
    if (!line) co_return line.error();
    auto change = read_change(*line);
    if (!change) co_return change.error();
    if (*change) co_return std::move(**change);
  }
}

}  // namespace titer::view
