// SPDX-License-Identifier: Apache-2.0

// titer key create | list | history | revoke | roles
#include <cstdio>

#include "client/gateway_client.h"
#include "client/new_token.h"
#include "client/read.h"
#include "formats/key_json.h"
#include "registry/permissions.h"
#include "titer/command.h"
#include "titer/history.h"
#include "titer/text.h"
#include "titer/write.h"

namespace titer::app::key_command {
namespace {

struct Options {
  WriteOptions write;  // of create and revoke
  std::string owner, role, expires, id;
  std::vector<std::string> sites, areas;
  std::string source;
  std::uint32_t sites_max = 0;
  At at;  // of list
  bool json = false;
};

std::vector<std::string_view> scope_of(const Options& o) {
  std::vector<std::string_view> scope(o.sites.begin(), o.sites.end());
  scope.insert(scope.end(), o.areas.begin(), o.areas.end());
  if (!o.source.empty()) scope.emplace_back(o.source);
  return scope;
}

// The secret is made here and printed here; the replicas get its hash.
int create(const Options& o) {
  const auto role = registry::parse_role(o.role);
  const auto expires = time_of(o.expires, "--expires");
  if (!role || !expires) return kExitUsage;
  const wire::Token token = client::new_token();
  registry::CreateKey key{token.key, wire::hash_secret(token.secret), o.owner, *role, scope_of(o), {}, o.sites_max};
  key.expires = expires->value_or(WallTime());
  if (const int code = check_counts(o.write, key); code != kExitOk) return code;
  return with_client(o.write.at, [&](client::GatewayClient& client) {
    const auto outcome = client.execute(request_of(o.write, key));
    if (!outcome) return fail(outcome.error());
    if (!outcome->ok()) return fail({outcome->code, outcome->message});
    const std::string text = to_text(token);
    if (o.write.json)
      std::printf("{\"id\":\"%s\",\"key\":\"%s\"}\n", registry::to_text(token.key).c_str(), text.c_str());
    else
      std::printf("%s\n", text.c_str());
    if (std::fflush(stdout) != 0) {
      complain("the key was made and could not be written: revoke it with `titer key revoke " +
               registry::to_text(token.key) + "` and make another one");
      return static_cast<int>(kExitRefused);
    }
    std::fprintf(stderr, "titer: this is the only time that the key is shown; keep it where %s finds it\n",
                 o.owner.c_str());
    return static_cast<int>(kExitOk);
  });
}

std::string state_of(const registry::Key& key) {
  if (key.revoked.value != 0) return "revoked " + iso_time(key.revoked);
  if (key.expires.value == 0) return "";
  return (key.expires <= net::wall_now() ? "expired " : "until ") + iso_time(key.expires);
}

int list(const Options& o) {
  return with_client(o.at, [&](client::GatewayClient& client) {
    JsonArray array(o.json);
    Table table({"id", "role", "owner", "scope", "created", "by", ""});
    const Status done = client::list_keys(client, [&](const registry::Key& key) {
      if (o.json) {
        std::string line;
        formats::print_json(key, line);
        array.add(line);
        return true;
      }
      std::string scope;
      for (const std::string_view part : key.scope) scope.append(scope.empty() ? "" : " ").append(part);
      table.add({registry::to_text(key.id), std::string(name(key.role)), std::string(key.owner), scope,
                 iso_time(key.created), std::string(key.created_by), state_of(key)});
      return true;
    });
    if (!done) return fail(done.error());
    array.close();
    if (!o.json) table.print();
    return static_cast<int>(kExitOk);
  });
}

int history(const HistoryOptions& o) {
  registry::History query;
  query.of = registry::History::Of::kAccess;
  return with_client(o.at, [&](client::GatewayClient& client) {
    const Status done = show_events(client, o, query);
    return done.ok() ? static_cast<int>(kExitOk) : fail(done.error());
  });
}

int revoke(const Options& o) {
  const auto id = registry::parse_key_id(o.id);
  if (id) return write(o.write, registry::RevokeKey{*id});
  complain("a key's id has 16 hexadecimal digits, as titer key list shows it");
  return kExitUsage;
}

int roles() {
  std::printf("%s", registry::roles_markdown().c_str());
  return kExitOk;
}

Runner setup_create(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("--owner", o->owner, "person or program that uses the key: the actor in the history").required();
  flags.option("--role", o->role, "reader, provider, jurisdiction, aggregator, auditor or operator")
      .required()
      .one_of({"reader", "provider", "jurisdiction", "aggregator", "auditor", "operator"});
  flags.option("--site", o->sites, "of a provider: the ids of its sites").comma_separated();
  flags.option("--area", o->areas, "of a jurisdiction: states (MA) and ZIP codes (02139, 021)").comma_separated();
  flags.option("--source", o->source, "of an aggregator: the source of its claims");
  flags.option("--sites-max", o->sites_max,
               "of a jurisdiction or an aggregator: how many sites it may add (default: 5000)");
  flags.option("--expires", o->expires, "date, or date and time; without it the key does not expire");
  o->write.declare(flags);
  return [o] { return create(*o); };
}

Runner setup_list(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.flag("--json", o->json, "as a JSON array");
  o->at.declare(flags);
  return [o] { return list(*o); };
}

Runner setup_history(Flags& flags) {
  auto o = std::make_shared<HistoryOptions>();
  o->declare(flags);
  return [o] { return history(*o); };
}

Runner setup_revoke(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("id", o->id, "id of the key, from `titer key list`").required();
  o->write.declare(flags);
  return [o] { return revoke(*o); };
}

Runner setup_roles(Flags& flags) {
  auto markdown = std::make_shared<bool>(false);
  flags.flag("--markdown", *markdown, "print Markdown, as in docs/how-to/security.md; this is the only format");
  flags.footer("It needs no cluster.");
  return [markdown] { return roles(); };
}

Runner setup(Flags& flags) {
  flags.command("create", "create a key and print it; the first one needs a local socket", setup_create);
  flags.command("list", "list all keys, without their secrets", setup_list);
  flags.command("history", "show which keys were created and revoked, and when writes were stopped, newest first",
                setup_history);
  flags.command("revoke", "revoke a key permanently", setup_revoke);
  flags.command("roles", "print the permissions of each role", setup_roles);
  flags.footer(
      "Commands use the key of --key KEY, --key @FILE or TITER_KEY. While the cluster has no keys, everybody may "
      "do everything.");
  return {};
}

const Registration registered({Group::kOperate, "key", "create, list and revoke keys", setup});

}  // namespace
}  // namespace titer::app::key_command
