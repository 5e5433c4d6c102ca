// SPDX-License-Identifier: Apache-2.0

// DeathWatch: a small process beside a replica that outlives it, and tells the other members of the view that it has ended.
//
// To them a killed process is a broken connection; it might be alive, and so they have to wait for its read lease. Only the
// kernel of its machine knows that it is dead. The watch is forked when the replica's process begins. It holds a pidfd of that
// process, which becomes readable when all of its threads have ended, and never before. Then it says a death notice
// (wire::Role::kDeathNotice, with its proof) to the members that it was told of last, and ends. So a notice is about one process (its
// incarnation, chosen at random, is in it), and true whenever it arrives.
//
// It is an improvement and never needed: where no notice comes (the machine lost power, the watch was killed too, the process
// is the first of a container, whose end ends all others) the others wait for the lease as before.
//
// The watch is the child and not the parent of the replica, so that signals, exit code, MAINPID, watchdog and resource limits
// remain those of one process. It ignores SIGTERM, as it has to work when everybody else of the service was told to stop. It
// takes no memory to speak of, and certificates are read when they are needed, so they may have been renewed.
//
// Thread rule: start() while the process has one thread and has nothing open whose other end waits for its end (locks,
// listeners); the rest on the main thread. Errors: start() says why there is no watch (kInternal).
// Source: Leners and others, Improving availability in distributed systems with failure informers (NSDI 2013).
#pragma once

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "net/tls.h"

namespace titer::host {

class DeathWatch {
 public:
  DeathWatch() = default;  // none
  ~DeathWatch();
  DeathWatch(DeathWatch&& other) noexcept;
  DeathWatch& operator=(DeathWatch&& other) noexcept;

  // `files`: what connections to the other replicas show; no certificate: plain. Returns in the calling process only.
  [[nodiscard]] static Result<DeathWatch> start(const net::TlsOptions& files);

  // When this process ends, `notice` (whole messages) is told at these addresses; none: nobody is told. Replaces what was said
  // before.
  void brief(ByteView notice, const std::vector<std::string>& addresses);

 private:
  explicit DeathWatch(int channel) : channel_(channel) {}
  int channel_ = -1;  // of whole messages
  std::string briefed_;
};

}  // namespace titer::host
