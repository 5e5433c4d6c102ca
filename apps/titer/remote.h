// SPDX-License-Identifier: Apache-2.0

// What commands share that talk to a cluster: --at, the connection, errors and exit codes, naming a site.
#pragma once

#include <CLI/CLI.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "client/gateway_client.h"
#include "net/loop.h"
#include "registry/request.h"
#include "titer/tls_options.h"

namespace titer::app {

// "titer: what went wrong" on standard error.
void complain(std::string_view message);
// The exit code that stands for this code (command.h).
[[nodiscard]] int exit_code(Code code);
// complain() and the exit code.
[[nodiscard]] int fail(const Error& error);

// --key and TITER_KEY: the key itself, or @FILE.
struct KeyFlag {
  std::string text;

  void declare(CLI::App& app);
  // nullopt: none was given.
  [[nodiscard]] Result<std::optional<wire::Token>> token() const;
};

struct At {
  std::vector<std::string> texts;
  double timeout_s = 10;
  TlsFlags tls;
  KeyFlag key;

  // --at, TITER_AT, --timeout, --key and those of TLS.
  void declare(CLI::App& app);
  [[nodiscard]] bool given() const { return !texts.empty(); }
  // The addresses given, or the default of a local cluster.
  [[nodiscard]] Result<client::Addresses> addresses() const;
  // All of it. Errors are of usage.
  [[nodiscard]] Result<client::GatewayClient::Options> client() const;
};

// Ctrl-C and SIGTERM as a flag and a call, on the loop's thread.
class Interrupt {
 public:
  Interrupt(net::Loop& loop, std::function<void()> call);
  [[nodiscard]] bool hit() const { return *hit_; }

 private:
  boost::asio::signal_set signals_;
  std::shared_ptr<bool> hit_ = std::make_shared<bool>(false);
};

// A connected client with the loop that it runs on.
class Remote {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Remote>> open(client::GatewayClient::Options options);
  [[nodiscard]] client::GatewayClient& client() { return client_; }
  [[nodiscard]] net::Loop& loop() { return loop_; }
  [[nodiscard]] bool interrupted() const { return interrupt_.hit(); }

 private:
  explicit Remote(client::GatewayClient::Options options);

  net::Loop loop_;
  client::GatewayClient client_;
  Interrupt interrupt_;
};

// Opens, runs `work`, turns errors into exit codes.
[[nodiscard]] int with_remote(const At& at, const std::function<int(Remote&)>& work);

// A site as users name it: tried as an id if it could be one, then as a name. `attempt` returns kNotFound when
// there is no such site; when both say so, the error says what to do.
[[nodiscard]] Status by_id_or_name(std::string_view text,
                                   const std::function<Status(const registry::SiteRef&)>& attempt);

}  // namespace titer::app
