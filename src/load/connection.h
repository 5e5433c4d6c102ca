// SPDX-License-Identifier: Apache-2.0

// One connection of the load generator: a closed loop with a fixed number of requests in flight, extremely light,
// because it shares its two cores with the replicas that it measures.
//
// One session throughout: when its replica dies, it goes to the next one with the same session and numbers.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/limits.h"
#include "client/histogram.h"
#include "client/link.h"
#include "load/history.h"
#include "load/operation.h"
#include "load/sites.h"
#include "net/connection.h"
#include "net/loop.h"
#include "registry/request.h"

namespace titer::load {

// Shared by all connections of a run.
struct LoadRun {
  Workload workload = Workload::kSet;
  std::size_t in_flight = 1;
  std::vector<LoadSite>* sites = nullptr;
  // Indexes of sites: each session has some of the former for itself, the latter are everybody's.
  std::vector<std::uint32_t> set_sites, shared_sites;
  bool going = true;               // false: no new requests
  client::Link::Options link;      // of each, which has a session of its own
  registry::KeyId key;             // that requests name
  LoadHistory* history = nullptr;  // where every operation is noted, if anywhere

  std::uint64_t now_ns = 0;  // read once for each connection's batch of answers
  client::Histogram latency;
  std::uint64_t writes = 0, reads = 0;    // acknowledged
  std::uint64_t refused = 0, errors = 0;  // answered, but not done; unknown or unreadable answers
  std::uint64_t repeated = 0;             // sent again: busy, unavailable, too many, or the replica was lost
  std::uint64_t held_back = 0;            // above the limits on the requests of a key or an address
  std::uint64_t failovers = 0;
  std::uint64_t last_answer_ns = 0, longest_pause_ns = 0;
  std::optional<Error> denied;  // who makes this load may not: there is nothing more to measure

  void answered(std::uint64_t sent_ns);
  void deny(const Error& why);
};
[[nodiscard]] std::uint64_t monotonic_ns();

class LoadConnection final : public client::LinkOwner {
 public:
  LoadConnection(net::Loop& loop, std::size_t index, std::size_t sessions, LoadRun& run);

  void connect() { link_.start(); }
  [[nodiscard]] bool up() const { return link_.up(); }
  [[nodiscard]] bool exhausted() const { return link_.exhausted(); }
  [[nodiscard]] const std::string& last_reason() const { return link_.last_reason(); }
  // Fills the window and writes it.
  void begin();
  // Once a turn, after the answers.
  void turn(std::uint64_t now_ns) {
    if (retries_ > 0 && now_ns >= retry_at_ns_) repeat_refused();
    if (now_ns > look_at_ns_) look(now_ns);
    link_.flush();
  }
  [[nodiscard]] std::size_t open() const { return open_; }
  // Operations that are open now are not waited for: into the ledger as unanswered.
  void give_up();
  void stop() { link_.stop(); }

 private:
  static constexpr std::size_t kRing = limits::kSessionWindow;
  struct Entry {
    std::uint64_t number = 0;  // of the request, or token of the question
    std::uint64_t sent_ns = 0;
    std::uint32_t site = 0;
    bool open = false;
    bool refused = false;  // to be sent again
    std::optional<std::uint32_t> if_version;
  };
  // Numbers first … next-1 are in the ring; first is open unless first == next.
  struct Ring {
    std::array<Entry, kRing> entries;
    std::uint64_t first = 1, next = 1;

    [[nodiscard]] bool full() const { return next - first >= kRing; }
    Entry* find(std::uint64_t number);
    Entry& add(std::uint32_t site, std::uint64_t now_ns, std::optional<std::uint32_t> if_version = {});
    void close(Entry& entry);
  };

  void on_link_up(const wire::HelloReply& reply) override;
  void on_link_message(const wire::Message& message) override;
  void on_link_down(const std::string& reason) override;
  void take_answer(const wire::Message& message);
  void take_reply(const wire::Message& message);
  // To be sent again, if the code says that the replica did not take it now.
  bool refused(Entry& entry, Code code);
  // An answer, but not what was asked for.
  void not_done(Code code, std::string_view why);
  void settle(Entry& entry);
  // New requests until `in_flight` are open.
  void fill();
  bool add_one();
  bool add_write();
  bool add_view();
  void send_write(const Entry& entry);
  void send_view(const Entry& entry);
  void repeat_refused();
  void look(std::uint64_t now_ns);
  std::uint32_t dice();
  [[nodiscard]] LoadOperation operation(const Entry& entry) const;
  // For the history; with the end if there is an answer.
  [[nodiscard]] check::Op noted(const Entry& entry, bool view) const;
  void note_answer(const Entry& entry, bool view, Code code, const std::optional<check::Shown>& shown);

  LoadRun& run_;
  std::size_t index_, sessions_;
  SessionId session_;
  Ring writes_, views_;
  std::size_t open_ = 0;
  std::size_t retries_ = 0;  // entries with refused set
  std::uint64_t retry_at_ns_ = 0, look_at_ns_ = 0, heard_ns_ = 0;
  std::uint64_t refused_since_ns_ = 0;
  std::size_t own_;  // next of the sites that this session alone sets
  std::uint64_t dice_;
  registry::Outcome outcome_;
  Bytes body_;
  client::Link link_;
};

}  // namespace titer::load
