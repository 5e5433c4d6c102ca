// SPDX-License-Identifier: Apache-2.0

// Feeds: what the listeners of one worker follow. One watch of the replica (changes.h) for everybody, and one for each
// key that may see who did what and why.
//
// Why not one for all auditors: the replica decides for each batch what a key may see. So from the end of a key on, its
// listeners see no more than everybody, and this module need not ask or be notified. Auditors are few.
//
// Limits: kAuditFeedsMax keys at a time, each with a smaller ring; further ones are told to follow another replica.
// Thread rule: the worker's thread.
#pragma once

#include <map>
#include <memory>

#include "api/changes.h"
#include "net/address.h"
#include "net/loop.h"
#include "registry/keys.h"

namespace titer::api {

class Feeds {
 public:
  // `share`: one of so many gets the memory of the rings.
  Feeds(net::Loop& loop, net::Address replica, std::uint64_t cluster, unsigned share);

  [[nodiscard]] std::shared_ptr<Changes> of_everybody() const { return everybody_; }
  // Of a key that may see all. null: there are too many. Lives as long as somebody holds it, and a while longer.
  [[nodiscard]] std::shared_ptr<Changes> of(registry::KeyId auditor);

  // At the end of every turn.
  void on_turn(BootTime now);
  // All listeners are told to end.
  void stop();
  [[nodiscard]] std::size_t listeners() const;

 private:
  net::Loop& loop_;
  net::Address replica_;
  std::uint64_t cluster_;
  unsigned share_;
  bool stopping_ = false;
  std::shared_ptr<Changes> everybody_;
  std::map<registry::KeyId, std::shared_ptr<Changes>> auditors_;
};

}  // namespace titer::api
