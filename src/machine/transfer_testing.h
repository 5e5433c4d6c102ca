// SPDX-License-Identifier: Apache-2.0

// For the tests of state transfer: a load of requests, and the learner's end of the link.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "machine/testing.h"

namespace titer::machine {

// Requests by chance, but the same for the same seed: new sites, counts, texts.
class Load {
 public:
  explicit Load(unsigned seed) : random_(seed) {}

  void run_some(Machine& machine, int requests) {
    for (int i = 0; i < requests; ++i) one();
    run(machine, make_.frame());
  }
  void add_sites(Machine& machine, int sites) {
    for (int i = 0; i < sites; ++i) {
      const std::string id = new_id();
      ask(add_site(id, "Clinic " + id));
      if (i % 1000 == 999) run(machine, make_.frame());
    }
    run(machine, make_.frame());
  }
  // So many bytes more for each site.
  void add_text(Machine& machine, std::size_t bytes) {
    const std::string hours(bytes, 'h');
    std::size_t asked = 0;
    for (const std::string& id : ids_) {
      registry::EditSite edit;
      edit.site.id = id;
      edit.fields.hours = hours;
      ask(request(edit));
      if (++asked % 100 == 0) run(machine, make_.frame());
    }
    run(machine, make_.frame());
  }

 private:
  void one() {
    const auto what = random_() % 10;
    if (ids_.empty() || what == 0) {
      const std::string id = new_id();
      ask(add_site(id, "Clinic " + id));
    } else if (what == 2) {
      const registry::KeyId key(1 + random_() % 50);
      if (random_() % 4 == 0) return ask(request(registry::RevokeKey{key}));
      ask(request(registry::CreateKey{key, {}, "owner", registry::Role::kOperator, {}, {}}));
    } else if (what == 1) {
      registry::EditSite edit;
      edit.site.id = ids_[random_() % ids_.size()];
      const std::string hours = "Mon " + std::to_string(random_() % 12) + " AM";
      edit.fields.hours = hours;
      ask(request(edit));
    } else {
      ask(set(ids_[random_() % ids_.size()], random_() % 1000, random_() % 2 == 0 ? "any" : "208"));
    }
  }
  std::string new_id() { return ids_.emplace_back("site-" + std::to_string(ids_.size())); }
  void ask(const registry::Request& what) {
    const std::uint64_t session = 1 + random_() % 40;
    registry::Request asked = what;
    asked.key = registry::kMachine;  // some of them make keys
    make_.add(session, ++numbers_[session], asked);
  }

  std::mt19937 random_;
  FrameMaker make_;
  std::vector<std::string> ids_;
  std::map<std::uint64_t, std::uint64_t> numbers_;
};

// Hands everything in `out` to the learner; the last part's news.
inline Result<Machine::Received> deliver(Machine& learner, const Bytes& out) {
  ByteView in = out;
  Result<Machine::Received> last = Machine::Received{};
  for (;;) {
    const auto message = wire::next_message(in);
    EXPECT_TRUE(message.ok());
    if (!message.ok() || !message->has_value()) return last;
    const auto part = wire::decode_transfer_part((*message)->payload);
    EXPECT_TRUE(part.ok());
    last = learner.read_part(*part);
    if (!last.ok()) return last;
  }
}

inline Machine::Received finish(Machine& donor, Machine& learner, Position learned) {
  Bytes out;
  donor.write_final(learned, ViewNumber(3), LamportTime(77), out);
  const auto received = deliver(learner, out);
  EXPECT_TRUE(received.ok()) << received.error().message;
  return received.ok() ? *received : Machine::Received{};
}

inline void expect_equal(const Machine& a, const Machine& b) {
  EXPECT_EQ(a.digest(), b.digest());
  EXPECT_EQ(a.position(), b.position());
  EXPECT_EQ(a.sessions(), b.sessions());
  EXPECT_EQ(a.registry().totals().events, b.registry().totals().events);
  const Status sound = b.registry().check();
  EXPECT_TRUE(sound.ok()) << sound.error().message;
}

// Everything up to the end of a pass.
inline Machine::Received give_pass(const Machine& donor, Machine::Cursor& cursor, Machine& learner) {
  for (bool ended = false;;) {
    Bytes out;
    ended = donor.write_part(cursor, 30'000, out);
    const auto received = deliver(learner, out);
    EXPECT_TRUE(received.ok()) << received.error().message;
    if (!received.ok()) return {};
    if (ended) return *received;
  }
}

}  // namespace titer::machine
