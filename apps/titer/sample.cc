#include "titer/sample.h"

#include "titer/command.h"

namespace titer::app {

int add_seed_site(const At& at) {
  registry::AddSite harvard;
  harvard.fields.name = "Harvard University";
  harvard.fields.zip = "02138";
  harvard.stock = registry::StockClaim{registry::kAnyProduct, registry::Availability::of(0), {}, "seed"};
  registry::Request request;
  request.operation = harvard;
  request.actor = "titer cluster";
  return with_remote(at, [&](Remote& remote) {
    const auto outcome = remote.client().execute(request);
    if (!outcome) return fail(outcome.error());
    return outcome->ok() ? kExitOk : fail(Error{outcome->code, outcome->message});
  });
}

int import_sample(const At&, const std::string&) { return kExitOk; }

}  // namespace titer::app
