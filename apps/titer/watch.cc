// SPDX-License-Identifier: Apache-2.0

// titer watch
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "api/changes.h"
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
  std::string since;
};

int show(client::GatewayClient& client, const Options& o, const std::optional<api::Place>& place) {
  const Result<client::Info> now = client::info(client);
  if (!now) return fail(now.error());
  const api::Mark after = place ? place->mark : api::Mark::behind(now->position);
  const std::uint64_t stream = place ? place->cluster.value_or(0) : 0;
  // A read has every position that was shown anywhere, so this one was not: it might never be.
  if (after.position > now->position && (stream == 0 || stream == client.stream()))
    return fail({Code::kInvalid,
                 fmt::format("position {} is beyond the newest one, which is {}: it is of another cluster, or of "
                             "writes that were lost. Without --since the watch begins now",
                             after.position.value, now->position.value)});
  // Of a bulk's position some parts may have been shown.
  const bool whole = after == api::Mark::behind(after.position);
  Position upto(after.position.value - (whole || after.position == Position() ? 0U : 1U));
  const Status over = client.watch(
      upto,
      [&](const registry::Event& event) {
        if (api::Mark{event.position, event.part} <= after) return true;
        if (o.json)
          print_line(to_json(event));
        else
          std::printf("%s\n", one_line(event).c_str());
        return std::ferror(stdout) == 0;
      },
      [&](Position all) {
        if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)
          upto = std::max(upto, all);
        else
          client.interrupt();  // what could not be written was not shown
      },
      stream);
  if (!over.ok()) return fail(over.error());
  if (client.stream() != 0)
    std::fprintf(stderr, "titer: --since %s resumes from here\n",
                 api::text_of(api::Mark::behind(upto), client.stream()).c_str());
  return kExitOk;
}

int run(const Options& o) {
  std::optional<api::Place> place;
  if (!o.since.empty()) {
    const auto said = api::place_of(o.since);
    if (!said) {
      complain("--since: " + said.error().message);
      return kExitUsage;
    }
    place = *said;
  }
  const int code = with_client(o.at, [&](client::GatewayClient& client) { return show(client, o, place); });
  return code == kExitInterrupted ? static_cast<int>(kExitOk) : code;  // the usual way to end it
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags
      .option("--since", o->since,
              "begin after this position (0: with the oldest change that is kept), or after POSITION-STREAM")
      .value_name("POSITION");
  flags.flag("--json", o->json, "print one JSON object per line");
  o->at.declare(flags);
  flags.footer(
      "Ctrl-C ends it, and it prints the position from which another watch can continue. If its replica fails, it\n"
      "continues at another one, without a gap or a repetition. Positions are counted again after a restore or an\n"
      "accepted loss of writes: POSITION-STREAM detects that, a position alone does not.");
  return [o] { return run(*o); };
}

const Registration registered({Group::kFiles, "watch", "show every change as it happens", setup});

}  // namespace
}  // namespace titer::app::watch_command
