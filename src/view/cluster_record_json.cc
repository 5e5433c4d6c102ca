// SPDX-License-Identifier: Apache-2.0

// The cluster record as JSON text, in the register.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "base/hex.h"
#include "base/limits.h"
#include "view/cluster_record.h"

namespace titer::view {

namespace {

namespace json = boost::json;

constexpr std::int64_t kFormat = 1;
constexpr std::uint64_t kExactMax = std::uint64_t{1} << 53;  // what every reader of JSON keeps exactly

json::array hex_list(const std::vector<Incarnation>& list) {
  json::array out;
  for (const Incarnation one : list) out.emplace_back(hex64(one.value));
  return out;
}

json::object member_json(const smr::Member& member) {
  return {{"id", member.id.value}, {"incarnation", hex64(member.incarnation.value)}, {"address", member.address}};
}

json::value restart_json(const std::optional<Restart>& restart) {
  if (!restart) return nullptr;
  json::array from;
  for (const smr::Member& member : restart->from) from.emplace_back(member_json(member));
  return json::object{{"from", std::move(from)}, {"any", restart->any}};
}

json::object returned_json(const Returned& one) {
  json::object out = member_json(one.now);
  out["whole"] = one.inventory.whole;
  out["installed"] = one.inventory.installed.value;
  out["lives"] = hex_list(one.inventory.lives);
  out["position"] = one.inventory.position.value;
  return out;
}

json::object mark_json(const DiskMark& mark) {
  return {{"id", mark.id.value},
          {"incarnation", hex64(mark.incarnation.value)},
          {"installed", mark.installed.value},
          {"position", mark.position.value}};
}

// Reads one object after another; the first thing that is wrong is kept, the rest is read as empty.
class Reader {
 public:
  explicit Reader(std::string* wrong) : wrong_(wrong) {}

  void fail(std::string_view what) {
    if (wrong_->empty()) *wrong_ = what;
  }
  const json::value& field(const json::object& object, std::string_view name) {
    static const json::value kNone;
    const auto* found = object.if_contains(name);
    if (found == nullptr) fail(fmt::format("\"{}\" is missing", name));
    return found != nullptr ? *found : kNone;
  }
  std::uint64_t number(const json::object& object, std::string_view name, std::uint64_t most = kExactMax) {
    boost::system::error_code error;
    const auto value = field(object, name).to_number<std::uint64_t>(error);
    if (error || value > most) fail(fmt::format("\"{}\" is no number up to {}", name, most));
    return error || value > most ? 0 : value;
  }
  std::uint64_t hex(const json::value& value, std::string_view name) {
    const json::string* text = value.if_string();
    const auto out = parse_hex64(text != nullptr ? std::string_view(*text) : std::string_view());
    if (!out) fail(fmt::format("\"{}\" is not {} hexadecimal digits", name, kHex64Digits));
    return out.value_or(0);
  }
  std::string text(const json::value& value, std::string_view name, std::size_t most) {
    const json::string* text = value.if_string();
    if (text == nullptr || text->size() > most)
      return fail(fmt::format("\"{}\" is no text of at most {} bytes", name, most)), std::string();
    return {text->data(), text->size()};
  }
  // Each element of the array `name` that may have at most `most`.
  template <typename Take>
  void each(const json::object& object, std::string_view name, std::size_t most, Take take) {
    const json::array* array = field(object, name).if_array();
    if (array == nullptr || array->size() > most)
      return fail(fmt::format("\"{}\" is no list of at most {}", name, most));
    for (const json::value& one : *array) take(one);
  }
  template <typename Take>
  void each_object(const json::object& object, std::string_view name, std::size_t most, Take take) {
    each(object, name, most, [&](const json::value& one) {
      if (const json::object* found = one.if_object()) return take(*found);
      fail(fmt::format("\"{}\" has something in it that is no object", name));
    });
  }
  ReplicaId id(const json::object& object) {
    return ReplicaId(static_cast<std::uint16_t>(number(object, "id", limits::kReplicasMax - 1)));
  }
  smr::Member member(const json::object& object) {
    return {id(object), Incarnation(hex(field(object, "incarnation"), "incarnation")),
            text(field(object, "address"), "address", ClusterRecord::kAddressBytesMax)};
  }
  bool truth(const json::object& object, std::string_view name) {
    const json::value& value = field(object, name);
    if (!value.is_bool()) fail(fmt::format("\"{}\" is neither true nor false", name));
    return value.is_bool() && value.get_bool();
  }
  Restart restart(const json::value& value) {
    const json::object* object = value.if_object();
    if (object == nullptr) return fail("\"restart\" is no object"), Restart();
    Restart one;
    each_object(*object, "from", limits::kReplicasMax,
                [&](const json::object& from) { one.from.push_back(member(from)); });
    one.any = truth(*object, "any");
    return one;
  }
  Returned returned(const json::object& object) {
    Returned one{member(object), {}};
    one.inventory.whole = truth(object, "whole");
    one.inventory.installed = ViewNumber(number(object, "installed"));
    one.inventory.position = Position(number(object, "position"));
    each(object, "lives", limits::kKnownDeadMax,
         [&](const json::value& life) { one.inventory.lives.emplace_back(hex(life, "lives")); });
    return one;
  }

 private:
  std::string* wrong_;
};

// By id, each once: what everybody who reads a record relies on.
template <typename List, typename Key>
bool in_order(const List& list, Key key) {
  for (std::size_t i = 1; i < list.size(); ++i)
    if (key(list[i]) <= key(list[i - 1])) return false;
  return true;
}

void read(Reader& in, const json::object& object, ClusterRecord& record) {
  if (in.number(object, "format") != kFormat)
    return in.fail("it has another format: this program is too old for it");
  record.cluster = in.hex(in.field(object, "cluster"), "cluster");
  record.view.number = ViewNumber(in.number(object, "view"));
  in.each_object(object, "members", limits::kReplicasMax,
                 [&](const json::object& one) { record.view.members.push_back(in.member(one)); });
  in.each(object, "known_dead", limits::kKnownDeadMax,
          [&](const json::value& one) { record.view.known_dead.emplace_back(in.hex(one, "known_dead")); });
  in.each_object(object, "roster", limits::kReplicasMax, [&](const json::object& one) {
    record.roster.push_back({in.id(one), in.text(in.field(one, "wire"), "wire", ClusterRecord::kAddressBytesMax),
                             in.text(in.field(one, "http"), "http", ClusterRecord::kAddressBytesMax)});
  });
  in.each_object(object, "returned", limits::kReplicasMax,
                 [&](const json::object& one) { record.returned.push_back(in.returned(one)); });
  // A record of before 0.2 has no marks.
  if (object.contains("marks")) {
    in.each_object(object, "marks", limits::kReplicasMax, [&](const json::object& one) {
      record.marks.push_back({in.id(one), Incarnation(in.hex(in.field(one, "incarnation"), "incarnation")),
                              ViewNumber(in.number(one, "installed")), Position(in.number(one, "position"))});
    });
    if (const json::value& restart = in.field(object, "restart"); !restart.is_null())
      record.restart = in.restart(restart);
  }
  in.each(object, "losses", ClusterRecord::kLossesMax, [&](const json::value& one) {
    record.losses.push_back(in.text(one, "losses", ClusterRecord::kLossBytesMax));
  });
  if (!in_order(record.view.members, [](const smr::Member& one) { return one.id; }) ||
      !in_order(record.roster, [](const RosterEntry& one) { return one.id; }) ||
      !in_order(record.returned, [](const Returned& one) { return one.now.id; }) ||
      (record.restart && !in_order(record.restart->from, [](const smr::Member& one) { return one.id; })) ||
      !in_order(record.marks, [](const DiskMark& one) { return one.id; }))
    in.fail("members, restart, roster, returned and marks must be in the order of their ids, each once");
}

}  // namespace

std::string to_json(const ClusterRecord& record) {
  json::array members, roster, returned, marks, losses;
  for (const smr::Member& member : record.view.members) members.emplace_back(member_json(member));
  for (const RosterEntry& entry : record.roster)
    roster.emplace_back(json::object{{"id", entry.id.value}, {"wire", entry.wire}, {"http", entry.http}});
  for (const Returned& one : record.returned) returned.emplace_back(returned_json(one));
  for (const DiskMark& mark : record.marks) marks.emplace_back(mark_json(mark));
  for (const std::string& loss : record.losses) losses.emplace_back(loss);
  return json::serialize(json::object{{"format", kFormat},
                                      {"cluster", hex64(record.cluster)},
                                      {"view", record.view.number.value},
                                      {"members", std::move(members)},
                                      {"known_dead", hex_list(record.view.known_dead)},
                                      {"roster", std::move(roster)},
                                      {"returned", std::move(returned)},
                                      {"marks", std::move(marks)},
                                      {"restart", restart_json(record.restart)},
                                      {"losses", std::move(losses)}});
}

Result<ClusterRecord> cluster_record_from(std::string_view text) {
  const auto broken = [](std::string_view why) {
    return Error{Code::kInvalid, fmt::format("the cluster record in the register cannot be read: {}", why)};
  };
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error) return broken(error.message());
  if (!value.is_object()) return broken("it is no JSON object");
  std::string wrong;
  Reader in(&wrong);
  ClusterRecord record;
  read(in, value.get_object(), record);
  if (!wrong.empty()) return broken(wrong);
  return record;
}

}  // namespace titer::view
