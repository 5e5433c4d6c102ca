// SPDX-License-Identifier: Apache-2.0

#include "view/etcd_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <utility>

#include "base/check.h"
#include "base/number.h"
#include "view/base64.h"

namespace titer::view {

namespace {

namespace json = boost::json;

// gRPC's codes, in etcd's error bodies.
constexpr std::int64_t kResourceExhausted = 8;
constexpr std::int64_t kUnauthenticated = 16;

// etcd gives 64-bit numbers as text and leaves out what is zero.
template <typename Number>
Number number(const json::object& object, std::string_view name) {
  const json::value* found = object.if_contains(name);
  const json::string* text = found != nullptr ? found->if_string() : nullptr;
  return text != nullptr ? parse_number<Number>(*text).value_or(0) : Number();
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

CellState state_of(const json::object& answer) {
  CellState state;
  if (const json::object* header = object_in(answer, "header")) {
    state.etcd = number<std::uint64_t>(*header, "cluster_id");
    state.revision = number<std::int64_t>(*header, "revision");
  }
  return state;
}

Result<CellState::Value> value_of(const json::object& pair) {
  auto text = from_base64(text_in(pair, "value"));
  if (!text) return Error{Code::kUnreachable, "what answers as etcd gives a value that is not base64"};
  return CellState::Value{number<std::int64_t>(pair, "mod_revision"), std::move(text).value()};
}

Result<CellState> read_range(std::string_view text) {
  const auto answer = parse(text);
  if (!answer) return answer.error();
  CellState state = state_of(*answer);
  if (state.etcd == 0) return Error{Code::kUnreachable, "what answers as etcd does not say which cluster it is"};
  if (const json::value* pairs = answer->if_contains("kvs"); pairs != nullptr && pairs->is_array())
    for (const json::value& pair : pairs->get_array()) {
      if (!pair.is_object()) continue;
      auto value = value_of(pair.get_object());
      if (!value) return value.error();
      state.value = std::move(value).value();
    }
  return state;
}

Result<bool> read_replaced(std::string_view text) {
  const auto answer = parse(text);
  if (!answer) return answer.error();
  const json::value* succeeded = answer->if_contains("succeeded");
  return succeeded != nullptr && succeeded->is_bool() && succeeded->get_bool();
}

// A line of a watch: nullopt: nothing has changed by it.
Result<std::optional<CellState>> read_change(std::string_view line) {
  const auto answer = parse(line);
  if (!answer) return answer.error();
  const json::object* result = object_in(*answer, "result");
  if (result == nullptr) return Error{Code::kUnreachable, "the watch was refused: " + std::string(line)};
  if (const json::value* canceled = result->if_contains("canceled"); canceled != nullptr && canceled->is_bool())
    if (canceled->get_bool())
      return Error{Code::kUnreachable, fmt::format("the watch has ended: {}", text_in(*result, "cancel_reason"))};
  const json::value* events = result->if_contains("events");
  if (events == nullptr || !events->is_array() || events->get_array().empty()) return std::optional<CellState>();
  CellState state = state_of(*result);
  const json::value& last = events->get_array().back();
  const json::object* event = last.if_object();
  const json::object* pair = event != nullptr ? object_in(*event, "kv") : nullptr;
  if (pair == nullptr || text_in(*event, "type") == "DELETE") return std::optional(std::move(state));
  auto value = value_of(*pair);
  if (!value) return value.error();
  state.value = std::move(value).value();
  return std::optional(std::move(state));
}

// An answer whose status is not 200.
struct Refusal {
  std::int64_t code = 0;  // 0: this is not etcd
  std::string why;
};

Refusal refusal_in(const HttpChannel::Reply& reply) {
  const auto answer = parse(reply.body);
  if (!answer) return {0, reply.body.substr(0, 200)};
  const json::value* code = answer->if_contains("code");
  std::string_view why = text_in(*answer, "message");
  if (why.empty()) why = text_in(*answer, "error");
  return {code != nullptr && code->is_int64() ? code->get_int64() : 0, std::string(why.substr(0, 200))};
}

// Simple tokens expire, and end with their etcd. A JWT is refused after any change of etcd's users, with a code and a text
// that differ between versions.
bool wants_token(const Refusal& refusal) {
  return refusal.code == kUnauthenticated ||
         refusal.why.find("revision of auth store is old") != std::string::npos ||
         refusal.why.find("revision in header is old") != std::string::npos;
}

// A wrong password, key or right is wrong at the next endpoint too.
Error error_of(const std::string& endpoint, const HttpChannel::Reply& reply) {
  const Refusal refusal = refusal_in(reply);
  const bool everywhere = refusal.code != 0 && reply.status >= 400 && reply.status < 500;
  return {everywhere ? Code::kInvalid : Code::kUnreachable,
          fmt::format("{}: HTTP {}: {}{}", endpoint, reply.status, refusal.why,
                      refusal.code == kResourceExhausted
                          ? "; compact and defragment etcd, then disarm its alarm (docs/how-to/operations.md)"
                          : "")};
}

// A transaction that writes the key where its revision compares so.
std::string put_if(const std::string& key, std::string_view result, std::int64_t revision,
                   const std::string& text) {
  const json::object compare{
      {"key", to_base64(key)}, {"target", "MOD"}, {"result", result}, {"mod_revision", std::to_string(revision)}};
  const json::object put{{"request_put", json::object{{"key", to_base64(key)}, {"value", to_base64(text)}}}};
  return json::serialize(json::object{{"compare", json::array{compare}}, {"success", json::array{put}}});
}

}  // namespace

EtcdClient::EtcdClient(boost::asio::io_context& context, EtcdOptions options)
    : context_(context), options_(std::move(options)) {
  TITER_CHECK(!options_.endpoints.empty(), "somebody is asked");
}

void EtcdClient::close() {
  open_.reset();
  if (channel_) channel_->close();
  stop_watching();
}

void EtcdClient::stop_watching() {
  if (watching_) watching_->close();
  watching_.reset();
}

void EtcdClient::next_endpoint() {
  if (channel_) channel_->close();
  at_ = (at_ + 1) % options_.endpoints.size();
}

Error EtcdClient::refused(const HttpChannel::Reply& reply) {
  Error error = error_of(endpoint(), reply);
  if (error.code == Code::kUnreachable) next_endpoint();
  return error;
}

Error EtcdClient::not_etcd(const Error& why) {
  Error error{Code::kUnreachable, endpoint() + ": " + why.message};
  next_endpoint();
  return error;
}

// With the connection that is there, or a new one. After a failure the next endpoint's turn has come.
void EtcdClient::exchange(const HttpChannel::Ask& ask, HttpChannel::Then then) {
  if (!open_) return;
  if (!channel_ || !channel_->open())
    channel_ = std::make_shared<HttpChannel>(context_, options_.endpoints[at_], options_.tls);
  channel_->post(ask, [this, then = std::move(then)](Result<HttpChannel::Reply> reply) {
    if (!reply) next_endpoint();
    then(std::move(reply));
  });
}

void EtcdClient::authenticate(std::function<void(const Status&)> then) {
  auto password = options_.password();
  if (!password)
    return boost::asio::post(context_,
                             [open = std::weak_ptr(open_), then = std::move(then), error = password.error()] {
                               if (!open.expired()) then(error);
                             });
  const std::string body = json::serialize(json::object{{"name", options_.user}, {"password", *password}});
  exchange({"/v3/auth/authenticate", body, {}},
           [this, then = std::move(then)](const Result<HttpChannel::Reply>& reply) { then(keep_token(reply)); });
}

// It goes into the header of every request from now on.
Status EtcdClient::keep_token(const Result<HttpChannel::Reply>& reply) {
  if (!reply) return reply.error();
  if (reply->status != kHttpOk) return refused(*reply);
  const auto answer = parse(reply->body);
  if (!answer) return not_etcd(answer.error());
  const std::string_view token = text_in(*answer, "token");
  if (!std::ranges::all_of(token, [](char c) { return c > ' ' && c < '\x7f'; }))
    return not_etcd({Code::kUnreachable, "what answers as etcd gives a token that cannot be sent"});
  token_ = token;
  return ok_status();
}

void EtcdClient::call(Call call) {
  if (options_.user.empty() || !token_.empty()) return ask(std::move(call));
  authenticate([this, call = std::move(call)](const Status& known) {
    if (!known) return call.then(known.error());
    ask(call);
  });
}

void EtcdClient::ask(Call call) {
  const HttpChannel::Ask ask{call.target, call.body, token_};
  exchange(ask,
           [this, call = std::move(call)](Result<HttpChannel::Reply> reply) { answered(call, std::move(reply)); });
}

void EtcdClient::answered(Call call, Result<HttpChannel::Reply> reply) {
  if (!reply) return call.then(reply.error());
  if (reply->status == kHttpOk) return call.then(std::move(reply->body));
  if (!options_.user.empty() && wants_token(refusal_in(*reply)) && !std::exchange(call.again, true)) {
    token_.clear();
    return this->call(std::move(call));
  }
  call.then(refused(*reply));
}

void EtcdClient::get(const std::string& key, Then<CellState> then) {
  const std::string body = json::serialize(json::object{{"key", to_base64(key)}});
  call({"/v3/kv/range", body, [this, then = std::move(then)](const Result<std::string>& answer) {
          if (!answer) return then(answer.error());
          auto state = read_range(*answer);
          then(state ? std::move(state) : not_etcd(state.error()));
        }});
}

void EtcdClient::replace(const std::string& key, std::int64_t expected, const std::string& text, Then<bool> then) {
  const std::string body = put_if(key, "EQUAL", expected, text);
  call({"/v3/kv/txn", body, [this, then = std::move(then)](const Result<std::string>& answer) {
          if (!answer) return then(answer.error());
          const auto replaced = read_replaced(*answer);
          then(replaced ? replaced : not_etcd(replaced.error()));
        }});
}

void EtcdClient::try_write(const std::string& key, std::function<void(const Status&)> then) {
  const std::string body = put_if(key, "LESS", 0, "");  // no revision is less than 0
  call({"/v3/kv/txn", body, [this, then = std::move(then)](const Result<std::string>& answer) {
          if (!answer) return then(answer.error());
          const auto replaced = read_replaced(*answer);
          then(replaced ? ok_status() : not_etcd(replaced.error()));
        }});
}

void EtcdClient::watch(const std::string& key, std::int64_t from, std::function<void(const CellState&)> changed,
                       std::function<void(const Error&)> ended) {
  stop_watching();
  if (!open_) return;
  const json::object create{{"key", to_base64(key)}, {"start_revision", std::to_string(from)}};
  const std::string body = json::serialize(json::object{{"create_request", create}});
  watching_ = std::make_shared<HttpChannel>(context_, options_.endpoints[at_], options_.tls);
  const auto line = [this, changed = std::move(changed), ended](std::string_view text) {
    const auto change = read_change(text);
    if (!change) {
      stop_watching();
      return ended(change.error());
    }
    if (*change) changed(**change);
  };
  watching_->follow({"/v3/watch", body, token_}, line,
                    [this, ended = std::move(ended), where = endpoint()](const Result<HttpChannel::Reply>& reply) {
                      stop_watching();
                      if (!reply) return ended(reply.error());
                      if (reply->status != kHttpOk) return ended(error_of(where, *reply));
                      ended({Code::kUnreachable, where + ": the watch has ended"});
                    });
}

}  // namespace titer::view
