// SPDX-License-Identifier: Apache-2.0

// Trace: a run as one page that draws it — the space-time diagram of Lamport's paper, with what Schneider's adds.
//
// Records what an Observer sees, decodes each message once, and writes a page that stands alone: the data as JSON, and
// trace_page.html and trace_page.js, which are part of the program. The page works out by itself which frames are
// stable and safe, from the frames that were delivered (docs/explanation/protocol.md 2.4 and 2.5): a second opinion
// on what was executed.
//
// The JSON is rows of numbers, one row per thing, because a run has 100,000 of them; row() names the columns.
// Memory: about 100 bytes per message. Thread rule: one thread. Sources: Lamport, CACM 21(7), 1978, figures 1 to 3.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "sim/observer.h"
#include "sim/world.h"
#include "wire/message.h"

namespace titer::sim {

class Trace final : public Observer {
 public:
  void on_event(const Event& event) override;

  // The whole page. `plan` is shown as it is, so that who looks knows what may happen.
  [[nodiscard]] std::string page(const std::string& plan, const Report& report) const;

 private:
  using FrameName = std::tuple<std::uint64_t, std::uint64_t, std::uint64_t>;  // view, transmitter, seq
  struct Message {
    Time sent = 0, ended = -1;
    Node from = 0, to = 0;
    std::uint32_t type = 0;
    std::int64_t frame = -1;
    bool lost = false;
    std::string note;  // for people; of messages that are no frames
  };
  struct Request {
    std::string label, session;
    std::uint64_t number = 0;
    Bytes asked;
  };

  void sent(const Event& event);
  void ended(const Event& event, bool lost);
  void read(const wire::Message& wire, Message& message);
  void asked(const Event& event);
  void answered(const Event& event);
  // The frame's row, made when it is seen first.
  std::int64_t frame(const smr::Frame& frame);
  void happened(const Event& event, std::string_view kind, std::string_view rest);
  [[nodiscard]] std::string transmitter(TransmitterId transmitter);

  std::string nodes_, frames_, marks_;  // JSON rows, each followed by a comma
  std::map<FrameName, std::int64_t> frame_rows_;
  std::map<std::uint64_t, std::size_t> direct_;  // direct clients by transmitter, in order of appearance
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> request_rows_;
  std::vector<Request> requests_;
  std::vector<Message> messages_;
  std::map<std::uint64_t, std::size_t> open_;  // message id → row
};

}  // namespace titer::sim
