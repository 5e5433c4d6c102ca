// SPDX-License-Identifier: Apache-2.0

// Import: one uploaded file on its way into the registry, piece by piece.
//
// Rows go to the replica through a session of the import's own, up to a window of them in flight, so they do not stand
// before other clients' requests. When kAheadMax rows wait, no more is read from the client: the upload goes as fast as
// the import, and its progress is the import's. Each row is a request of its own and is taken whole or not at all; the
// same file again changes nothing.
//
// A client that sends hardly anything is not waited for: kProgressBytes at least in kPatienceUs of waiting for it, or the import
// ends with 408. Before that it gives way to other imports (import_runs.h).
//
// Its progress is told to Shared::imports with every tick, for other connections to ask for.
// When the replica cannot go on, the client is told how far it came; rows before that stay.
// Memory: kAheadMax rows and those of one more slice of the upload (slice_bytes(), some 8 KiB when unpacked), and the part of a
// file that formats/reader.h keeps. An import ends when its client disconnects.
// Thread rule: its worker's thread. Owned by its own timer and by the connection's callback.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/handler_context.h"
#include "api/import_runs.h"
#include "formats/reader.h"
#include "http/exchange.h"

namespace titer::api {

class Import : public std::enable_shared_from_this<Import> {
 public:
  struct Options {
    formats::ReadOptions read;
    std::string actor;
    registry::KeyId key;  // on whose behalf
    ImportRun run;        // its number from Shared::imports
  };
  static constexpr std::size_t kAheadMax =
      512;  // rows that wait, before a piece of the upload makes some hundreds more
  static constexpr std::size_t kSliceBytes = std::size_t{4} << 10, kPackedSliceBytes = 8, kFirstBytes = 2;
  static constexpr std::int64_t kFeedUs = 2'000;  // then the worker's other clients are served
  static constexpr std::int64_t kPatienceUs = 30'000'000;
  static constexpr std::size_t kProgressBytes = std::size_t{30} << 10;  // a kilobyte a second: a bad telephone line
  static constexpr std::size_t kToldMax = 100;  // problems of each kind in the answer; the rest is counted

  Import(HandlerContext& context, http::Exchange exchange, Options options);
  ~Import();
  Import(const Import&) = delete;
  Import& operator=(const Import&) = delete;
  void begin();

 private:
  struct Told {
    std::uint64_t line = 0;
    std::string field, why, value;
  };
  // Problems of one kind: the first ones, and how many more there were.
  struct Problems {
    std::vector<Told> first;
    std::uint64_t more = 0;
    void add(Told told);
  };
  struct Waiting {
    std::uint64_t line = 0;
    Bytes request;
  };

  void ask_for_more();
  [[nodiscard]] std::size_t slice_bytes() const;
  void feed();
  // Waited for the client since it last made progress.
  [[nodiscard]] std::int64_t behind_us() const;
  void take_piece(const http::BodyPiece& piece);
  void take_row(const formats::Row& row);
  void send_rows();
  void take_outcome(std::uint64_t line, const registry::Outcome& outcome);
  void tick();
  void go_on();
  void answer();
  // False: it has to give way.
  [[nodiscard]] bool tell_progress();
  void end_slow(std::string_view why);
  [[nodiscard]] std::string report() const;

  HandlerContext& context_;
  http::Exchange exchange_;
  Options options_;
  Backend backend_;
  boost::asio::steady_timer timer_;
  formats::Reader reader_;
  std::deque<Waiting> ready_;  // not yet given to the backend
  std::size_t under_way_ = 0;
  std::string unfed_;    // came and was not given to the reader yet …
  std::size_t fed_ = 0;  // … from here on
  bool last_piece_ = false;
  bool asked_ = false;          // a piece is to come …
  BootTime asked_at_;           // … since then
  std::int64_t waited_us_ = 0;  // for pieces, since the last progress …
  std::size_t progress_ = 0;    // … and what came meanwhile
  bool read_all_ = false;       // the reader has the whole body
  bool over_ = false;           // answered, or nobody waits
  Status failed_ = ok_status();
  ImportRun run_;
  Problems errors_, notes_;
  Position position_;
};

}  // namespace titer::api
