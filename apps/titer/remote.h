// SPDX-License-Identifier: Apache-2.0

// What commands share that talk to a cluster: --at, the connection, errors and exit codes, naming a site.
//
// The types of the client and of Asio are only declared here, so that simple commands compile without their headers.
// connect.h is for commands that need them.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "titer/tls_options.h"

namespace titer::client {
class GatewayClient;
}  // namespace titer::client
namespace titer::registry {
struct SiteRef;
}  // namespace titer::registry
namespace titer::wire {
struct Token;
}  // namespace titer::wire

namespace titer::app {

class Flags;

// "titer: what went wrong" on standard error.
void complain(std::string_view message);
// For programs that serve: one line if this is root, who need not be.
void warn_of_root();
// The exit code that stands for this code (command.h).
[[nodiscard]] int exit_code(Code code);
// complain() and the exit code.
[[nodiscard]] int fail(const Error& error);

// --key and TITER_KEY: the key itself, or @FILE.
struct KeyFlag {
  std::string text;

  void declare(Flags& flags);
  // nullopt: none was given.
  [[nodiscard]] Result<std::optional<wire::Token>> token() const;
};

struct At {
  std::vector<std::string> texts;
  double timeout_s = 10;
  TlsFlags tls;
  KeyFlag key;

  // --at, TITER_AT, --timeout, --key and those of TLS.
  void declare(Flags& flags);
  [[nodiscard]] bool given() const { return !texts.empty(); }
  // The addresses given, or the default of a local cluster.
  [[nodiscard]] Result<std::vector<net::Address>> addresses() const;
};

// Connects, runs `work`, turns errors and Ctrl-C into exit codes.
[[nodiscard]] int with_client(const At& at, const std::function<int(client::GatewayClient&)>& work);

// A site as users name it: tried as an id if it could be one, then as a name. `attempt` returns kNotFound when
// there is no such site; when both say so, the error says what to do.
[[nodiscard]] Status by_id_or_name(std::string_view text,
                                   const std::function<Status(const registry::SiteRef&)>& attempt);

}  // namespace titer::app
