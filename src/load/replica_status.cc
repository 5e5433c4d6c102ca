// SPDX-License-Identifier: Apache-2.0

#include "load/replica_status.h"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <utility>

namespace titer::load {

namespace {

namespace json = boost::json;

std::uint64_t number(const json::object& from, const char* key) {
  const json::value* v = from.if_contains(key);
  boost::system::error_code error;
  const auto n = v == nullptr ? 0 : v->to_number<std::uint64_t>(error);
  return error ? 0 : n;
}

bool flag(const json::object& from, const char* key) {
  const json::value* v = from.if_contains(key);
  return v != nullptr && v->is_bool() && v->get_bool();
}

std::string text(const json::object& from, const char* key) {
  const json::value* v = from.if_contains(key);
  if (v == nullptr) return {};
  return v->is_string() ? std::string(v->get_string()) : json::serialize(*v);
}

}  // namespace

DiskWork& DiskWork::operator+=(const DiskWork& other) {
  syncs += other.syncs;
  sync_us += other.sync_us;
  records += other.records;
  record_bytes += other.record_bytes;
  written_bytes += other.written_bytes;
  tables_written += other.tables_written;
  return *this;
}

DiskWork& DiskWork::operator-=(const DiskWork& other) {
  syncs -= other.syncs;
  sync_us -= other.sync_us;
  records -= other.records;
  record_bytes -= other.record_bytes;
  written_bytes -= other.written_bytes;
  tables_written -= other.tables_written;
  return *this;
}

std::string ReplicaStatus::state() const {
  if (!ok()) return "unreachable";
  if (!full) return join_delayed ? "learning, delayed" : "learning";
  if (wedged || target != view) return "changing view";
  return lease ? "serving" : "serving, no read lease";
}

ReplicaStatus read_status(client::StatusAnswer answer) {
  ReplicaStatus out;
  out.address = std::move(answer.address);
  out.json = std::move(answer.json);
  if (!out.json.ok()) return out;
  boost::system::error_code error;
  const json::value parsed = json::parse(*out.json, error);
  if (error || !parsed.is_object()) {
    out.json = Error{Code::kProtocol, "its status is not JSON"};
    return out;
  }
  const json::object& s = parsed.get_object();
  out.replica = number(s, "replica");
  out.view = number(s, "view");
  out.target = number(s, "target");
  out.clock = number(s, "clock");
  out.position = number(s, "position");
  out.sites = number(s, "sites");
  out.memory_bytes = number(s, "memory_bytes");
  out.frames_sent = number(s, "frames_sent");
  out.peer_messages_sent = number(s, "peer_messages_sent");
  out.uptime_ms = number(s, "uptime_ms");
  out.executed = number(s, "executed");
  out.disk = {number(s, "syncs"),
              number(s, "sync_us"),
              number(s, "journal_records"),
              number(s, "journal_record_bytes"),
              number(s, "journal_written_bytes"),
              number(s, "tables_written")};
  out.digest = text(s, "digest");
  out.durability = text(s, "durability");
  if (const json::value* lags = s.if_contains("lags"); lags != nullptr && lags->is_array())
    for (const json::value& lag : lags->get_array())
      if (lag.is_object() && flag(lag.get_object(), "limps")) out.limping.push_back(number(lag.get_object(), "id"));
  if (const json::value* join = s.if_contains("join"); join != nullptr && join->is_object())
    out.join_delayed = flag(join->get_object(), "delayed");
  out.full = flag(s, "full");
  out.wedged = flag(s, "wedged");
  out.lease = flag(s, "lease");
  return out;
}

std::vector<ReplicaStatus> ask_replicas(net::Loop& loop, const client::Addresses& addresses, bool follow) {
  std::vector<ReplicaStatus> out;
  for (client::StatusAnswer& answer : client::ask_status(loop, addresses, follow))
    out.push_back(read_status(std::move(answer)));
  std::stable_sort(out.begin(), out.end(), [](const ReplicaStatus& a, const ReplicaStatus& b) {
    if (a.ok() != b.ok()) return a.ok();
    return a.ok() && a.replica < b.replica;
  });
  return out;
}

}  // namespace titer::load
