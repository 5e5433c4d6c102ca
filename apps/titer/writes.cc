// SPDX-License-Identifier: Apache-2.0

// titer writes stop | allow | status
#include <cstdio>

#include "base/text.h"
#include "client/gateway_client.h"
#include "client/read.h"
#include "formats/key_json.h"
#include "titer/command.h"
#include "titer/text.h"
#include "titer/write.h"

namespace titer::app::writes_command {
namespace {

struct Options {
  At at;
  bool json = false;
};

int show(const Options& o) {
  return with_client(o.at, [&](client::GatewayClient& client) {
    const auto reply = client.ask(registry::GetSwitch{});
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
    std::printf("%s\n", printable(line).c_str());
    return static_cast<int>(kExitOk);
  });
}

// `titer writes stop` and `allow`.
template <bool kStop>
Runner setup_change(Flags& flags) {
  auto o = std::make_shared<WriteOptions>();
  o->declare(flags);
  return [o] { return write(*o, registry::SetWriteStop{kStop}); };
}

Runner setup_status(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.flag("--json", o->json, "as JSON");
  o->at.declare(flags);
  return [o] { return show(*o); };
}

Runner setup(Flags& flags) {
  flags.command("stop", "refuse every write; reads continue", setup_change<true>);
  flags.command("allow", "accept writes again", setup_change<false>);
  flags.command("status", "show whether writes are stopped, since when, and why", setup_status);
  return {};
}

const Registration registered({Group::kOperate, "writes",
                               "stop all writes while reads continue, and allow them again", setup});

}  // namespace
}  // namespace titer::app::writes_command
