// SPDX-License-Identifier: Apache-2.0

#include "titer/sample.h"

#include "client/gateway_client.h"
#include "titer/command.h"

namespace titer::app {

int add_seed_site(const At& at) {
  registry::AddSite harvard;
  harvard.fields.name = "Harvard University";
  harvard.fields.zip = "02138";
  harvard.stock.emplace().availability = registry::Availability::of(0);
  harvard.stock->source = "seed";
  const registry::Request request{
      .operation = harvard, .actor = "titer cluster", .reason = {}, .idempotency_key = {}, .echo_site = false};
  return with_client(at, [&](client::GatewayClient& client) {
    const Result<registry::Outcome> outcome = client.execute(request);
    if (!outcome) return fail(outcome.error());
    if (outcome->ok() || outcome->code == Code::kDuplicate) return static_cast<int>(kExitOk);
    return fail({outcome->code, outcome->message});
  });
}

}  // namespace titer::app
