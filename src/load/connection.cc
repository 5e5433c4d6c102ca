// SPDX-License-Identifier: Apache-2.0

#include "load/connection.h"

#include <time.h>

#include <algorithm>
#include <utility>

#include "wire/codec.h"

namespace titer::load {

namespace {

constexpr std::uint64_t kMs = 1'000'000;
constexpr std::uint64_t kRetryNs = 2 * kMs;
constexpr std::uint64_t kSlowDownNs = std::uint64_t{client::kSlowDownUs} * 1'000;
constexpr std::uint64_t kLookNs = 50 * kMs;
constexpr std::uint64_t kSilenceNs = 1'000 * kMs;  // with something open: to another replica
constexpr std::uint64_t kRefusedForNs = 100 * kMs;

client::Link::Options link_options(client::Link::Options options, std::size_t index, SessionId session) {
  options.first = index % options.addresses.size();
  options.hello.session = session;
  return options;
}

}  // namespace

std::uint64_t monotonic_ns() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(t.tv_nsec);
}

void LoadRun::answered(std::uint64_t sent_ns) {
  latency.add(now_ns > sent_ns ? now_ns - sent_ns : 0);
  if (last_answer_ns != 0 && now_ns > last_answer_ns)
    longest_pause_ns = std::max(longest_pause_ns, now_ns - last_answer_ns);
  last_answer_ns = std::max(last_answer_ns, now_ns);
}

void LoadRun::deny(const Error& why) {
  if (!denied) denied = why;
  going = false;
}

LoadConnection::Entry* LoadConnection::Ring::find(std::uint64_t number) {
  Entry& entry = entries[number % kRing];
  return entry.open && entry.number == number ? &entry : nullptr;
}

LoadConnection::Entry& LoadConnection::Ring::add(std::uint32_t site, std::uint64_t now_ns,
                                                 std::optional<std::uint32_t> if_version) {
  Entry& entry = entries[next % kRing];
  entry = {
      .number = next, .sent_ns = now_ns, .site = site, .open = true, .refused = false, .if_version = if_version};
  ++next;
  return entry;
}

void LoadConnection::Ring::close(Entry& entry) {
  entry.open = entry.refused = false;
  while (first < next && !entries[first % kRing].open) ++first;
}

LoadConnection::LoadConnection(net::Loop& loop, std::size_t index, std::size_t sessions, LoadRun& run)
    : run_(run),
      index_(index),
      sessions_(sessions),
      session_(client::random_word(loop)),
      own_(index),
      dice_(run.workload == Workload::kAll ? session_.value : index + 1),
      link_(loop, link_options(run.link, index, session_), *this) {}

void LoadConnection::begin() {
  fill();
  link_.flush();
}

// --- what goes out

std::uint32_t LoadConnection::dice() {
  dice_ = dice_ * 6364136223846793005U + 1442695040888963407U;
  return static_cast<std::uint32_t>(dice_ >> 33);
}

bool LoadConnection::add_one() {
  const bool half = run_.workload == Workload::kMix || run_.workload == Workload::kAll;
  const bool view = run_.workload == Workload::kView || (half && dice() % 2 == 0);
  return view ? add_view() : add_write();
}

// A session sets only sites of its own — set_sites[index], [index + sessions], … — so that the last value of each
// is known. Reserves go anywhere: there the count alone must be right.
bool LoadConnection::add_write() {
  if (writes_.full()) return false;
  const bool shared = run_.set_sites.empty() || (!run_.shared_sites.empty() && dice() % 2 == 0);
  std::uint32_t site = 0;
  if (shared) {
    site = run_.shared_sites[dice() % run_.shared_sites.size()];
  } else {
    if (own_ >= run_.set_sites.size()) own_ = index_;
    site = run_.set_sites[own_];
    own_ += sessions_;
  }
  const LoadSite& to = (*run_.sites)[site];
  Entry& entry = writes_.add(site, run_.now_ns);
  if (to.use == SiteUse::kAll && operation(entry).conditional) entry.if_version = to.seen_version;
  if (run_.history != nullptr) run_.history->called(noted(entry, false));
  send_write(entry);
  ++open_;
  return true;
}

bool LoadConnection::add_view() {
  if (views_.full()) return false;
  const auto site = static_cast<std::uint32_t>(1 + dice() % (run_.sites->size() - 1));
  send_view(views_.add(site, run_.now_ns));
  ++open_;
  return true;
}

void LoadConnection::fill() {
  if (!run_.going || !link_.up()) return;
  while (open_ < run_.in_flight && add_one()) {
  }
}

void LoadConnection::send_write(const Entry& entry) {
  LoadSite& site = (*run_.sites)[entry.site];
  if (site.use == SiteUse::kSet) patch_value(site, load_value(index_, entry.number));
  if (site.use == SiteUse::kAll) encode_operation(operation(entry), site, entry.if_version, run_.key, body_);
  wire::encode(link_.outgoing(),
               wire::Request{RequestNumber(entry.number), site.use == SiteUse::kAll ? body_ : site.write});
}

void LoadConnection::send_view(const Entry& entry) {
  wire::encode(link_.outgoing(), wire::Query{entry.number, (*run_.sites)[entry.site].view});
}

void LoadConnection::repeat_refused() {
  if (!link_.up()) return;
  retries_ = 0;
  for (Ring* ring : {&writes_, &views_})
    for (std::uint64_t n = ring->first; n < ring->next; ++n) {
      Entry* entry = ring->find(n);
      if (entry == nullptr || !entry->refused) continue;
      entry->refused = false;
      ++run_.repeated;
      if (ring == &writes_)
        send_write(*entry);
      else
        send_view(*entry);
    }
}

void LoadConnection::look(std::uint64_t now_ns) {
  look_at_ns_ = now_ns + kLookNs;
  if (!link_.up()) {
    if (link_.refusal()) run_.deny(*link_.refusal());
    return;
  }
  if (open_ > 0 && now_ns > heard_ns_ + kSilenceNs) {
    link_.try_another("no answer for a second");
  } else if (refused_since_ns_ != 0 && now_ns > refused_since_ns_ + kRefusedForNs) {
    refused_since_ns_ = 0;
    link_.try_another("it cannot serve now");
  } else {
    run_.now_ns = now_ns;
    fill();  // what the ring or the first request held back
  }
}

// --- the history

LoadOperation LoadConnection::operation(const Entry& entry) const {
  return load_operation((*run_.sites)[entry.site].use, index_, session_.value, entry.number);
}

check::Op LoadConnection::noted(const Entry& entry, bool view) const {
  check::Op op;
  op.client = session_.value >> 11;  // 53 bits
  op.id = 2 * entry.number + (view ? 0 : 1);
  op.site = (*run_.sites)[entry.site].id;
  op.call_ns = static_cast<std::int64_t>(entry.sent_ns);
  if (view) return op;
  const LoadOperation asked = operation(entry);
  op.kind = asked.kind;
  op.value = asked.value;
  op.amount = asked.amount;
  op.if_version = entry.if_version;
  return op;
}

void LoadConnection::note_answer(const Entry& entry, bool view, Code code,
                                 const std::optional<check::Shown>& shown) {
  check::Op op = noted(entry, view);
  op.end_ns = static_cast<std::int64_t>(heard_ns_);
  op.code = code;
  op.shown = shown;
  run_.history->answered(op);
}

// --- what comes in

void LoadConnection::on_link_up(const wire::HelloReply&) {
  heard_ns_ = monotonic_ns();
  refused_since_ns_ = 0;
  for (Ring* ring : {&writes_, &views_})
    for (std::uint64_t n = ring->first; n < ring->next; ++n)
      if (Entry* entry = ring->find(n)) entry->refused = true;
  repeat_refused();
  run_.now_ns = heard_ns_;
  if (open_ > 0) fill();
}

void LoadConnection::on_link_down(const std::string&) {
  ++run_.failovers;
  heard_ns_ = monotonic_ns();
}

void LoadConnection::on_link_message(const wire::Message& message) {
  if (message.type == wire::Type::kAnswer)
    take_answer(message);
  else if (message.type == wire::Type::kQueryAnswer)
    take_reply(message);
}

bool LoadConnection::refused(Entry& entry, Code code) {
  const bool too_many = code == Code::kTooMany;
  if (!too_many && code != Code::kBusy && code != Code::kUnavailable && code != Code::kExcluded) return false;
  if (too_many)
    ++run_.held_back;
  else if (refused_since_ns_ == 0)
    refused_since_ns_ = heard_ns_;
  if (std::exchange(entry.refused, true)) return true;
  if (retries_++ == 0) retry_at_ns_ = heard_ns_ + (too_many ? kSlowDownNs : kRetryNs);
  return true;
}

void LoadConnection::not_done(Code code, std::string_view why) {
  ++run_.refused;
  if (code == Code::kUnauthorized || code == Code::kForbidden) run_.deny({code, std::string(why)});
}

void LoadConnection::settle(Entry& entry) {
  run_.now_ns = heard_ns_;
  run_.answered(entry.sent_ns);
  refused_since_ns_ = 0;
  --open_;
}

void LoadConnection::take_answer(const wire::Message& message) {
  heard_ns_ = monotonic_ns();
  const Result<wire::Answer> answer = wire::decode_answer(message.payload);
  if (!answer) return link_.try_another(answer.error().message);
  Entry* entry = writes_.find(answer->number.value);
  if (entry == nullptr) return;
  if (!wire::decode_outcome(answer->result, outcome_)) return link_.try_another("it sent an unreadable outcome");
  const Code code = outcome_.code;
  if (refused(*entry, code)) return;
  LoadSite& site = (*run_.sites)[entry->site];
  if (run_.history != nullptr) note_answer(*entry, false, code, shown_by(outcome_));
  if (outcome_.has_stock) site.seen_version = std::max(site.seen_version, outcome_.stock_version);
  if (code == Code::kOk) {
    ++run_.writes;
    ++site.acknowledged;
    if (outcome_.position > site.newest) {
      site.newest = outcome_.position;
      site.newest_value = load_value(index_, entry->number);
    }
  } else if (code == Code::kSessionEvicted || code == Code::kOutcomeUnknown) {
    ++run_.errors;
    site.unanswered.push_back(load_value(index_, entry->number));
  } else {
    not_done(code, outcome_.message);
  }
  settle(*entry);
  writes_.close(*entry);
  fill();
}

void LoadConnection::take_reply(const wire::Message& message) {
  heard_ns_ = monotonic_ns();
  const Result<wire::QueryAnswer> answer = wire::decode_query_answer(message.payload);
  if (!answer) return link_.try_another(answer.error().message);
  Entry* entry = views_.find(answer->token);
  if (entry == nullptr) return;
  const Code code = answer->code;
  if (refused(*entry, code)) return;
  if (run_.history != nullptr)
    note_answer(*entry, true, code, code == Code::kOk ? shown_by(answer->body) : std::nullopt);
  if (code == Code::kOk)
    ++run_.reads;
  else
    not_done(code, as_text(answer->body));
  settle(*entry);
  views_.close(*entry);
  fill();
}

void LoadConnection::give_up() {
  for (std::uint64_t n = writes_.first; n < writes_.next; ++n)
    if (const Entry* entry = writes_.find(n))
      (*run_.sites)[entry->site].unanswered.push_back(load_value(index_, n));
}

}  // namespace titer::load
