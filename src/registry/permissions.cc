// SPDX-License-Identifier: Apache-2.0

#include "registry/permissions.h"

#include <fmt/format.h>

#include <utility>

#include "base/hex.h"

namespace titer::registry {
namespace {

constexpr Grant kNo = Grant::kNo, kOwn = Grant::kOwn, kAll = Grant::kAll;

struct RoleRow {
  std::string_view name;
  std::string_view scope;  // for people
  std::array<Grant, kActs> grants;
};

// In the order of the roles; columns in the order of the acts.
constexpr std::array<RoleRow, kRoles> kTable = {{
    //                                     read audit stock add  edit import undo keys switch operate direct
    {"reader", "", {kAll, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo}},
    {"provider", "its sites", {kAll, kNo, kOwn, kOwn, kOwn, kOwn, kOwn, kNo, kNo, kNo, kNo}},
    {"jurisdiction", "its states and ZIP codes", {kAll, kNo, kOwn, kOwn, kOwn, kOwn, kOwn, kNo, kNo, kNo, kNo}},
    {"aggregator", "its source", {kAll, kNo, kOwn, kOwn, kOwn, kOwn, kNo, kNo, kNo, kNo, kNo}},
    {"auditor", "", {kAll, kAll, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo, kNo}},
    {"operator", "", {kAll, kAll, kAll, kAll, kAll, kAll, kAll, kAll, kAll, kAll, kAll}},
}};

struct ActRow {
  std::string_view name, title;
};
constexpr std::array<ActRow, kActs> kActRows = {{
    {"read", "look"},
    {"audit", "see who did it and why, list keys"},
    {"stock", "log stock"},
    {"add_site", "add sites"},
    {"edit_site", "edit and close sites"},
    {"import", "import"},
    {"undo", "undo"},
    {"keys", "make and revoke keys"},
    {"switch", "stop writes"},
    {"operate", "back up, trace, kill and start replicas"},
    {"direct", "be a direct client (titer client)"},
}};

constexpr std::size_t row_of(Role role) { return static_cast<std::size_t>(role) - 1; }

Act of(const AddSite&) { return Act::kAddSite; }
Act of(const EditSite&) { return Act::kEditSite; }
Act of(const CloseSite&) { return Act::kEditSite; }
Act of(const SetAvailability&) { return Act::kStock; }
Act of(const Adjust&) { return Act::kStock; }
Act of(const Reserve&) { return Act::kStock; }
Act of(const Release&) { return Act::kStock; }
Act of(const Undo&) { return Act::kUndo; }
Act of(const ImportRow&) { return Act::kImport; }
Act of(const Bulk&) { return Act::kStock; }
Act of(const CreateKey&) { return Act::kKeys; }
Act of(const RevokeKey&) { return Act::kKeys; }
Act of(const SetWriteStop&) { return Act::kSwitch; }

}  // namespace

Grant grant(Role role, Act act) { return kTable[row_of(role)].grants[static_cast<std::size_t>(act)]; }

std::string_view name(Role role) {
  const std::size_t row = row_of(role);
  return row < kRoles ? kTable[row].name : "unknown";
}
std::string_view name(Act act) { return kActRows[static_cast<std::size_t>(act)].name; }

std::string to_text(KeyId key) { return hex64(key.value); }

std::optional<KeyId> parse_key_id(std::string_view text) {
  const auto read = parse_hex64(text);
  if (!read || KeyId(*read) == kNoKey || KeyId(*read) == kMachine) return std::nullopt;
  return KeyId(*read);
}

std::optional<Role> parse_role(std::string_view text) {
  for (std::size_t row = 0; row < kRoles; ++row)
    if (kTable[row].name == text) return static_cast<Role>(row + 1);
  return std::nullopt;
}

Act act_of(const Operation& operation) {
  return std::visit([](const auto& op) { return of(op); }, operation);
}
Act act_of(const Simple& operation) {
  return std::visit([](const auto& op) { return of(op); }, operation);
}

std::string roles_markdown() {
  std::string out = "| may | nobody |";
  std::string line = "|---|---|";
  for (const RoleRow& role : kTable) {
    out.append(" ").append(role.name).append(" |");
    line.append("---|");
  }
  out.append("\n").append(line).append("\n");
  for (std::size_t act = 0; act < kActs; ++act) {
    out.append("| ").append(kActRows[act].title).append(" (`").append(kActRows[act].name).append("`) |");
    out.append(is_public(static_cast<Act>(act)) ? " yes |" : " – |");
    for (const RoleRow& role : kTable) {
      const Grant given = role.grants[act];
      out.append(" ").append(given == kAll ? "yes" : given == kOwn ? role.scope : "–").append(" |");
    }
    out.append("\n");
  }
  return out;
}

}  // namespace titer::registry
