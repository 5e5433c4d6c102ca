// SPDX-License-Identifier: Apache-2.0

#include "titer/remote.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <utility>

#include "base/limits.h"
#include "base/text.h"
#include "client/addresses.h"
#include "net/secret_file.h"
#include "registry/request.h"
#include "titer/command.h"
#include "titer/connect.h"

namespace titer::app {

// Line ends are ours; all else that a terminal would take for an order may be of somebody else.
void complain(std::string_view message) {
  std::fflush(stdout);
  std::string text = "titer: ";
  for (;;) {
    const std::size_t end = message.find('\n');
    text += printable(message.substr(0, end)) + "\n";
    if (end == std::string_view::npos) break;
    message.remove_prefix(end + 1);
  }
  std::fputs(text.c_str(), stderr);
}

void warn_of_root() {
  if (::geteuid() == 0)
    complain(
        "this runs as root, but needs no privileges of root: run it as a user of its own, as titer@.service does");
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
  complain(error.message.empty() ? std::string(name(error.code)) : printable(error.message));
  return exit_code(error.code);
}

void At::declare(Flags& flags) {
  flags.option("--at", texts, "replicas to try, in this order: [HOST:]PORT or unix:/PATH[,…]")
      .env("TITER_AT")
      .one_word_each()
      .value_name("ADDR");
  flags.option("--timeout", timeout_s, "seconds to wait for an answer").seconds().show_default().value_name("S");
  tls.declare(flags);
  key.declare(flags);
}

void KeyFlag::declare(Flags& flags) {
  flags.option("--key", text, "the key to use, or @FILE to read it from a file").env("TITER_KEY").value_name("KEY");
}

Result<std::optional<wire::Token>> KeyFlag::token() const {
  if (text.empty()) return std::optional<wire::Token>();
  Result<std::string> shown = text;
  if (text.front() == '@') shown = net::read_secret_line(text.substr(1), net::Pipes::kRead);
  if (!shown) return shown.error();
  const Result<wire::Token> token = wire::parse_token(*shown);
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

Result<client::GatewayClient::Options> client_options(const At& at) {
  Result<client::Addresses> to = at.addresses();
  if (!to) return to.error();
  Result<std::optional<wire::Token>> token = at.key.token();
  if (!token) return token.error();
  client::GatewayClient::Options options;
  options.at = std::move(to).value();
  options.deadline_us = static_cast<std::int64_t>(at.timeout_s * 1e6);
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

int with_client(const At& at, const std::function<int(client::GatewayClient&)>& work) {
  Result<client::GatewayClient::Options> options = client_options(at);
  if (!options) {
    complain(options.error().message);
    return kExitUsage;
  }
  net::Loop loop;
  client::GatewayClient client(loop, std::move(options).value());
  const Interrupt interrupt(loop, [&client] { client.interrupt(); });
  if (const Status connected = client.connect(); !connected) return fail(connected.error());
  const int code = work(client);
  return interrupt.hit() ? kExitInterrupted : code;
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
    if (Status by_id = attempt({.id = text, .name = {}}); !missing(by_id)) return by_id;
  Status by_name = attempt({.id = {}, .name = text});
  if (!missing(by_name)) return by_name;
  return Error{Code::kNotFound, "no site has the id or name '" + std::string(text) + "'; `titer list` shows all"};
}

}  // namespace titer::app
