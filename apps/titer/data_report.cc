// SPDX-License-Identifier: Apache-2.0

#include "titer/data_report.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>

#include "base/hex.h"
#include "titer/text.h"

namespace titer::app {

namespace {

namespace json = boost::json;
using cluster::DataDirScan;
using cluster::ReplicaDirScan;

bool empty(const ReplicaDirScan& one) { return !one.found && one.found.error().code == Code::kNotFound; }

std::string state(const ReplicaDirScan& one) {
  if (empty(one)) return "empty";
  if (!one.found) return "DAMAGED";
  return one.found->inventory.whole ? "whole" : "half learned";
}

json::array names_of(const smr::ViewRecord& record) {
  json::array out;
  for (const smr::Member& member : record.members) out.push_back(member.id.value);
  return out;
}

json::object to_json(const ReplicaDirScan& one) {
  json::object out{{"replica", one.id.value}, {"directory", one.dir}, {"state", state(one)}};
  if (!one.found) {
    if (!empty(one)) out["error"] = one.found.error().message;
    return out;
  }
  const store::Inspection& found = *one.found;
  out["cluster"] = hex64(found.identity.cluster);
  out["whole"] = found.inventory.whole;
  out["view"] = found.inventory.installed.value;
  out["position"] = found.inventory.position.value;
  out["tables_position"] = found.tables.value;
  out["digest"] = hex64(found.digest);
  out["sites"] = found.totals.sites;
  out["journal_records"] = found.journal.records;
  out["journal_groups"] = found.journal.groups;
  out["journal_bytes"] = found.journal.record_bytes;
  out["torn_bytes"] = found.journal.torn_bytes;
  out["frames_held"] = found.recovered.frames.size();
  out["reach"] = found.reach.value;
  return out;
}

json::value to_json(const Result<std::optional<cluster::RegisterState>>& reg) {
  if (!reg) return json::object{{"error", reg.error().message}};
  if (!*reg) return nullptr;
  const cluster::RegisterState& state = **reg;
  json::array losses;
  for (const std::string& loss : state.losses) losses.emplace_back(loss);
  return json::object{{"cluster", hex64(state.cluster)},
                      {"replicas", state.replicas},
                      {"durability", state.durable ? "disk" : "memory"},
                      {"view", state.record.number.value},
                      {"members", names_of(state.record)},
                      {"data_losses", losses}};
}

}  // namespace

void print_replicas(const DataDirScan& scan) {
  Table table(
      {">REPLICA", "STATE", ">VIEW", ">POSITION", ">REACH", ">IN TABLES", "DIGEST", ">SITES", ">JOURNAL", ">TORN"});
  for (const ReplicaDirScan& one : scan.replicas) {
    std::vector<std::string> row{std::to_string(one.id.value), state(one)};
    if (one.found) {
      const store::Inspection& found = *one.found;
      row.insert(row.end(), {std::to_string(found.inventory.installed.value),
                             grouped(found.inventory.position.value), grouped(found.reach.value),
                             grouped(found.tables.value), hex64(found.digest), grouped(found.totals.sites),
                             fmt::format("{} records, {} groups", grouped(found.journal.records),
                                         grouped(found.journal.groups)),
                             bytes_text(found.journal.torn_bytes)});
    }
    table.add(std::move(row));
  }
  if (table.rows() > 0) table.print();
}

std::vector<std::string> damages(const DataDirScan& scan) {
  std::vector<std::string> out;
  if (!scan.reg)
    out.push_back("the view register: " + scan.reg.error().message +
                  ". `titer recover --accept-data-loss --from I` writes a new one");
  for (const ReplicaDirScan& one : scan.replicas)
    if (!one.found && !empty(one))
      out.push_back(
          one.found.error().code == Code::kForbidden
              ? fmt::format("replica {}: {}", one.id.value, one.found.error().message)
              : fmt::format("replica {}: {}. If other replicas are intact, move {} away; `start {}` in the running "
                            "cluster rebuilds it from them",
                            one.id.value, one.found.error().message, one.dir, one.id.value));
  for (std::string& sentence : cluster::contradictions(scan)) out.push_back(std::move(sentence));
  return out;
}

std::string member_names(const smr::ViewRecord& record) {
  std::string text;
  for (const smr::Member& member : record.members)
    text += (text.empty() ? "" : ", ") + std::to_string(member.id.value);
  return text;
}

json::object to_json(const DataDirScan& scan) {
  json::object out{{"directory", scan.dir}, {"register", to_json(scan.reg)}};
  json::array& replicas = out["replicas"].emplace_array();
  for (const ReplicaDirScan& one : scan.replicas) replicas.push_back(to_json(one));
  return out;
}

}  // namespace titer::app
