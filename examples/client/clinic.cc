// A clinic's program: adds its site, logs doses, reserves one, reads what is left, and shows the event of it.
// usage: clinic HOST:PORT[,HOST:PORT…]
#include <cstdio>
#include <string>

#include "client/gateway_client.h"
#include "client/read.h"

namespace {

using namespace titer;

constexpr const char* kName = "Example Clinic";

int fail(const Error& error) {
  std::fprintf(stderr, "clinic: %s (%s)\n", error.message.c_str(), std::string(name(error.code)).c_str());
  return 1;
}

// The request's outcome says whether the registry accepted it; an Error means that nobody answered.
Result<Position> execute(client::GatewayClient& at, registry::Operation operation) {
  registry::Request request;
  request.operation = std::move(operation);
  request.actor = "example";
  const Result<registry::Outcome> outcome = at.execute(request);
  if (!outcome) return outcome.error();
  if (!outcome->ok()) return Error{outcome->code, outcome->message};
  return outcome->position;
}

// A person has come for one of the doses: the position at which this was executed.
Result<Position> reserve_one(client::GatewayClient& at) {
  registry::Reserve reserve;
  reserve.site.name = kName;
  return execute(at, reserve);
}

Result<Position> log_doses(client::GatewayClient& at, std::uint64_t doses) {
  registry::AddSite add;
  add.fields.name = kName;
  add.fields.zip = "02139";
  const Result<Position> added = execute(at, add);
  if (!added && added.error().code != Code::kDuplicate) return added;  // it may be there from the last time

  registry::SetAvailability set;
  set.site.name = kName;
  set.claim.availability = registry::Availability::of(doses);
  return execute(at, set);
}

Status show(client::GatewayClient& at) {
  return client::get_site(at, {.id = {}, .name = kName}, [](const registry::Site& site) {
    for (const registry::StockLine& line : site.stock)
      std::printf("%s has %s of %s\n", std::string(site.name).c_str(), to_text(line.availability).c_str(),
                  std::string(line.product).c_str());
    return true;
  });
}

// Everything after `since`; a program that never stops following changes returns true each time.
Status watch_one(client::GatewayClient& at, Position since) {
  return at.watch(since, [](const registry::Event& event) {
    std::printf("event at position %llu: %s by %s\n", static_cast<unsigned long long>(event.position.value),
                std::string(registry::name(event.kind)).c_str(), std::string(event.actor).c_str());
    return false;
  });
}

int run(const char* addresses) {
  const Result<client::Addresses> at = client::parse_addresses({addresses});
  if (!at) return fail(at.error());
  net::Loop loop;
  client::GatewayClient client(loop, {.at = *at});
  if (const Status connected = client.connect(); !connected) return fail(connected.error());
  const Result<Position> logged = log_doses(client, 12);
  if (!logged) return fail(logged.error());
  const Result<Position> reserved = reserve_one(client);
  if (!reserved) return fail(reserved.error());
  if (const Status shown = show(client); !shown) return fail(shown.error());
  const Status watched = watch_one(client, Position(reserved->value - 1));
  return watched ? 0 : fail(watched.error());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: clinic HOST:PORT[,HOST:PORT...]\n");
    return 2;
  }
  return run(argv[1]);
}
