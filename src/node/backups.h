// SPDX-License-Identifier: Apache-2.0

// Backups: the whole state as a stream of messages, to clients who ask for it (`titer backup`), while service goes on.
//
// A backup has what a learner receives (machine.h: passes, each with the changes since the previous one began) and then
// the final state of one position, written at one time between two turns; its head carries the position and the digest.
// There are at least two passes, and more as long as they take long, so that the final state is small. The state is
// never copied; at most kWaitingMax bytes wait on a connection, except for the final state.
//
// Limits: kBackupsMax at a time, of one address kOfOneMax (Unix sockets are not counted); a client that does not read for
// kUnreadPatienceUs is disconnected. When all places are taken, the oldest gives way to a client whose address has none, if that one
// has had kLongestUs: so slow readers, from however many addresses, keep nobody out for longer.
// Errors: a Goodbye with the reason; the client asks another replica. Thread rule: the loop's thread.
#pragma once

#include <cstdint>
#include <vector>

#include "net/connection.h"
#include "net/environment.h"
#include "node/engine.h"

namespace titer::node {

class Backups {
 public:
  Backups(net::Environment& env, Engine& engine) : env_(env), engine_(engine) {}

  // The client at the other end, of this address (0: a Unix socket), asks for the state.
  void begin(net::Connection& connection, std::uint64_t address);
  [[nodiscard]] bool gives(const net::Connection& connection) const;
  // The connection has ended.
  void forget(const net::Connection& connection);
  // Once a turn: the next piece for each.
  void on_turn(BootTime now);

 private:
  static constexpr std::size_t kBackupsMax = 4;  // each costs the loop a piece a turn
  static constexpr std::size_t kOfOneMax = 2;
  static constexpr std::int64_t kLongestUs = 120'000'000;  // 100 MB at 7 Mbit/s
  static constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
  static constexpr std::size_t kWaitingMax = std::size_t{1} << 20;
  static constexpr std::int64_t kUnreadPatienceUs = 10'000'000;
  static constexpr unsigned kPassesMin = 2, kPassesMax = 8;
  static constexpr std::int64_t kShortPassUs = 50'000;  // what is written meanwhile fits the end of the stream

  struct Backup {
    net::ConnectionPtr connection;
    std::uint64_t address;
    BootTime began;
    machine::Machine::Cursor cursor;
    unsigned passes = 0;
    BootTime pass_began;
    BootTime moved;  // the last piece was given
  };

  // A place for a client of this address.
  [[nodiscard]] Status make_room(std::uint64_t address, BootTime now);
  // False: this one is over.
  [[nodiscard]] bool go_on(Backup& backup, BootTime now);
  void finish(Backup& backup);

  net::Environment& env_;
  Engine& engine_;
  std::vector<Backup> backups_;
};

}  // namespace titer::node
