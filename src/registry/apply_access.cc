// SPDX-License-Identifier: Apache-2.0

// Keys and the switch. None of it is ever part of a bulk.
#include <fmt/format.h>

#include <algorithm>

#include "base/limits.h"
#include "registry/apply.h"
#include "registry/scope.h"
#include "registry/validate.h"

namespace titer::registry {
namespace {

constexpr std::string_view kFirstKey =
    "the first key is an operator's that never expires, made on a replica's own machine: titer key create "
    "--at unix:… --role operator";

bool check_new_key(const RegistryCore& core, const RequestContext& context, const CreateKey& op, Outcome& out) {
  if (op.id == kNoKey || op.id == kMachine)
    return refuse(out, Code::kInvalid, "a key's id is a random number, not 0 and not all ones");
  if (core.access.find(op.id) != nullptr)
    return refuse(out, Code::kDuplicate, "there is a key with this id; make another one");
  if (op.owner.empty())
    return refuse(out, Code::kInvalid, "a key needs an owner: the person or program that acts with it");
  if (!check_text(op.owner, "owner", limits::kNameBytesMax, out) || !check_scope(op, out)) return false;
  if (op.expires.value != 0 && op.expires <= context.time)
    return refuse(out, Code::kInvalid, "the key would have expired already; give a later time, or none");
  const bool lasting = op.role == Role::kOperator && op.expires.value == 0;
  if (core.access.on() || (lasting && context.key == kMachine)) return true;
  return refuse(out, Code::kForbidden, std::string(kFirstKey));
}

std::string scope_text(const std::vector<std::string_view>& scope) {
  std::string text = fmt::format("{}", fmt::join(scope, " "));
  return text.size() <= limits::kTextBytesMax ? text : fmt::format("{} parts", scope.size());
}

bool is_last_operator(const Access& access, KeyId id) {
  return std::none_of(access.keys().begin(), access.keys().end(),
                      [&](const auto& one) { return one.first != id && one.second.lasting_operator(); });
}

}  // namespace

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const CreateKey& op, Outcome& out) {
  if (!check_new_key(core, context, op, out)) return kNil;
  KeyRow row;
  row.id = op.id;
  row.secret = op.secret;
  row.owner = op.owner;
  row.role = op.role;
  row.scope.assign(op.scope.begin(), op.scope.end());
  std::ranges::sort(row.scope);
  row.scope.erase(std::unique(row.scope.begin(), row.scope.end()), row.scope.end());
  row.created = context.time;
  row.expires = op.expires;
  row.created_by = context.actor;
  row.sites_max = op.sites_max;
  if (!core.access.add(std::move(row), context.time, context.position)) {
    refuse(out, Code::kTooLarge, "there is no room for another key; revoke those that nobody needs");
    return kNil;
  }
  const std::string id = to_text(op.id), scope = scope_text(op.scope);
  const std::string expires = op.expires.value == 0 ? std::string() : std::to_string(op.expires.value);
  const std::string sites = op.sites_max == 0 ? std::string() : std::to_string(op.sites_max);
  core.note(context, EventKind::kCreateKey,
            {{"key", "", id},
             {"owner", "", op.owner},
             {"role", "", name(op.role)},
             {"scope", "", scope},
             {"expires", "", expires},
             {"sites_max", "", sites}});
  out.changed = true;
  return kNil;
}

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const RevokeKey& op, Outcome& out) {
  const KeyRow* row = core.access.find(op.id);
  if (row == nullptr) {
    refuse(out, Code::kNotFound, "there is no such key; list the keys");
    return kNil;
  }
  if (row->revoked.value != 0) return kNil;
  if (row->lasting_operator() && is_last_operator(core.access, op.id)) {
    refuse(out, Code::kForbidden,
           "this is the last operator's key that never expires; make another one before you revoke it");
    return kNil;
  }
  const std::string id = to_text(op.id), owner = row->owner;
  core.note(context, EventKind::kRevokeKey, {{"key", "", id}, {"owner", "", owner}});
  core.access.revoke(op.id, context.time, context.position);
  out.changed = true;
  return kNil;
}

std::uint32_t apply_op(RegistryCore& core, const RequestContext& context, const SetWriteStop& op, Outcome& out) {
  const WriteSwitch now = core.access.writes();
  if (now.stopped == op.stopped && now.reason == context.reason) return kNil;
  const auto word = [](bool stopped) { return stopped ? "stopped" : "allowed"; };
  core.note(context, EventKind::kSetWriteStop, {{"writes", word(now.stopped), word(op.stopped)}});
  core.access.set({op.stopped, context.reason, context.actor, context.time}, context.position);
  out.changed = true;
  return kNil;
}

}  // namespace titer::registry
