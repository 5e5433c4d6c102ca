// SPDX-License-Identifier: Apache-2.0

// TlsRenewal: new certificates without a restart. It looks at the files of every Tls it was given, now and then, and immediately
// on SIGHUP; when they have changed it loads them for new connections. Files that do not fit together yet (a
// certificate that was written before its key) are reported once and read again when they change.
//
// Thread rule: the thread of the io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "net/tls.h"

namespace titer::net {

class TlsRenewal {
 public:
  // Ok: new files are in use. Error: they are not, the old ones stay.
  using Told = std::function<void(const Status&)>;
  TlsRenewal(boost::asio::io_context& context, std::vector<std::shared_ptr<Tls>> all, Told told);
  TlsRenewal(const TlsRenewal&) = delete;
  TlsRenewal& operator=(const TlsRenewal&) = delete;

 private:
  static constexpr int kLookEverySeconds = 2;  // three stats for each; nobody waits for it

  void look(bool at_all_costs);
  void wait_for_time();
  void wait_for_signal();

  std::vector<std::shared_ptr<Tls>> all_;
  Told told_;
  boost::asio::signal_set signals_;
  boost::asio::steady_timer timer_;
};

}  // namespace titer::net
