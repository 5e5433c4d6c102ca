// SPDX-License-Identifier: Apache-2.0

#include "sim/text_trace.h"

#include <fmt/format.h>

#include "wire/codec.h"

namespace titer::sim {

namespace {

std::string text(const smr::ViewRecord& record) {
  std::string out = fmt::format("view {}:", record.number.value);
  for (const smr::Member& member : record.members)
    out += fmt::format(" {}#{}", member.id.value, member.incarnation.value);
  return out;
}

std::string text(const smr::Frame& f) {
  const std::string x = is_direct_client(f.transmitter) ? fmt::format("x{:04x}", f.transmitter.value & 0xFFFFU)
                                                        : fmt::format("{}", f.transmitter.value);
  std::string out = fmt::format("frame {}.{}.{} ts {}", f.view.value, x, f.seq.value, f.ts.value);
  if (f.count > 0) out += fmt::format(" ({} requests)", f.count);
  if (f.rest) out += " rest";
  for (const auto& [transmitter, seq] : f.acks)
    out += fmt::format(" ack {:x}:{}", transmitter.value & 0xFFFFU, seq.value);
  return out;
}

std::string text(const smr::PeerMessage& message) {
  if (const auto* frame = std::get_if<smr::FramePtr>(&message)) return text(**frame);
  if (const auto* relay = std::get_if<smr::Relay>(&message))
    return fmt::format("relay for view {} of {}", relay->view.value, text(*relay->frame));
  if (const auto* done = std::get_if<smr::Done>(&message)) return fmt::format("done({})", done->view.value);
  if (const auto* flush = std::get_if<smr::Flush>(&message)) {
    std::string out = fmt::format("flush({}) {} at view {}", flush->view.value,
                                  flush->full ? "full" : fmt::format("learner at {}", flush->learned.value),
                                  flush->installed.value);
    for (const auto& [transmitter, seq] : flush->floors)
      out += fmt::format(" {:x}:{}", transmitter.value & 0xFFFFU, seq.value);
    return out;
  }
  return {};
}

std::string text(const smr::ToClient& message) {
  if (const auto* w = std::get_if<smr::Welcome>(&message))
    return fmt::format("welcome(view {}, clock {}, next {})", w->view.value, w->clock.value, w->next.value);
  if (const auto* s = std::get_if<smr::Solicit>(&message)) return fmt::format("solicit({})", s->ts.value);
  return text(std::get<smr::ViewIs>(message).record);
}

std::string text(const wire::Answer& answer) {
  registry::Outcome outcome;
  const bool sound = wire::decode_outcome(answer.result, outcome).ok();
  return fmt::format("answer {}: {}", answer.number.value, sound ? titer::name(outcome.code) : "malformed");
}

// Empty: of no interest.
std::string text(ByteView bytes) {
  const auto next = wire::next_message(bytes);
  if (!next || !*next) return "?";
  const wire::Message& m = **next;
  switch (m.type) {
    case wire::Type::kHeartbeat:
    case wire::Type::kPing:
    case wire::Type::kPong: return {};
    case wire::Type::kFlush:
    case wire::Type::kRelay:
    case wire::Type::kDone:
    case wire::Type::kFrame: return text(*wire::decode_peer(m));
    case wire::Type::kWelcome:
    case wire::Type::kSolicit:
    case wire::Type::kViewIs: return text(*wire::decode_to_client(m));
    case wire::Type::kDirectHello:
      return fmt::format("hello(view {})", std::get<smr::Hello>(*wire::decode_from_client(m)).view.value);
    case wire::Type::kRequest:
      return fmt::format("request {}", wire::decode_request_message(m.payload)->number.value);
    case wire::Type::kAnswer: return text(*wire::decode_answer(m.payload));
    case wire::Type::kQuery: return fmt::format("query {}", wire::decode_query_message(m.payload)->token);
    case wire::Type::kQueryAnswer: {
      const auto answer = wire::decode_query_answer(m.payload);
      const std::string why(answer->code == Code::kOk ? std::string_view() : as_text(answer->body));
      return fmt::format("query answer {}: {} {}", answer->token, titer::name(answer->code), why);
    }
    case wire::Type::kRegisterRecord: return text(*wire::decode_register_record(m.payload));
    case wire::Type::kRegisterCompareAndSet: {
      const auto ask = wire::decode_compare_and_set(m.payload);
      return fmt::format("compare-and-set after view {} without {:b}: {}", ask->expected.value, ask->without.bits,
                         ask->reason);
    }
    case wire::Type::kTransferPart: {
      const auto part = wire::decode_transfer_part(m.payload);
      return fmt::format("state: kind {} for view {}, complete {}, {} bytes", static_cast<int>(part->kind),
                         part->view.value, part->complete.value, part->body.size());
    }
    case wire::Type::kHello: return "hello";
    case wire::Type::kHelloReply: return "hello reply";
    case wire::Type::kInventory: return "inventory";
    case wire::Type::kTransferWant:
      return fmt::format("wants state since {}", wire::decode_transfer_want(m.payload)->since.value);
    default: return fmt::format("message of type {}", static_cast<int>(m.type));
  }
}

}  // namespace

std::string TextTrace::name(Node node) const { return node < names_.size() ? names_[node] : "-"; }

void TextTrace::on_event(const Event& e) {
  using Kind = Event::Kind;
  std::string what;
  switch (e.kind) {
    case Kind::kBorn:
      if (names_.size() <= e.who) names_.resize(e.who + 1);
      names_[e.who] = e.text;
      what = "is born";
      break;
    case Kind::kCrashed: what = fmt::format("ENDS: {}", e.text); break;
    case Kind::kPaused: what = "STANDS STILL"; break;
    case Kind::kResumed: what = "goes on"; break;
    case Kind::kSent:
    case Kind::kDelivered:
    case Kind::kLost: {
      const std::string message = text(e.bytes);
      if (message.empty()) return;
      const bool sent = e.kind == Kind::kSent;
      what = fmt::format("{} {} {} {}",
                         sent                    ? "sends"
                         : e.kind == Kind::kLost ? "LOST "
                                                 : "gets ",
                         message, e.kind == Kind::kDelivered ? "from" : "to", name(e.peer));
      break;
    }
    case Kind::kStepped: return;
    case Kind::kExecuted: what = fmt::format("executes {}, now at {}", text(*e.frame), e.position.value); break;
    case Kind::kProposed: what = fmt::format("PROPOSED {}", text(*e.record)); break;
    case Kind::kInstalled: what = fmt::format("INSTALLS {} at {}", text(*e.record), e.position.value); break;
    case Kind::kAsked: what = fmt::format("asks {:x}.{}", e.session.value & 0xFFFFU, e.number.value); break;
    case Kind::kAnswered:
      what = fmt::format("is answered {:x}.{}", e.session.value & 0xFFFFU, e.number.value);
      break;
    case Kind::kFault: what = fmt::format("FAULT {} {}", e.text, name(e.peer)); break;
  }
  line_(fmt::format("{:12.6f} {:18} {}", static_cast<double>(e.at) / 1e6, name(e.who), what));
}

}  // namespace titer::sim
