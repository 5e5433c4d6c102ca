// SPDX-License-Identifier: Apache-2.0

#include "formats/key_json.h"

#include "base/json_string.h"
#include "base/time.h"
#include "formats/json_text.h"

namespace titer::formats {

namespace {

void put_time(JsonMembers& to, std::string_view name, WallTime t) {
  if (t != WallTime()) to.text(name, time_text(t));
}

}  // namespace

void print_json(const registry::Key& key, std::string& out) {
  out.push_back('{');
  JsonMembers members(out);
  members.text("id", registry::to_text(key.id));
  members.text("owner", key.owner);
  members.text("role", registry::name(key.role));
  if (!key.scope.empty()) {
    members.raw("scope", "[");
    for (std::size_t i = 0; i < key.scope.size(); ++i) {
      if (i > 0) out.push_back(',');
      print_json_string(key.scope[i], out);
    }
    out.push_back(']');
  }
  put_time(members, "created", key.created);
  members.text("created_by", key.created_by);
  put_time(members, "expires", key.expires);
  put_time(members, "revoked", key.revoked);
  if (key.sites_max != 0) members.raw("sites_max", std::to_string(key.sites_max));
  out.push_back('}');
}

void print_json(const registry::WriteSwitch& writes, std::string& out) {
  out.push_back('{');
  JsonMembers members(out);
  members.raw("stopped", writes.stopped ? "true" : "false");
  members.text("reason", writes.reason);
  members.text("by", writes.by);
  put_time(members, "since", writes.since);
  out.push_back('}');
}

}  // namespace titer::formats
