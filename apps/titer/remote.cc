// SPDX-License-Identifier: Apache-2.0

#include "titer/remote.h"

#include <csignal>
#include <cstdio>
#include <fstream>
#include <utility>

#include "base/limits.h"
#include "titer/command.h"

namespace titer::app {

void complain(std::string_view message) {
  std::fflush(stdout);
  std::fprintf(stderr, "titer: %.*s\n", static_cast<int>(message.size()), message.data());
}

int exit_code(Code code) {
  switch (code) {
    case Code::kOk: return kExitOk;
    case Code::kExcluded: return kExitExcluded;
    case Code::kBusy:
    case Code::kUnavailable:
    case Code::kSessionEvicted:
    case Code::kOutcomeUnknown:
    case Code::kUnreachable:
    case Code::kProtocol: return kExitUnreachable;
    default: return kExitRefused;
  }
}

int fail(const Error& error) {
  complain(error.message.empty() ? name(error.code) : error.message);
  return exit_code(error.code);
}

void At::declare(CLI::App& app) {
  app.add_option("--at", texts, "replicas to talk to, the next one when one is down: [HOST:]PORT or unix:/PATH[,…]")
      ->envname("TITER_AT")
      ->allow_extra_args(false)
      ->type_name("ADDR");
  app.add_option("--timeout", timeout_s, "seconds to wait for an answer")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->type_name("S");
  tls.declare(app);
  key.declare(app);
}

void KeyFlag::declare(CLI::App& app) {
  app.add_option("--key", text, "the key to act with, or @FILE where it stands")
      ->envname("TITER_KEY")
      ->type_name("KEY");
}

Result<std::optional<wire::Token>> KeyFlag::token() const {
  if (text.empty()) return std::optional<wire::Token>();
  std::string shown = text;
  if (text.front() == '@') {
    std::ifstream file(text.substr(1));
    if (!std::getline(file, shown)) return Error{Code::kInvalid, text.substr(1) + " cannot be read or is empty"};
  }
  const Result<wire::Token> token = wire::parse_token(shown);
  if (!token) return token.error();
  return std::optional(*token);
}

Result<client::Addresses> At::addresses() const {
  Result<client::Addresses> out = given() ? client::parse_addresses(texts) : client::default_addresses();
  if (!out) return out;
  if (out->empty()) return Error{Code::kInvalid, "--at names no address"};
  if (const Status secured = tls.apply(*out); !secured) return secured.error();
  return out;
}

Result<client::GatewayClient::Options> At::client() const {
  Result<client::Addresses> to = addresses();
  if (!to) return to.error();
  Result<std::optional<wire::Token>> token = key.token();
  if (!token) return token.error();
  client::GatewayClient::Options options;
  options.at = std::move(to).value();
  options.deadline_us = static_cast<std::int64_t>(timeout_s * 1e6);
  options.token = std::move(token).value();
  options.advice = "; name its replicas with --at or TITER_AT";
  return options;
}

Interrupt::Interrupt(net::Loop& loop, std::function<void()> call) : signals_(loop.context(), SIGINT, SIGTERM) {
  signals_.async_wait([hit = hit_, call = std::move(call)](const boost::system::error_code& cancelled, int) {
    if (cancelled) return;
    *hit = true;
    call();
  });
}

Remote::Remote(client::GatewayClient::Options options)
    : client_(loop_, std::move(options)), interrupt_(loop_, [this] { client_.interrupt(); }) {}

Result<std::unique_ptr<Remote>> Remote::open(client::GatewayClient::Options options) {
  std::unique_ptr<Remote> remote(new Remote(std::move(options)));
  if (const Status connected = remote->client_.connect(); !connected) return connected.error();
  return remote;
}

int with_remote(const At& at, const std::function<int(Remote&)>& work) {
  Result<client::GatewayClient::Options> options = at.client();
  if (!options) {
    complain(options.error().message);
    return kExitUsage;
  }
  const Result<std::unique_ptr<Remote>> remote = Remote::open(std::move(options).value());
  if (!remote) return fail(remote.error());
  const int code = work(**remote);
  return (*remote)->interrupted() ? kExitInterrupted : code;
}

namespace {

bool could_be_id(std::string_view text) {
  if (text.empty() || text.size() > limits::kSiteIdBytesMax) return false;
  constexpr std::string_view kLegal = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-";
  return text.find_first_not_of(kLegal) == std::string_view::npos;
}

}  // namespace

Status by_id_or_name(std::string_view text, const std::function<Status(const registry::SiteRef&)>& attempt) {
  const auto missing = [](const Status& tried) { return !tried.ok() && tried.error().code == Code::kNotFound; };
  if (could_be_id(text))
    if (const Status by_id = attempt({.id = text, .name = {}}); !missing(by_id)) return by_id;
  const Status by_name = attempt({.id = {}, .name = text});
  if (!missing(by_name)) return by_name;
  return Error{Code::kNotFound, "no site has the id or name '" + std::string(text) + "'; `titer list` shows all"};
}

}  // namespace titer::app
