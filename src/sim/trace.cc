// SPDX-License-Identifier: Apache-2.0

#include "sim/trace.h"

#include <fmt/format.h>

#include <iterator>
#include <string_view>
#include <utility>
#include <variant>

#include "base/json_string.h"
#include "smr/request_batch.h"
#include "wire/codec.h"

extern "C" const char titer_trace_html_begin[], titer_trace_html_end[];
extern "C" const char titer_trace_picture_begin[], titer_trace_picture_end[];
extern "C" const char titer_trace_panel_begin[], titer_trace_panel_end[];

namespace titer::sim {
namespace {

// A JSON string. `<` never appears as it is, so that no text can end the page's script.
std::string quoted(std::string_view text) {
  std::string out = json_string(text);
  for (std::size_t at = 0; (at = out.find('<', at)) != std::string::npos;) out.replace(at, 1, "\\u003c");
  return out;
}

template <typename... Columns>
void row(std::string& out, fmt::format_string<Columns...> columns, Columns&&... values) {
  out += '[';
  fmt::format_to(std::back_inserter(out), columns, std::forward<Columns>(values)...);
  out += "],\n";
}

std::string array(std::string_view rows) {
  if (rows.ends_with(",\n")) rows.remove_suffix(2);
  return fmt::format("[{}]", rows);
}

std::string members(const smr::ViewRecord& view) {
  std::string out;
  for (const smr::Member& member : view.members)
    out += fmt::format("{}{}", out.empty() ? "" : " ", member.id.value);
  return out;
}

std::string_view between(const char* begin, const char* end) {
  return {begin, static_cast<std::size_t>(end - begin)};
}

void put(std::string& page, std::string_view place, std::string_view what) {
  page.replace(page.find(place), place.size(), what);
}

}  // namespace

std::string Trace::transmitter(TransmitterId transmitter) {
  if (!is_direct_client(transmitter)) return std::to_string(transmitter.value);
  return fmt::format("\"c{}\"", direct_.try_emplace(transmitter.value, direct_.size() + 1).first->second);
}

void Trace::happened(const Event& event, std::string_view kind, std::string_view rest) {
  row(marks_, "\"{}\",{},{}{}{}", kind, event.at, event.who == kNoNode ? -1 : static_cast<std::int64_t>(event.who),
      rest.empty() ? "" : ",", rest);
}

void Trace::on_event(const Event& event) {
  using Kind = Event::Kind;
  switch (event.kind) {
    case Kind::kBorn: {
      const std::string_view kind = event.incarnation != Incarnation() ? "replica"
                                    : event.text == "register"         ? "register"
                                                                       : "client";
      row(nodes_, "{},\"{}\",{},{},{}", event.who, kind, quoted(event.text), event.at, event.replica.value);
      return;
    }
    case Kind::kCrashed: return happened(event, "crash", quoted(event.text));
    case Kind::kPaused: return happened(event, "pause", "");
    case Kind::kResumed: return happened(event, "resume", "");
    case Kind::kSent: return sent(event);
    case Kind::kDelivered: return ended(event, false);
    case Kind::kLost: return ended(event, true);
    case Kind::kStepped: return happened(event, "clock", std::to_string(event.clock.value));
    case Kind::kExecuted:
      if (event.frame->count == 0) return;
      return happened(event, "execute", fmt::format("{},{}", frame(*event.frame), event.position.value));
    case Kind::kProposed:
      return happened(event, "propose",
                      fmt::format("{},\"{}\"", event.record->number.value, members(*event.record)));
    case Kind::kInstalled:
      return happened(
          event, "install",
          fmt::format("{},\"{}\",{}", event.record->number.value, members(*event.record), event.position.value));
    case Kind::kAsked: return asked(event);
    case Kind::kAnswered: return answered(event);
    case Kind::kFault: return happened(event, "fault", quoted(event.text));
  }
}

// --- messages

void Trace::sent(const Event& event) {
  ByteView bytes = event.bytes;
  const auto wire = wire::next_message(bytes);
  if (!wire || !*wire) return;
  Message& message = messages_.emplace_back();
  open_[event.message] = messages_.size() - 1;
  message.sent = event.at;
  message.from = event.who;
  message.to = event.peer;
  message.type = static_cast<std::uint32_t>((*wire)->type);
  read(**wire, message);
}

void Trace::ended(const Event& event, bool lost) {
  const auto open = open_.find(event.message);
  if (open == open_.end()) return;
  messages_[open->second].ended = event.at;
  messages_[open->second].lost = lost;
  open_.erase(open);
}

void Trace::read(const wire::Message& wire, Message& message) {
  const auto seqs = [this](const smr::AckRow& floors) {
    std::string out;
    for (const auto& [x, seq] : floors) out += fmt::format(" {}:{}", transmitter(x), seq.value);
    return out;
  };
  switch (wire.type) {
    case wire::Type::kFrame:
    case wire::Type::kFlush:
    case wire::Type::kRelay:
    case wire::Type::kDone: {
      const auto peer = wire::decode_peer(wire);
      if (!peer) return;
      if (const auto* f = std::get_if<smr::FramePtr>(&*peer)) message.frame = frame(**f);
      if (const auto* f = std::get_if<smr::Relay>(&*peer)) message.frame = frame(*f->frame);
      if (const auto* f = std::get_if<smr::Flush>(&*peer))
        message.note =
            fmt::format("view {}, installed {}, floors{}", f->view.value, f->installed.value, seqs(f->floors));
      if (const auto* f = std::get_if<smr::Done>(&*peer)) message.note = fmt::format("view {}", f->view.value);
      return;
    }
    case wire::Type::kWelcome:
    case wire::Type::kSolicit: {
      const auto told = wire::decode_to_client(wire);
      if (!told) return;
      if (const auto* w = std::get_if<smr::Welcome>(&*told))
        message.note = fmt::format("view {}, clock {}, next {}", w->view.value, w->clock.value, w->next.value);
      if (const auto* s = std::get_if<smr::Solicit>(&*told)) message.note = fmt::format("above {}", s->ts.value);
      return;
    }
    case wire::Type::kRegisterCompareAndSet:
      if (const auto ask = wire::decode_compare_and_set(wire.payload))
        message.note = fmt::format("after view {}: {}", ask->expected.value, ask->reason);
      return;
    case wire::Type::kRegisterRecord:
      if (const auto record = wire::decode_register_record(wire.payload))
        message.note = fmt::format("view {} = {{{}}}", record->number.value, members(*record));
      return;
    default: return;
  }
}

std::int64_t Trace::frame(const smr::Frame& f) {
  const FrameName name{f.view.value, f.transmitter.value, f.seq.value};
  const auto [at, fresh] = frame_rows_.try_emplace(name, static_cast<std::int64_t>(frame_rows_.size()));
  if (!fresh) return at->second;
  std::string requests, acks;
  if (f.count > 0) {
    smr::RequestReader reader(*f.requests);
    for (std::uint32_t i = 0; i < f.count; ++i) {
      const smr::RequestView request = reader.next();
      row(requests, "\"{}\",{}", request.session.value, request.number.value);
    }
  }
  for (const auto& [x, seq] : f.acks) row(acks, "{},{}", transmitter(x), seq.value);
  row(frames_, "{},{},{},{},{},{},{}", f.view.value, transmitter(f.transmitter), f.seq.value, f.ts.value,
      f.rest ? 1 : 0, array(requests), array(acks));
  return at->second;
}

// --- requests

void Trace::asked(const Event& event) {
  const std::pair name{event.session.value, event.number.value};
  const auto [at, fresh] = request_rows_.try_emplace(name, requests_.size());
  if (fresh) {
    Request& request = requests_.emplace_back();
    request.session = std::to_string(event.session.value);
    request.number = event.number.value;
    request.asked.assign(event.bytes.begin(), event.bytes.end());
    registry::Outcome hoped;
    hoped.changed = true;
    if (const auto decoded = wire::decode_request(request.asked))
      request.label = registry::describe(*decoded, hoped);
  }
  happened(event, "ask", std::to_string(at->second));
}

void Trace::answered(const Event& event) {
  const auto at = request_rows_.find({event.session.value, event.number.value});
  if (at == request_rows_.end()) return;
  Request& request = requests_[at->second];
  registry::Outcome outcome;
  if (!wire::decode_outcome(event.bytes, outcome)) return;
  if (const auto decoded = wire::decode_request(request.asked))
    request.label = registry::describe(*decoded, outcome);
  happened(event, "answer", fmt::format("{},{}", at->second, quoted(name(outcome.code))));
}

// --- the page

std::string Trace::page(const std::string& plan, const Report& report) const {
  std::string messages, requests;
  for (const Message& m : messages_)
    row(messages, "{},{},{},{},{},{},{},{}", m.type, m.from, m.to, m.sent, m.ended, m.lost ? 1 : 0, m.frame,
        quoted(m.note));
  for (const Request& r : requests_) row(requests, "\"{}\",{},{}", r.session, r.number, quoted(r.label));
  const bool passed = report.verdict.kind == Verdict::Kind::kPassed;
  const std::string data = fmt::format(
      "{{\"seed\":\"{}\",\"plan\":{},\"verdict\":{},\"at\":{},\n\"nodes\":{},\n\"frames\":{},\n\"messages\":{},\n"
      "\"requests\":{},\n\"marks\":{}}}",
      report.seed, quoted(plan),
      quoted(passed ? std::string("passed") : report.verdict.checker + ": " + report.verdict.what),
      report.verdict.at, array(nodes_), array(frames_), array(messages), array(requests), array(marks_));
  std::string page(between(titer_trace_html_begin, titer_trace_html_end));
  put(page, "/*script*/",
      std::string(between(titer_trace_picture_begin, titer_trace_picture_end)) +
          std::string(between(titer_trace_panel_begin, titer_trace_panel_end)));
  put(page, "/*data*/", data);
  return page;
}

}  // namespace titer::sim
