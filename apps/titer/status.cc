// SPDX-License-Identifier: Apache-2.0

// titer status
#include <algorithm>
#include <boost/json/parse.hpp>
#include <cstdio>

#include "load/replica_status.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/text.h"

namespace titer::app::status_command {
namespace {

struct Options {
  At at;
  bool json = false;
};

void print_json(const std::vector<load::ReplicaStatus>& all) {
  std::printf("[");
  const char* separator = "";
  for (const load::ReplicaStatus& one : all) {
    boost::system::error_code error;
    if (one.ok())  // read and written again: the text is that of whoever answers at the address
      std::printf("%s%s", separator, to_json(boost::json::parse(*one.json, error).as_object()).c_str());
    else
      std::printf("%s{\"address\":\"%s\",\"unreachable\":true}", separator, one.address.text().c_str());
    separator = ",\n ";
  }
  std::printf("]\n");
}

void print_table(const std::vector<load::ReplicaStatus>& all) {
  std::uint64_t newest = 0;
  for (const load::ReplicaStatus& one : all) newest = std::max(newest, one.position);
  Table table({">REPLICA", "ADDRESS", "STATE", ">VIEW", ">POSITION", ">LAG", ">CLOCK", ">SITES", ">MEMORY", ">UP"});
  for (const load::ReplicaStatus& one : all) {
    if (!one.ok()) {
      table.add({"-", one.address.text(), one.state()});
      continue;
    }
    table.add({std::to_string(one.replica), one.address.text(), one.state(), std::to_string(one.view),
               grouped(one.position), grouped(newest - one.position), grouped(one.clock), grouped(one.sites),
               bytes_text(one.memory_bytes), duration_text(static_cast<std::int64_t>(one.uptime_ms))});
  }
  table.print();
  for (const load::ReplicaStatus& one : all)
    for (const std::uint64_t limping : one.limping)
      std::printf("Replica %llu limps, says replica %llu: every write waits for it.\n",
                  static_cast<unsigned long long>(limping), static_cast<unsigned long long>(one.replica));
}

int run(const Options& o) {
  const Result<client::Addresses> addresses = o.at.addresses();
  if (!addresses) {
    complain(addresses.error().message);
    return kExitUsage;
  }
  net::Loop loop;
  std::vector<load::ReplicaStatus> all = load::ask_replicas(loop, *addresses, true);
  const bool any = std::any_of(all.begin(), all.end(), [](const load::ReplicaStatus& s) { return s.ok(); });
  // Of the default ports only those count where somebody is.
  if (!o.at.given()) std::erase_if(all, [](const load::ReplicaStatus& s) { return !s.ok(); });
  if (!any)
    return fail({Code::kUnreachable, "no replica answers at " + client::to_text(*addresses) +
                                         "; is the cluster running? name its replicas with --at or TITER_AT"});
  if (o.json)
    print_json(all);
  else
    print_table(all);
  return kExitOk;
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.flag("--json", o->json, "print the complete status of each replica, as a JSON array");
  o->at.declare(flags);
  return [o] { return run(*o); };
}

const Registration registered({Group::kOperate, "status", "show every replica: state, view, position, lag", setup});

}  // namespace
}  // namespace titer::app::status_command
