// SPDX-License-Identifier: Apache-2.0

// titer duplicates
#include "formats/duplicates.h"

#include "client/gateway_client.h"
#include "client/read.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/text.h"

namespace titer::app::duplicates_command {
namespace {

struct Options {
  At at;
  std::string state, zip;
  std::uint32_t limit = 100;
  bool json = false;
};

void print(const formats::Duplicate& pair) {
  const auto site = [](const formats::DuplicateSite& one) {
    return boost::json::object{{"id", one.id}, {"name", one.name}, {"street", one.street}, {"zip", one.zip}};
  };
  print_line(boost::json::object{{"score", pair.score},
                                 {"why", pair.why},
                                 {"sites", boost::json::array{site(pair.first), site(pair.second)}}});
}

int show(client::GatewayClient& client, const Options& o) {
  formats::DuplicateFinder finder;
  registry::ListSites all;
  all.filter.state = o.state;
  all.filter.zip = o.zip;
  const Status done = client::list_sites(client, all, UINT64_MAX, [&](const registry::Site& site) {
    finder.add(site);
    return !client.interrupted();
  });
  if (!done) return fail(done.error());
  std::vector<formats::Duplicate> pairs = finder.find();
  const std::size_t found = pairs.size();
  if (pairs.size() > o.limit) pairs.resize(o.limit);
  Table table({">SCORE", "ID", "NAME", "PERHAPS THE SAME AS", "ITS NAME", "ZIP", "WHY"});
  for (const formats::Duplicate& pair : pairs) {
    if (o.json) print(pair);
    table.add({std::to_string(pair.score), pair.first.id, pair.first.name, pair.second.id, pair.second.name,
               pair.first.zip, pair.why});
  }
  if (!o.json && table.rows() > 0) table.print();
  if (!o.json && table.rows() == 0) complain("no two sites look like one");
  if (found > pairs.size()) complain(grouped(found - pairs.size()) + " more pairs: --limit shows them");
  return kExitOk;
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("--state", o->state, "only sites of this state (two letters)");
  flags.option("--zip", o->zip, "only sites of this ZIP code");
  flags.option("--limit", o->limit, "at most this many pairs").positive().show_default();
  flags.flag("--json", o->json, "a JSON object per pair");
  o->at.declare(flags);
  flags.footer("Nothing is changed: close the one that is too many, and edit the other.");
  return [o] { return with_client(o->at, [&](client::GatewayClient& client) { return show(client, *o); }); };
}

const Registration registered({Group::kSites, "duplicates", "list sites that are perhaps the same", setup});

}  // namespace
}  // namespace titer::app::duplicates_command
