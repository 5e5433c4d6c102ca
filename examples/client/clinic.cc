// SPDX-License-Identifier: Apache-2.0

// A clinic's program: adds its site, logs doses, reserves one for each patient, reads what is left, and reads the change that
// each reservation made. Replicas may die meanwhile.
// usage: clinic HOST:PORT[,HOST:PORT…] [PATIENTS]
#include <titer/client.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>

namespace {

using std::chrono::seconds;

const titer::SiteRef kClinic = titer::by_name("Example Clinic");

int fail(const titer::Error& error) {
  std::fprintf(stderr, "clinic: %s (%s)\n", error.message.c_str(), std::string(titer::name(error.code)).c_str());
  return 1;
}

titer::Options options_for(const char* addresses) {
  titer::Options options;
  std::istringstream list(addresses);
  for (std::string one; std::getline(list, one, ',');) options.replicas.push_back(one);
  options.actor = "example";
  if (const char* ca = std::getenv("TITER_CA")) options.tls = titer::Tls{.ca = ca};
  if (const char* key = std::getenv("TITER_KEY")) options.key = key;
  return options;
}

// The position from which on there are only reservations.
titer::Result<titer::Position> log_doses(titer::Client& client, std::uint64_t doses) {
  const auto added = client.write(titer::AddSite{.fields = {.name = kClinic.name, .zip = "02139"}});
  // It may be there from the last time.
  if (!added && added.error().code != titer::Code::kDuplicate) return added.error();
  const auto set = client.write(
      titer::SetAvailability{.site = kClinic, .claim = {.availability = titer::Availability::of(doses)}},
      {.reason = "delivery"});
  if (!set) return set.error();
  return set->position;
}

// One patient after another. What a write without an answer did, the library finds out: nothing is reserved twice.
titer::Result<titer::Position> serve(titer::Client& client, std::uint64_t patients) {
  titer::Position last;
  for (std::uint64_t served = 0; served < patients; ++served) {
    const auto reserved = client.write(titer::Reserve{.site = kClinic});
    if (!reserved) return reserved.error();
    last = reserved->position;
    if (served % 100 != 0) continue;
    std::printf("patient %llu, by way of %s\n", static_cast<unsigned long long>(served), client.replica().c_str());
    std::fflush(stdout);
  }
  return last;
}

int show(titer::Client& client) {
  const auto clinic = client.get(kClinic);
  if (!clinic) return fail(clinic.error());
  for (const titer::StockLine& line : clinic->site.stock)
    std::printf("%s has %s of %s\n", clinic->site.name.c_str(), titer::to_text(line.availability).c_str(),
                line.product.c_str());
  return 0;
}

// The changes after `since`; a program that follows them continuously keeps watch.position() for its next start.
int follow(titer::Client& client, titer::Position since, std::uint64_t changes) {
  auto watch = client.watch(since);
  if (!watch) return fail(watch.error());
  for (std::uint64_t seen = 1; seen <= changes; ++seen) {
    const auto change = watch->next(seconds(10));
    if (!change) return fail(change.error());
    if (!*change) return fail({.message = "a change is missing"});
    if (seen == changes)
      std::printf("change %llu at position %llu: %s by %s\n", static_cast<unsigned long long>(seen),
                  static_cast<unsigned long long>((*change)->position.value),
                  std::string(titer::name((*change)->kind)).c_str(), (*change)->actor.c_str());
  }
  return 0;
}

int run(const char* addresses, std::uint64_t patients) {
  auto client = titer::Client::connect(options_for(addresses));
  if (!client) return fail(client.error());
  const auto logged = log_doses(*client, patients + 11);
  if (!logged) return fail(logged.error());
  const auto served = serve(*client, patients);
  if (!served) return fail(served.error());
  const int shown = show(*client);
  return shown != 0 ? shown : follow(*client, *logged, patients);
}

}  // namespace

int main(int argc, char** argv) {
  const std::uint64_t patients = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 1;
  if (argc < 2 || argc > 3 || patients == 0) {
    std::fprintf(stderr, "usage: clinic HOST:PORT[,HOST:PORT...] [PATIENTS]\n");
    return 2;
  }
  return run(argv[1], patients);
}
