// SPDX-License-Identifier: Apache-2.0

// Clients of a process: their requests and questions, and what they are told. As node/clients.cc.
#include "sim/sim_process.h"

namespace titer::sim {

namespace {
constexpr Time kReadPatienceUs = 2'000'000;
constexpr Time kLeaseAgainUs = 10'000;
}  // namespace

void SimProcess::client_message(ConnectionId connection, const wire::Message& message) {
  const Link& link = *find(connection);
  if (message.type == wire::Type::kRequest) {
    const auto asked = wire::decode_request_message(message.payload);
    if (!asked) return scene_.fail("wire", asked.error().message);
    return request(connection, *asked);
  }
  if (message.type == wire::Type::kQuery) {
    const auto query = wire::decode_query_message(message.payload);
    if (!query) return scene_.fail("wire", query.error().message);
    const std::uint64_t id = ++next_read_;
    reads_.emplace(id, Read{connection, query->token, Bytes(query->body.begin(), query->body.end()),
                            scene_.time.now(), boot_now()});
    return step(smr::input::Read{id});
  }
  auto decoded = wire::decode_from_client(message);
  if (!decoded) return scene_.fail("wire", decoded.error().message);
  const smr::FromClient said = std::move(decoded).value();
  const auto* frame = std::get_if<smr::FramePtr>(&said);
  if (frame != nullptr && !scene_.plan.durable) scene_.ledger.holds(incarnation_, **frame);
  step(smr::input::Direct{link.transmitter, said});
}

void SimProcess::request(ConnectionId connection, const wire::Request& asked) {
  Link& link = *find(connection);
  if (replica_->accepts(asked.body.size()))
    return step(smr::input::Submit{link.session, asked.number, asked.body, link.born});
  registry::Outcome outcome;
  outcome.code = replica_->full() ? Code::kBusy : Code::kUnavailable;
  outcome_bytes_.clear();
  wire::encode_outcome(outcome_bytes_, outcome);
  wire::encode(link.out, wire::Answer{asked.number, outcome_bytes_});
}

void SimProcess::answer(SessionId session, RequestNumber number, ByteView result) {
  if (Link* link = link_of(session)) wire::encode(link->out, wire::Answer{number, result});
}

// --- reads

void SimProcess::read_ready(std::uint64_t id) {
  if (!answer_read(id)) delayed_.push_back(id);
}

// The state first, then the lease; the process may stand still in between.
bool SimProcess::answer_read(std::uint64_t id) {
  const auto it = reads_.find(id);
  if (it == reads_.end()) return true;
  const Read& read = it->second;
  wire::QueryAnswer answer;
  machine_->query(read.body, rows_, answer);
  answer.token = read.token;
  if (scene_.plan.mean(Fault::kPause) > 0 && !scene_.winding_down && scene_.random.chance(.002)) {
    half_reads_.push_back({read, answer, rows_});
    reads_.erase(it);
    scene_.hit(CoverageMark::kPausedInRead);
    pause(scene_.random.between(1'000, 2'000'000));
    turn_due_ = true;
    return true;
  }
  if (!replica_->read_lease(boot_now(), read.asked_boot)) {
    scene_.hit(CoverageMark::kLeaseRefused);
    return false;
  }
  finish_read(read, answer);
  reads_.erase(it);
  return true;
}

// `answer` may be from before a pause.
void SimProcess::finish_read(const Read& read, const wire::QueryAnswer& answer) {
  if (!replica_->read_lease(boot_now(), read.asked_boot)) {
    scene_.hit(CoverageMark::kLeaseRefused);
    return refuse_read(read);
  }
  if (Link* link = find(read.connection)) wire::encode(link->out, answer);
}

void SimProcess::read_refused(std::uint64_t id) {
  const auto it = reads_.find(id);
  if (it == reads_.end()) return;
  scene_.hit(CoverageMark::kReadRefused);
  refuse_read(it->second);
  reads_.erase(it);
}

void SimProcess::refuse_read(const Read& read) {
  if (Link* link = find(read.connection))
    wire::encode(link->out, wire::QueryAnswer{read.token, machine_->position(), Code::kUnavailable, {}});
}

void SimProcess::retry_reads() {
  const std::vector<std::uint64_t> again = std::exchange(delayed_, {});
  for (const std::uint64_t id : again) {
    if (answer_read(id)) continue;
    const auto it = reads_.find(id);
    if (scene_.time.now() - it->second.asked > kReadPatienceUs) {
      refuse_read(it->second);
      reads_.erase(it);
    } else {
      delayed_.push_back(id);
      wake_at_ = std::min(wake_at_, scene_.time.now() + kLeaseAgainUs);
    }
  }
}

}  // namespace titer::sim
