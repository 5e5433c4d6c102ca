// SPDX-License-Identifier: Apache-2.0

// A machine under test: makes frames of requests and keeps what came out. For tests only.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/limits.h"
#include "machine/machine.h"
#include "smr/request_batch.h"

namespace titer::machine {

// Frames in a row, as a gateway would make them.
class FrameMaker {
 public:
  FrameMaker& add(std::uint64_t session, std::uint64_t number, ByteView body) {
    smr::append_request(batch_, {SessionId(session), RequestNumber(number), body, born_});
    ++count_;
    return *this;
  }
  FrameMaker& add(std::uint64_t session, std::uint64_t number, const registry::Request& request) {
    Bytes body;
    wire::encode_request(body, request);
    return add(session, number, body);
  }
  // The birth of the sessions of all requests that follow.
  FrameMaker& born(Position at) {
    born_ = at;
    return *this;
  }
  // All frames that follow are stamped so much later.
  void pass_ms(std::int64_t ms) { wall_ += ms; }
  smr::Frame frame() {
    ++ts_;
    smr::Frame f;
    f.ts = LamportTime(ts_);
    f.transmitter = TransmitterId(2);
    f.seq = Seq(ts_);
    f.stamp = WallTime(wall_ + static_cast<std::int64_t>(ts_ * 10));
    f.count = count_;
    if (count_ > 0) f.requests = std::make_shared<const Bytes>(std::move(batch_));
    batch_ = {};
    count_ = 0;
    return f;
  }

 private:
  Bytes batch_;
  std::uint32_t count_ = 0;
  std::uint64_t ts_ = 0;
  std::int64_t wall_ = 1'700'000'000'000;
  Position born_;
};

struct Answered {
  RequestNumber number;
  Bytes bytes;
  registry::Outcome outcome;
  bool repeated = false;
};
using Results = std::vector<Answered>;

inline Results run(Machine& machine, const smr::Frame& frame, const LogSink& log = nullptr) {
  Results results;
  machine.execute(
      frame,
      [&](const Executed& e) {
        Answered r{e.number, Bytes(e.result.begin(), e.result.end()), {}, e.repeated};
        if (!wire::decode_outcome(e.result, r.outcome).ok()) r.outcome.message = "undecodable";
        results.push_back(std::move(r));
      },
      log);
  return results;
}

inline registry::Request request(registry::Operation operation) {
  registry::Request r;
  r.operation = std::move(operation);
  r.actor = "test";
  return r;
}
inline registry::Request add_site(std::string_view id, std::string_view name, std::string_view zip = "02138") {
  registry::AddSite add;
  add.id = id;
  add.fields.name = name;
  add.fields.zip = zip;
  return request(add);
}
inline registry::Request set(std::string_view id, std::uint64_t count,
                             std::string_view product = registry::kAnyProduct) {
  registry::SetAvailability s;
  s.site.id = id;
  s.claim.product = product;
  s.claim.availability = registry::Availability::of(count);
  return request(s);
}
// A key of an operator's uses up its share of the history: all its events from then on are in the lane of the excess. Each
// request is of a session of its own, from `session` on.
inline constexpr registry::KeyId kBusyKey{7'777};
inline void fill_excess(Machine& machine, FrameMaker& make, std::uint64_t session) {
  const auto execute = [&](registry::KeyId key, registry::Operation operation) {
    registry::Request one = request(std::move(operation));
    one.key = key;
    make.add(session++, 1, one);
    machine.execute(make.frame(), nullptr);
  };
  execute(registry::kMachine, registry::SetWriteStop{false});
  execute(registry::kMachine, registry::CreateKey{kBusyKey, {}, "busy", registry::Role::kOperator, {}, {}});
  execute(kBusyKey, add_site("busy", "busy").operation);
  registry::Bulk bulk;
  for (std::size_t i = 0; i < limits::kBulkOperationsMax; ++i)
    bulk.operations.emplace_back(std::get<registry::SetAvailability>(set("busy", 1 + i % 2).operation));
  const std::size_t share = limits::kHistoryEventsMax / limits::kHistoryShares;
  for (std::size_t events = 0; events <= share; events += bulk.operations.size()) execute(kBusyKey, bulk);
  execute(kBusyKey, set("busy", 9).operation);
}
inline registry::Request reserve(std::string_view id, std::uint64_t doses) {
  registry::Reserve r;
  r.site.id = id;
  r.doses = doses;
  return request(r);
}

}  // namespace titer::machine
