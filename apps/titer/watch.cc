// SPDX-License-Identifier: Apache-2.0

// titer watch
#include <fmt/format.h>

#include <cstdio>

#include "client/gateway_client.h"
#include "client/read.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/text.h"

namespace titer::app::watch_command {
namespace {

struct Options {
  At at;
  bool json = false;
  std::optional<std::uint64_t> since;
};

int show(client::GatewayClient& client, const Options& o) {
  const Result<client::Info> now = client::info(client);
  if (!now) return fail(now.error());
  const Position since = o.since ? Position(*o.since) : now->position;
  // A read has every position that was shown anywhere, so this one was not: it might never be.
  if (since > now->position)
    return fail({Code::kInvalid,
                 fmt::format("position {} is beyond the newest one, which is {}: it is of another cluster, or of "
                             "writes that were lost. Without --since the watch begins now",
                             since.value, now->position.value)});
  const Status over = client.watch(
      since,
      [&](const registry::Event& event) {
        if (o.json)
          print_line(to_json(event));
        else
          std::printf("%s\n", one_line(event).c_str());
        return std::ferror(stdout) == 0;
      },
      [&](Position) { std::fflush(stdout); });
  return over.ok() ? kExitOk : fail(over.error());
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("--since", o->since, "first show everything after this position (0: all that is kept)");
  flags.flag("--json", o->json, "one JSON object a line");
  o->at.declare(flags);
  flags.footer(
      "Ends with Ctrl-C. When its replica fails it goes on at another one, without a gap or a repetition.");
  return [o] {
    const int code = with_client(o->at, [&](client::GatewayClient& client) { return show(client, *o); });
    return code == kExitInterrupted ? static_cast<int>(kExitOk) : code;  // the usual way to end it
  };
}

const Registration registered({Group::kFiles, "watch", "show every change as it happens", setup});

}  // namespace
}  // namespace titer::app::watch_command
