// SPDX-License-Identifier: Apache-2.0

// WrongTables: where the history, the sessions, the idempotency keys, and the keys and switches differed, when a replica's
// state was found to differ from the others'. What wrong_state.h is for sites.
//
// Each row has a position that moves only when the row changes: of the event, of the session's last use, of the record. So the
// rows are digested in ranges of positions. A range that has fewer rows now has changed since (a session was used, old
// events were dropped), and is not compared.
//
// Thread rule: the loop's thread; compare() takes a bounded piece of work each time. Limits: kRanges digests of each table.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "machine/machine.h"

namespace titer::store {

class WrongTables {
 public:
  static constexpr std::size_t kRanges = 256;

  // The digests of this state.
  [[nodiscard]] static Bytes digests_of(const machine::Machine& machine);
  // nullopt: malformed.
  [[nodiscard]] static std::optional<WrongTables> from(ByteView digests);

  // Compares the next piece. The sentence when all is compared.
  [[nodiscard]] std::optional<std::string> compare(const machine::Machine& machine);

 private:
  enum Table : std::size_t { kOfHistory, kOfSessions, kOfIdempotency, kTables };
  struct Range {
    std::uint64_t rows = 0, digest = 0;  // the digest: a sum, so that the order of rows is of no account
  };
  // Of one table, over the positions up to upto_.
  class Digests {
   public:
    explicit Digests(Position upto) : upto_(upto) {}
    // Adds the next rows. True: there are no more.
    bool add_some(const machine::Machine& machine, Table table);
    [[nodiscard]] const std::vector<Range>& ranges() const { return ranges_; }
    void write(Bytes& out) const;
    [[nodiscard]] static std::optional<Digests> read(ByteReader& in, Position upto);

   private:
    void add(Position position, ByteView row);

    Position upto_, at_;
    std::size_t lane_ = 0;  // of the history, …
    bool begun_ = false;    // … which at_ is a place in
    std::vector<Range> ranges_ = std::vector<Range>(kRanges);
  };
  static std::uint64_t access_digest(const machine::Machine& machine);
  [[nodiscard]] std::string sentence_of(Table table, const Digests& now) const;

  Position position_;
  std::uint64_t access_ = 0;
  std::vector<Digests> then_;  // one for each table
  std::optional<Digests> now_;
  std::size_t table_ = 0;
  std::string text_;
};

}  // namespace titer::store
