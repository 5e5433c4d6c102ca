// SPDX-License-Identifier: Apache-2.0

// For commands that run the event loop themselves: the options of a client, and Ctrl-C. All other commands call
// with_client() (remote.h), which needs no header of Asio.
//
// Thread rule: the loop's thread.
#pragma once

#include <boost/asio/signal_set.hpp>
#include <functional>
#include <memory>

#include "base/result.h"
#include "client/gateway_client.h"
#include "net/loop.h"
#include "titer/remote.h"

namespace titer::app {

// The options that `at` gives. Every error is a usage error.
[[nodiscard]] Result<client::GatewayClient::Options> client_options(const At& at);

// Ctrl-C and SIGTERM, as a flag and as a call on the loop's thread.
class Interrupt {
 public:
  Interrupt(net::Loop& loop, std::function<void()> call);
  [[nodiscard]] bool hit() const { return *hit_; }

 private:
  boost::asio::signal_set signals_;
  std::shared_ptr<bool> hit_ = std::make_shared<bool>(false);
};

}  // namespace titer::app
