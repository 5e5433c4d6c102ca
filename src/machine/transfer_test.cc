// State transfer between machines, while the donor goes on executing.

#include <gtest/gtest.h>

#include <random>

#include "base/limits.h"
#include "machine/testing.h"

namespace titer::machine {
namespace {

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
    make_.add(session, ++numbers_[session], what);
  }

  std::mt19937 random_;
  FrameMaker make_;
  std::vector<std::string> ids_;
  std::map<std::uint64_t, std::uint64_t> numbers_;
};

// Hands everything in `out` to the learner; the last part's news.
Result<Machine::Received> deliver(Machine& learner, const Bytes& out) {
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

Machine::Received finish(Machine& donor, Machine& learner, Position learned) {
  Bytes out;
  donor.write_final(learned, ViewNumber(3), LamportTime(77), out);
  const auto received = deliver(learner, out);
  EXPECT_TRUE(received.ok()) << received.error().message;
  return received.ok() ? *received : Machine::Received{};
}

void expect_equal(const Machine& a, const Machine& b) {
  EXPECT_EQ(a.digest(), b.digest());
  EXPECT_EQ(a.position(), b.position());
  EXPECT_EQ(a.sessions(), b.sessions());
  EXPECT_EQ(a.registry().totals().events, b.registry().totals().events);
  const Status sound = b.registry().check();
  EXPECT_TRUE(sound.ok()) << sound.error().message;
}

TEST(Transfer, what_changes_meanwhile_arrives_too) {
  for (const unsigned seed : {1U, 2U, 3U, 4U}) {
    Machine donor, learner;
    Load load(seed);
    load.add_sites(donor, 3000);
    load.run_some(donor, 4000);
    Machine::Cursor cursor = donor.begin_transfer({});
    Position learned;
    int passes = 0, calls = 0;
    while (passes < 4) {
      Bytes out;
      const bool ended = donor.write_part(cursor, 40'000, out);
      const auto received = deliver(learner, out);
      ASSERT_TRUE(received.ok()) << received.error().message;
      EXPECT_FALSE(received->final_state);
      if (ended) {
        EXPECT_GE(received->complete, learned);
        learned = received->complete;
        ++passes;
      }
      ++calls;
      load.run_some(donor, 150);
    }
    EXPECT_GT(calls, 10) << "the first pass takes several turns";
    EXPECT_EQ(learned, cursor.complete);
    const Machine::Received end = finish(donor, learner, learned);
    EXPECT_TRUE(end.final_state);
    EXPECT_EQ(end.view, ViewNumber(3));
    EXPECT_EQ(end.clock, LamportTime(77));
    EXPECT_EQ(end.complete, donor.position());
    expect_equal(donor, learner);
  }
}

TEST(Transfer, both_go_on_alike_afterwards) {
  Machine donor, learner;
  Load load(5);
  load.run_some(donor, 3000);
  finish(donor, learner, {});
  Load a(6), b(6);
  a.run_some(donor, 500);
  b.run_some(learner, 500);
  expect_equal(donor, learner);
}

TEST(Transfer, a_repetition_is_known_to_the_learner) {
  Machine donor, learner;
  FrameMaker make;
  run(donor, make.add(1, 1, add_site("elm", "Elm")).add(1, 2, set("elm", 9)).frame());
  const Results first = run(donor, make.add(1, 3, reserve("elm", 4)).frame());
  finish(donor, learner, {});
  const Results again = run(learner, make.add(1, 3, reserve("elm", 4)).frame());
  EXPECT_TRUE(again[0].repeated);
  EXPECT_EQ(again[0].bytes, first[0].bytes);
}

// Everything up to the end of a pass.
Machine::Received give_pass(const Machine& donor, Machine::Cursor& cursor, Machine& learner) {
  for (bool ended = false;;) {
    Bytes out;
    ended = donor.write_part(cursor, 30'000, out);
    const auto received = deliver(learner, out);
    EXPECT_TRUE(received.ok()) << received.error().message;
    if (!received.ok()) return {};
    if (ended) return *received;
  }
}

TEST(Transfer, a_second_donor_takes_over_after_a_complete_pass) {
  Machine first, second, learner;
  Load a(7), b(7);
  a.run_some(first, 3000);
  b.run_some(second, 3000);
  Machine::Cursor cursor = first.begin_transfer({});
  const Position learned = give_pass(first, cursor, learner).complete;
  b.run_some(second, 1000);  // the first one died
  EXPECT_EQ(learner.wanted().since, learned);
  EXPECT_EQ(learner.wanted().from_slot, 0U);
  Machine::Cursor on = second.begin_transfer(learner.wanted());
  const Machine::Received received = give_pass(second, on, learner);
  EXPECT_EQ(received.complete, second.position());
  b.run_some(second, 100);
  finish(second, learner, received.complete);
  expect_equal(second, learner);
}

// Found by the simulator: the donor died, the next one had not yet executed as much.
TEST(Transfer, a_second_donor_that_is_behind_the_first_completes_nothing_until_it_is_not) {
  Machine first, second, learner;
  Load a(9), b(9);
  a.run_some(first, 1900);
  a.run_some(first, 100);
  b.run_some(second, 1900);
  Bytes out;
  Machine::Cursor cursor = first.begin_transfer({});
  while (!first.write_part(cursor, 30'000, out)) continue;
  const auto received = deliver(learner, out);
  ASSERT_TRUE(received.ok()) << received.error().message;
  Machine::Cursor on = second.begin_transfer(learner.wanted());
  out.clear();
  EXPECT_TRUE(second.write_part(on, 30'000, out));
  const auto early = deliver(learner, out);
  ASSERT_TRUE(early.ok()) << early.error().message;
  EXPECT_TRUE(early->outdated);
  b.run_some(second, 100);
  b.run_some(second, 500);
  const Machine::Received later = give_pass(second, on, learner);
  EXPECT_EQ(later.complete, second.position());
  finish(second, learner, later.complete);
  expect_equal(second, learner);
}

// A donor that dies inside a pass, and another at the same or another position that goes on. The numbers: how far the
// first got, and what the second had executed then.
struct CutPass {
  int pass;  // the one that is cut: 1, 2
  int calls;
  int behind, ahead;  // of the second donor, in requests
};
void go_on_with_another(const CutPass& cut) {
  SCOPED_TRACE(testing::Message() << "pass " << cut.pass << " after " << cut.calls << " calls, second donor behind "
                                  << cut.behind << ", ahead " << cut.ahead);
  Machine first, second, learner;
  Load a(8), b(8);
  a.add_sites(first, 700);
  b.add_sites(second, 700);
  Machine::Cursor cursor = first.begin_transfer({});
  if (cut.pass == 2) {
    give_pass(first, cursor, learner);
    a.add_text(first, 20);
    b.add_text(second, 20);
  }
  // What comes in these frames reaches the second donor in the same order, but later, or not yet.
  int at_first = 0, at_second = 0;
  for (int call = 0; call < cut.calls; ++call) {
    Bytes out;
    ASSERT_FALSE(first.write_part(cursor, 8'000, out));
    ASSERT_TRUE(deliver(learner, out).ok());
    a.run_some(first, 100);
    ++at_first;
  }
  const wire::TransferWant want = learner.wanted();
  EXPECT_GT(want.from_slot, 0U);
  for (; at_second < at_first - cut.behind + cut.ahead; ++at_second) b.run_some(second, 100);
  const Position stood = second.position();
  Machine::Cursor on = second.begin_transfer(want);
  std::uint32_t began_at = 0;
  for (bool ended = false, begun = false; !ended; begun = true) {
    Bytes out;
    ended = second.write_part(on, 8'000, out);
    const auto received = deliver(learner, out);
    ASSERT_TRUE(received.ok()) << received.error().message;
    if (!begun) began_at = learner.wanted().from_slot;
    EXPECT_LE(received->complete, stood) << "more than the donor had";
    EXPECT_LE(received->complete, std::max(want.pass_began, want.since)) << "more than the first slots have";
    b.run_some(second, 100);
  }
  EXPECT_TRUE(began_at == 0 || began_at > want.from_slot) << "it began again at the first slot";
  finish(second, learner, learner.wanted().since);
  expect_equal(second, learner);
}

TEST(Transfer, a_second_donor_goes_on_inside_a_pass_that_was_cut) {
  for (const int pass : {1, 2})
    for (const int calls : {1, 5})
      for (const int behind : {0, 1, 3})
        for (const int ahead : {0, 4})
          if (behind <= calls) go_on_with_another({pass, calls, behind, ahead});
}

TEST(Transfer, a_later_pass_is_sent_in_pieces_and_says_how_far_it_is) {
  Machine donor, learner;
  Load load(9);
  load.add_sites(donor, 3000);
  Machine::Cursor cursor = donor.begin_transfer({});
  const Position learned = give_pass(donor, cursor, learner).complete;
  load.add_text(donor, 100);  // every site changes
  const Position began = donor.position();
  int calls = 0;
  std::uint32_t slot = 0;
  for (bool ended = false; !ended; ++calls) {
    Bytes out;
    ended = donor.write_part(cursor, 20'000, out);
    EXPECT_TRUE(ended || out.size() < 120'000U) << "sites and events in one go";
    const auto received = deliver(learner, out);
    ASSERT_TRUE(received.ok()) << received.error().message;
    EXPECT_EQ(received->complete, ended ? began : learned);
    if (!ended) {
      EXPECT_GE(learner.wanted().from_slot, slot);
      EXPECT_EQ(learner.wanted().pass_began, began);
      slot = learner.wanted().from_slot;
    }
    load.run_some(donor, 20);
  }
  EXPECT_GT(calls, 10);
  EXPECT_EQ(learner.wanted().from_slot, 0U) << "a pass that ended is not gone on with";
  finish(donor, learner, learner.wanted().since);
  expect_equal(donor, learner);
}

// Its history ends where the donor's does not begin yet. Old events must not stay in front of the gap.
TEST(Transfer, one_who_comes_back_after_a_long_time_has_the_donors_history) {
  Machine donor, learner;
  FrameMaker make;
  std::uint64_t number = 0;
  const auto both = [&](const smr::Frame& frame) {
    run(donor, frame);
    run(learner, frame);
  };
  both(make.add(1, ++number, add_site("elm", "Elm")).frame());
  for (std::uint64_t i = 0; i < 50; ++i) make.add(1, ++number, set("elm", i));  // short events
  both(make.frame());
  const std::string key(200, 'k');
  while (donor.registry().dropped() < Position(1000)) {
    for (int i = 0; i < 4000; ++i) {
      registry::Request long_one = set("elm", number % 1000);
      long_one.idempotency_key = key;
      make.add(1, ++number, long_one);
    }
    run(donor, make.frame());
  }
  EXPECT_EQ(learner.wanted().since, learner.position());
  Machine::Cursor cursor = donor.begin_transfer(learner.wanted());
  give_pass(donor, cursor, learner);
  finish(donor, learner, learner.wanted().since);
  expect_equal(donor, learner);
  EXPECT_EQ(learner.registry().totals().oldest_event, donor.registry().totals().oldest_event);
  EXPECT_EQ(learner.registry().dropped(), donor.registry().dropped());
}

TEST(Transfer, bodies_larger_than_a_piece_are_put_together) {
  Machine donor, learner;
  FrameMaker make;
  const std::string hours(2000, 'h');
  for (std::uint64_t i = 1; i <= 700; ++i) {
    registry::AddSite add;
    const std::string id = "site-" + std::to_string(i);
    add.id = id;
    add.fields.name = id;
    add.fields.hours = hours;
    make.add(1, i, request(add));
  }
  run(donor, make.frame());
  Bytes out;
  donor.write_final({}, ViewNumber(1), LamportTime(1), out);
  ByteView in = out;
  std::size_t unfinished = 0;
  while (!in.empty()) {
    const auto message = wire::next_message(in);
    ASSERT_TRUE(message.ok() && message->has_value());
    EXPECT_LE((*message)->payload.size(), limits::kMessageBytesMax);
    unfinished += wire::decode_transfer_part((*message)->payload)->more ? 1 : 0;
  }
  EXPECT_GT(unfinished, 0U) << "nothing was split: a larger state is needed to test it";
  ASSERT_TRUE(deliver(learner, out).ok());
  expect_equal(donor, learner);
}

TEST(Transfer, an_empty_machine_can_be_given) {
  Machine donor, learner;
  EXPECT_TRUE(finish(donor, learner, {}).final_state);
  expect_equal(donor, learner);
}

// --- donors that err

std::vector<wire::TransferPart> parts_of(const Bytes& out) {
  std::vector<wire::TransferPart> parts;
  ByteView in = out;
  for (;;) {
    const auto message = wire::next_message(in);
    if (!message.ok() || !message->has_value()) return parts;
    parts.push_back(*wire::decode_transfer_part((*message)->payload));
  }
}

TEST(Transfer, a_missing_part_is_found_by_the_digest) {
  Machine donor;
  Load load(10);
  load.run_some(donor, 800);
  Bytes out;
  donor.write_final({}, ViewNumber(1), LamportTime(1), out);
  const auto parts = parts_of(out);
  ASSERT_GE(parts.size(), 4U);
  for (std::size_t missing = 0; missing < parts.size(); ++missing) {
    Machine learner;
    bool refused = false, ended = false;
    for (std::size_t i = 0; i < parts.size() && !refused; ++i) {
      if (i == missing) continue;
      const auto received = learner.read_part(parts[i]);
      refused = !received.ok();
      ended = received.ok() && received->final_state;
    }
    EXPECT_TRUE(refused || !ended) << "without part " << missing << " it was taken";
  }
}

TEST(Transfer, bent_parts_are_errors_and_never_a_crash) {
  Machine donor;
  Load load(11);
  load.run_some(donor, 300);
  Bytes out;
  donor.write_final({}, ViewNumber(1), LamportTime(1), out);
  std::mt19937 random(12);
  for (int round = 0; round < 300; ++round) {
    Machine learner;
    bool ended = false;
    for (wire::TransferPart part : parts_of(out)) {
      Bytes body(part.body.begin(), part.body.end());
      if (!body.empty() && random() % 2 == 0) body[random() % body.size()] ^= std::byte{1} << (random() % 8);
      part.body = body;
      const auto received = learner.read_part(part);
      if (!received.ok()) break;
      ended = received->final_state;
    }
    EXPECT_TRUE(!ended || learner.digest() == donor.digest()) << "a bent state was taken";
  }
}

TEST(Transfer, a_part_that_is_not_finished_before_another_kind_is_an_error) {
  Machine learner;
  wire::TransferPart part;
  part.kind = wire::TransferKind::kSites;
  part.more = true;
  part.body = as_bytes("x");
  EXPECT_TRUE(learner.read_part(part).ok());
  part.kind = wire::TransferKind::kHead;
  EXPECT_EQ(learner.read_part(part).error().code, Code::kProtocol);
}

// Found by the simulator: donor 2's link was slow; its pieces came after donor 0 had given the final state.
TEST(Transfer, pieces_that_come_after_a_final_state_change_nothing) {
  Machine donor, learner;
  Load load(5);
  load.add_sites(donor, 50);
  load.run_some(donor, 200);
  Bytes slow;
  Machine::Cursor cursor = donor.begin_transfer({});
  while (!donor.write_part(cursor, 40'000, slow)) continue;
  load.run_some(donor, 200);
  finish(donor, learner, Position(0));
  const auto late = deliver(learner, slow);
  ASSERT_TRUE(late.ok()) << late.error().message;
  EXPECT_TRUE(late->outdated);
  expect_equal(donor, learner);
}

TEST(Transfer, the_final_state_of_an_earlier_view_changes_nothing) {
  Machine donor, learner;
  Load load(6);
  load.add_sites(donor, 50);
  Bytes earlier;
  donor.write_final(Position(0), ViewNumber(2), LamportTime(5), earlier);
  load.run_some(donor, 200);
  finish(donor, learner, Position(0));
  const auto late = deliver(learner, earlier);
  ASSERT_TRUE(late.ok()) << late.error().message;
  EXPECT_TRUE(late->outdated);
  EXPECT_FALSE(late->final_state);
  expect_equal(donor, learner);
}

TEST(Transfer, a_body_that_ends_with_its_link_is_begun_again_by_another_donor) {
  Machine donor, learner;
  Load load(7);
  load.add_sites(donor, 800);
  load.add_text(donor, 2000);  // its sites are more than one piece of 1 MiB
  Bytes out;
  donor.write_final(Position(0), ViewNumber(3), LamportTime(5), out);
  ByteView in = out;
  const auto first = wire::next_message(in);
  ASSERT_TRUE(first.ok() && first->has_value());
  const auto part = wire::decode_transfer_part((*first)->payload);
  ASSERT_TRUE(part.ok() && part->more);
  ASSERT_TRUE(learner.read_part(*part).ok());
  learner.forget_unfinished();
  finish(donor, learner, Position(0));
  expect_equal(donor, learner);
}

}  // namespace
}  // namespace titer::machine
