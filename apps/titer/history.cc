// SPDX-License-Identifier: Apache-2.0

// titer history [SITE]
#include <cstdio>

#include "client/read.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/text.h"

namespace titer::app {
namespace {

struct Options {
  At at;
  std::string site;
  bool json = false;
  std::uint64_t limit = 100, before = 0;
};

Status show_events(Remote& remote, const Options& o, std::optional<registry::SiteRef> site) {
  JsonArray array(o.json);
  const Status done = client::history(remote.client(), {.site = site, .before = Position(o.before)}, o.limit,
                                      [&](const registry::Event& event) {
                                        if (o.json)
                                          array.add(to_json(event));
                                        else
                                          std::printf("%s\n", one_line(event).c_str());
                                        return !remote.interrupted();
                                      });
  if (done.ok()) array.close();
  return done;
}

int show(Remote& remote, const Options& o) {
  const Status done =
      o.site.empty()
          ? show_events(remote, o, std::nullopt)
          : by_id_or_name(o.site, [&](const registry::SiteRef& ref) { return show_events(remote, o, ref); });
  return done.ok() ? kExitOk : fail(done.error());
}

Runner setup(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("site", o->site, "id or name; without it, all sites");
  app.add_option("--limit", o->limit, "at most this many events")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--before", o->before, "only events before this position");
  app.add_flag("--json", o->json, "as a JSON array");
  o->at.declare(app);
  return [o] { return with_remote(o->at, [&](Remote& remote) { return show(remote, *o); }); };
}

const Registration registered({Group::kFiles, "history", "show what happened, newest first", setup});

}  // namespace
}  // namespace titer::app
