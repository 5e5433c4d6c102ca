// SPDX-License-Identifier: Apache-2.0

#include "machine/idempotency_table.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <string>
#include <utility>

#include "base/check.h"
#include "base/hash.h"
#include "base/rules.h"

namespace titer::machine {

namespace {

// What a record takes beside its key and its result: itself, its place in the index, what the allocator adds.
constexpr std::size_t kRecordBytes = 160;
constexpr std::uint64_t kNone = ~std::uint64_t{0};

struct Record {
  Position position;
  WallTime at;
  registry::KeyId key;
  std::uint64_t fingerprint = 0;
  std::uint64_t older = kNone;  // ordinal of the one before with the same hash of the name
  std::string text;
  Bytes result;

  [[nodiscard]] std::size_t bytes() const { return kRecordBytes + text.size() + result.size(); }
};

std::uint64_t hash_of(IdempotencyTable::Name name) { return hash64(as_bytes(name.text), name.key.value); }

void write(const Record& r, Bytes& out) {
  ByteWriter w(out);
  w.u64(r.position.value);
  w.i64(r.at.value);
  w.u64(r.key.value);
  w.u64(r.fingerprint);
  w.text(r.text);
  w.blob(r.result);
}

Record read_record(ByteReader& in) {
  Record r;
  r.position = Position(in.u64());
  r.at = WallTime(in.i64());
  r.key = registry::KeyId(in.u64());
  r.fingerprint = in.u64();
  r.text = std::string(in.text());
  const ByteView result = in.blob();
  r.result.assign(result.begin(), result.end());
  return r;
}

}  // namespace

struct IdempotencyTable::Impl {
  explicit Impl(Limits l) : limits(l) {}

  Limits limits;
  std::deque<Record> records;
  std::uint64_t first = 0;                                         // ordinal of the first one
  boost::unordered_flat_map<std::uint64_t, std::uint64_t> newest;  // hash of the name → ordinal of the newest
  std::size_t bytes = 0;
  boost::unordered_flat_map<std::uint64_t, std::size_t> bytes_of;  // API key → its part of `bytes`
  std::uint64_t digest = 0;                                        // wrapping sum over records
  Position dropped;                                                // of the newest record that was forgotten
  WallTime forgotten;
  Bytes scratch;

  [[nodiscard]] Record& at(std::uint64_t ordinal) { return records[ordinal - first]; }
  [[nodiscard]] const Record* find(Name name) const {
    const auto it = newest.find(hash_of(name));
    for (std::uint64_t n = it == newest.end() ? kNone : it->second; n != kNone && n >= first;) {
      const Record& r = records[n - first];
      if (r.key == name.key && r.text == name.text) return &r;
      n = r.older;
    }
    return nullptr;
  }

  std::uint64_t part(const Record& r) {
    scratch.clear();
    write(r, scratch);
    return hash64(scratch);
  }

  void push(Record record) {
    auto [it, is_new] = newest.try_emplace(hash_of({record.key, record.text}), kNone);
    record.older = is_new ? kNone : it->second;
    it->second = first + records.size();
    bytes += record.bytes();
    bytes_of[record.key.value] += record.bytes();
    digest += part(record);
    records.push_back(std::move(record));
  }
  void pop() {
    const Record& r = records.front();
    const auto it = newest.find(hash_of({r.key, r.text}));
    if (it != newest.end() && it->second == first) newest.erase(it);
    bytes -= r.bytes();
    const auto of = bytes_of.find(r.key.value);
    if ((of->second -= r.bytes()) == 0) bytes_of.erase(of);
    digest -= part(r);
    dropped = r.position;
    records.pop_front();
    ++first;
  }

  // With a record of so many bytes `key` would have no more than what is free then.
  [[nodiscard]] bool has_room(registry::KeyId key, std::size_t needed) const {
    const auto of = bytes_of.find(key.value);
    return bytes + needed + (of == bytes_of.end() ? 0 : of->second) + needed <= limits.bytes;
  }

  // Makes room for a record of so many bytes of `key`. False: there is none.
  bool make_room(registry::KeyId key, std::size_t needed, WallTime now) {
    while (!records.empty() && now.value - records.front().at.value >= limits.keep_ms) pop();
    while (!records.empty() && !has_room(key, needed)) {
      if (now.value - records.front().at.value < limits.keep_min_ms) return false;
      forgotten = records.front().at;
      pop();
    }
    return true;
  }
};

IdempotencyTable::IdempotencyTable() : IdempotencyTable(Limits()) {}
IdempotencyTable::IdempotencyTable(Limits limits) : impl_(std::make_unique<Impl>(limits)) {}
IdempotencyTable::~IdempotencyTable() = default;
IdempotencyTable::IdempotencyTable(IdempotencyTable&&) noexcept = default;
IdempotencyTable& IdempotencyTable::operator=(IdempotencyTable&&) noexcept = default;

IdempotencyTable::Found IdempotencyTable::find(Name name, std::uint64_t fingerprint, WallTime now) {
  Impl& t = *impl_;
  // Room first: a key that is older than kept is unknown, whether or not others came since.
  const bool room = t.make_room(name.key, kRecordBytes + name.text.size() + limits::kNameBytesMax, now);
  if (const Record* r = t.find(name)) {
    if (r->fingerprint != fingerprint && rule_enabled(ProtocolRule::kKeyBody)) return {Verdict::kOther, {}};
    return {Verdict::kRepeat, r->result};
  }
  return {room ? Verdict::kFresh : Verdict::kFull, {}};
}

bool IdempotencyTable::knows(Name name) const { return !name.text.empty() && impl_->find(name) != nullptr; }

void IdempotencyTable::remember(Name name, std::uint64_t fingerprint, WallTime now, Position position,
                                ByteView result) {
  TITER_CHECK(position > newest(), "records are in the order of their positions");
  Record record;
  record.position = position;
  record.at = now;
  record.key = name.key;
  record.fingerprint = fingerprint;
  record.text = std::string(name.text);
  record.result.assign(result.begin(), result.end());
  impl_->push(std::move(record));
}

std::uint64_t IdempotencyTable::digest() const {
  const std::uint64_t head[] = {impl_->dropped.value, static_cast<std::uint64_t>(impl_->forgotten.value)};
  return impl_->digest + hash64(std::as_bytes(std::span(head)));
}

IdempotencyTable::Stats IdempotencyTable::stats() const {
  const Impl& t = *impl_;
  return {t.records.size(), t.bytes, t.records.empty() ? WallTime() : t.records.front().at, t.forgotten};
}

Position IdempotencyTable::dropped() const { return impl_->dropped; }
Position IdempotencyTable::newest() const {
  return impl_->records.empty() ? impl_->dropped : impl_->records.back().position;
}

Position IdempotencyTable::visit_since(Position since, std::size_t bytes_max, const Visitor& visit) const {
  const auto& records = impl_->records;
  Bytes bytes;
  std::size_t shown = 0;
  for (auto r = std::ranges::upper_bound(records, since, {}, &Record::position);
       r != records.end() && shown < bytes_max; ++r) {
    bytes.clear();
    write(*r, bytes);
    shown += bytes.size();
    since = r->position;
    visit(since, bytes);
  }
  return since;
}

Position IdempotencyTable::write_since(Position since, std::size_t bytes_max, Bytes& out) const {
  return visit_since(since, bytes_max,
                     [&](Position, ByteView record) { out.insert(out.end(), record.begin(), record.end()); });
}

Status IdempotencyTable::read(ByteView in) {
  Impl& t = *impl_;
  ByteReader r(in);
  while (r.ok() && r.left() > 0) {
    Record record = read_record(r);
    const bool good = r.ok() && record.position.value > 0 && record.position.value <= limits::kCounterMax &&
                      !record.text.empty() && record.text.size() <= limits::kNameBytesMax && record.at.value >= 0 &&
                      record.at.value <= limits::kWallTimeMaxMs && record.result.size() <= limits::kRequestBytesMax;
    if (!good) return Error{Code::kProtocol, "idempotency keys in a state transfer are malformed"};
    if (record.position > newest()) t.push(std::move(record));
  }
  return ok_status();
}

void IdempotencyTable::write_head(Bytes& out) const {
  ByteWriter w(out);
  w.u64(impl_->dropped.value);
  w.i64(impl_->forgotten.value);
}

Status IdempotencyTable::read_head(ByteView bytes) {
  Impl& t = *impl_;
  ByteReader in(bytes);
  const Position dropped(in.u64());
  const WallTime forgotten(in.i64());
  if (!in.done() || dropped.value > limits::kCounterMax)
    return Error{Code::kProtocol, "the head of the idempotency keys is malformed"};
  while (!t.records.empty() && t.records.front().position <= dropped) t.pop();
  t.dropped = dropped;
  t.forgotten = forgotten;
  return ok_status();
}

}  // namespace titer::machine
