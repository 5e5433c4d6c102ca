// SPDX-License-Identifier: Apache-2.0

// titer writes stop | allow | status
#include <cstdio>

#include "client/read.h"
#include "formats/key_json.h"
#include "titer/command.h"
#include "titer/text.h"
#include "titer/write.h"

namespace titer::app {
namespace {

struct Options {
  At at;
  bool json = false;
};

int show(const Options& o) {
  return with_remote(o.at, [&](Remote& remote) {
    const auto reply = remote.client().ask(registry::GetSwitch{});
    if (!reply) return fail(reply.error());
    const auto writes = client::read_switch(reply->body);
    if (!writes) return fail(writes.error());
    if (o.json) {
      std::string line;
      formats::print_json(*writes, line);
      print_line(line);
      return static_cast<int>(kExitOk);
    }
    std::string line = writes->stopped ? "writes are stopped" : "writes are allowed";
    if (writes->since.value != 0) line += " since " + iso_time(writes->since);
    if (!writes->by.empty()) line.append(" by ").append(writes->by);
    if (!writes->reason.empty()) line.append(": ").append(writes->reason);
    std::printf("%s\n", line.c_str());
    return static_cast<int>(kExitOk);
  });
}

Runner setup(CLI::App& app) {
  auto stop = std::make_shared<WriteOptions>(), allow = std::make_shared<WriteOptions>();
  auto shown = std::make_shared<Options>();
  const CLI::App* stopped = app.add_subcommand("stop", "refuse every write; reads go on");
  stop->declare(*app.get_subcommand("stop"));
  allow->declare(*app.add_subcommand("allow", "take writes again"));
  CLI::App* status = app.add_subcommand("status", "are writes stopped, since when, why");
  status->add_flag("--json", shown->json, "as JSON");
  shown->at.declare(*status);
  app.require_subcommand(1);
  return [=] {
    if (status->parsed()) return show(*shown);
    const bool to_stop = stopped->parsed();
    return write(to_stop ? *stop : *allow, registry::SetWriteStop{to_stop});
  };
}

const Registration registered({Group::kOperate, "writes", "stop all writes while reads go on, allow them again",
                               setup});

}  // namespace
}  // namespace titer::app
