// SPDX-License-Identifier: Apache-2.0

#include "machine/machine.h"

#include <gtest/gtest.h>

#include "base/limits.h"
#include "machine/testing.h"

namespace titer::machine {
namespace {

TEST(Machine, executes_in_order_and_answers_each) {
  Machine m;
  FrameMaker make;
  const Results r = run(
      m,
      make.add(7, 1, add_site("elm", "Elm Street")).add(7, 2, set("elm", 12)).add(7, 3, reserve("elm", 5)).frame());
  ASSERT_EQ(r.size(), 3U);
  EXPECT_TRUE(r[0].outcome.created);
  EXPECT_EQ(r[2].outcome.before, registry::Availability::of(12));
  EXPECT_EQ(r[2].outcome.after, registry::Availability::of(7));
  EXPECT_EQ(r[2].outcome.position, Position(3));
  EXPECT_EQ(m.position(), Position(3));
}

TEST(Machine, a_null_frame_is_no_request) {
  Machine m;
  FrameMaker make;
  const std::uint64_t before = m.digest();
  EXPECT_TRUE(run(m, make.frame()).empty());
  EXPECT_EQ(m.position(), Position(0));
  EXPECT_EQ(m.digest(), before);
}

// I9: exactly once.
TEST(Machine, a_repetition_gives_the_first_result_byte_by_byte_and_takes_no_effect) {
  Machine m;
  FrameMaker make;
  run(m, make.add(7, 1, add_site("elm", "Elm Street")).add(7, 2, set("elm", 12)).frame());
  const Results first = run(m, make.add(7, 3, reserve("elm", 5)).frame());
  const Results again = run(m, make.add(7, 3, reserve("elm", 5)).frame());
  ASSERT_EQ(again.size(), 1U);
  EXPECT_FALSE(first[0].repeated);
  EXPECT_TRUE(again[0].repeated);
  EXPECT_EQ(again[0].bytes, first[0].bytes);
  EXPECT_EQ(m.registry().get({"elm", {}})->stock[0].availability, registry::Availability::of(7));
  EXPECT_EQ(m.position(), Position(4)) << "a repetition has a place in the order too";
}

TEST(Machine, a_repetition_within_one_frame_is_one_too) {
  Machine m;
  FrameMaker make;
  const auto r = run(m, make.add(7, 1, add_site("elm", "Elm")).add(7, 1, add_site("elm", "Elm")).frame());
  EXPECT_TRUE(r[0].outcome.ok());
  EXPECT_EQ(r[1].bytes, r[0].bytes);
}

// A number far above all others made every replica walk over all numbers between them, without end.
TEST(Machine, a_number_far_above_the_others_is_executed_once_and_costs_no_walk) {
  Machine m;
  FrameMaker make;
  run(m, make.add(7, 1, add_site("elm", "Elm Street")).add(7, 2, set("elm", 10)).frame());
  for (const std::uint64_t far : {std::uint64_t{1000}, limits::kCounterMax})
    for (int copy = 0; copy < 2; ++copy)
      EXPECT_TRUE(run(m, make.add(7, far, reserve("elm", 1)).frame())[0].outcome.ok());
  EXPECT_EQ(m.registry().get({"elm", {}})->stock[0].availability, registry::Availability::of(8));
  EXPECT_EQ(run(m, make.add(7, 2, set("elm", 10)).frame())[0].outcome.code, Code::kSessionEvicted);
  Bytes sessions;
  m.session_table().write_since({}, sessions);
  EXPECT_LT(sessions.size(), 1000U);
}

Machine::Limits few_sessions() {
  Machine::Limits limits = Machine::default_limits();
  limits.sessions.sessions = 2;
  return limits;
}

TEST(Machine, the_first_request_of_an_evicted_session_has_an_unknown_outcome) {
  Machine m(few_sessions());
  FrameMaker make;
  run(m, make.born(Position(1)).add(1, 1, add_site("elm", "Elm Street")).add(1, 2, set("elm", 7)).frame());
  run(m, make.add(7, 1, reserve("elm", 1)).frame());
  for (std::uint64_t other = 20; other < 24; ++other)
    run(m, make.born(m.position().next())
               .add(other, 1, add_site(std::to_string(other), std::to_string(other)))
               .frame());
  const Results again = run(m, make.born(Position(1)).add(7, 1, reserve("elm", 1)).frame());
  EXPECT_EQ(again[0].outcome.code, Code::kSessionEvicted);
  EXPECT_NE(again[0].outcome.message.find("outcome unknown"), std::string::npos);
  EXPECT_EQ(m.registry().get({"elm", {}})->stock[0].availability, registry::Availability::of(6));
  const Results fresh = run(m, make.born(m.position().next()).add(7, 1, reserve("elm", 1)).frame());
  EXPECT_TRUE(fresh[0].outcome.ok()) << "a session that begins now is new, even under a name that was used";
}

TEST(Machine, a_session_from_a_later_history_is_not_executed) {
  Machine m;
  FrameMaker make;
  const Results r = run(m, make.born(Position(2)).add(7, 1, add_site("elm", "Elm Street")).frame());
  EXPECT_EQ(r[0].outcome.code, Code::kSessionEvicted);
  EXPECT_FALSE(m.registry().get({"elm", {}}).ok());
  EXPECT_TRUE(run(m, make.born(Position(2)).add(7, 1, add_site("elm", "Elm Street")).frame())[0].outcome.ok());
}

TEST(Machine, results_beyond_the_window_are_forgotten_and_not_executed_again) {
  Machine m;
  FrameMaker make;
  run(m, make.add(7, 1, add_site("elm", "Elm Street")).add(7, 2, set("elm", 1000)).frame());
  const std::uint64_t last = limits::kSessionWindow + 10;
  for (std::uint64_t n = 3; n <= last; ++n) run(m, make.add(7, n, reserve("elm", 1)).frame());
  const Results old = run(m, make.add(7, 3, reserve("elm", 1)).frame());
  EXPECT_EQ(old[0].outcome.code, Code::kSessionEvicted);
  EXPECT_EQ(m.registry().get({"elm", {}})->stock[0].availability, registry::Availability::of(1000 - (last - 2)));
}

TEST(Machine, what_does_not_decode_is_invalid_everywhere_alike) {
  Machine a, b;
  FrameMaker make;
  Bytes half;
  wire::encode_request(half, set("elm", 12));
  half.pop_back();
  const smr::Frame f = make.add(7, 1, as_bytes("garbage")).add(7, 2, ByteView()).add(7, 3, half).frame();
  const Results x = run(a, f), y = run(b, f);
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(x[i].outcome.code, Code::kInvalid);
    EXPECT_EQ(x[i].bytes, y[i].bytes);
  }
  EXPECT_EQ(a.position(), Position(3));
  EXPECT_EQ(a.digest(), b.digest());
  const Results again = run(a, make.add(7, 1, add_site("elm", "Elm")).frame());
  EXPECT_EQ(again[0].bytes, x[0].bytes) << "its number was used up";
}

TEST(Machine, the_log_has_a_line_for_each_execution_and_none_for_repetitions) {
  Machine m;
  FrameMaker make;
  std::vector<std::string> lines;
  const LogSink log = [&](std::string_view line) { lines.emplace_back(line); };
  run(m, make.add(7, 1, add_site("elm", "Elm Street")).add(7, 2, set("elm", 12)).frame(), log);
  run(m, make.add(7, 2, set("elm", 12)).add(7, 3, as_bytes("?")).frame(), log);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0].rfind("1.2.0: ", 0), 0U) << lines[0];
  EXPECT_EQ(lines[1].rfind("1.2.1: ", 0), 0U) << lines[1];
  EXPECT_NE(lines[1].find("12"), std::string::npos) << lines[1];
  EXPECT_EQ(lines[2].rfind("2.2.1: not a request: ", 0), 0U) << lines[2];
}

TEST(Machine, equal_frames_give_equal_digests_and_others_do_not) {
  Machine a, b;
  FrameMaker make;
  for (int i = 0; i < 50; ++i) {
    const std::string id = "site-" + std::to_string(i % 7);
    make.add(static_cast<std::uint64_t>(i % 3) + 1, static_cast<std::uint64_t>(i / 3) + 1,
             i < 7 ? add_site(id, id) : set(id, static_cast<std::uint64_t>(i)));
    const smr::Frame f = make.frame();
    const Results x = run(a, f), y = run(b, f);
    ASSERT_EQ(x[0].bytes, y[0].bytes);
    ASSERT_EQ(a.digest(), b.digest());
  }
  run(a, make.add(1, 99, set("site-0", 1)).frame());
  run(b, make.add(1, 99, set("site-0", 2)).frame());
  EXPECT_NE(a.digest(), b.digest());
}

// Two replicas that differ in these alone would give other answers to `titer history` and at the end of a key.
TEST(Machine, the_digest_covers_the_history_and_the_time) {
  const auto digest = [](std::string_view reason, std::int64_t later_ms) {
    Machine m;
    FrameMaker make;
    registry::Request request = set("elm", 5);
    request.reason = reason;
    run(m, make.add(1, 1, add_site("elm", "Elm")).frame());
    run(m, make.add(1, 2, request).frame());
    make.pass_ms(later_ms);
    run(m, make.add(1, 3, set("nowhere", 1)).frame());  // refused: nothing but the time moves
    return m.digest();
  };
  EXPECT_EQ(digest("counted", 0), digest("counted", 0));
  EXPECT_NE(digest("counted", 0), digest("guessed", 0));
  EXPECT_NE(digest("counted", 0), digest("counted", 1));
}

// --- answers

class Answers : public testing::Test {
 protected:
  Answers() {
    FrameMaker make;
    make.add(1, 1, add_site("a", "Ash"))
        .add(1, 2, add_site("b", "Birch", "99801"))
        .add(1, 3, set("a", 3))
        .add(1, 4, set("b", 4));
    run(machine, make.frame());
  }
  wire::QueryAnswer ask(const registry::Query& query) {
    Bytes body;
    wire::encode_query(body, query);
    wire::QueryAnswer answer;
    machine.query(body, buffer, answer);
    return answer;
  }
  Machine machine;
  Bytes buffer;
};

TEST_F(Answers, list_shows_pages_and_says_whether_there_are_more) {
  registry::ListSites list;
  list.limit = 1;
  ByteReader first(ask(list).body);
  EXPECT_EQ(first.u8(), 1);
  EXPECT_EQ(wire::decode_site(first).name, "Ash");
  EXPECT_TRUE(first.done());
  list.after_name = "Ash";
  list.after_id = "a";
  ByteReader second(ask(list).body);
  EXPECT_EQ(second.u8(), 0);
  EXPECT_EQ(wire::decode_site(second).name, "Birch");
  EXPECT_TRUE(second.done());
}

TEST_F(Answers, each_kind_of_question_has_its_rows) {
  ByteReader site(ask(registry::GetSite{{"a", {}}}).body);
  EXPECT_EQ(site.u8(), 0);
  EXPECT_EQ(wire::decode_site(site).stock.at(0).availability, registry::Availability::of(3));
  registry::Near near;
  near.zip = "02138";
  ByteReader around(ask(near).body);
  EXPECT_EQ(around.u8(), 0);
  EXPECT_LT(around.f64(), 1.0);
  EXPECT_EQ(wire::decode_site(around).id, "a");
  EXPECT_TRUE(around.done());
  ByteReader events(ask(registry::History{registry::SiteRef{"a", {}}, {}, 10}).body);
  EXPECT_EQ(events.u8(), 0);
  EXPECT_EQ(events.u64(), 0U) << "nothing was removed";
  EXPECT_EQ(wire::decode_event(events).position, Position(3));
  EXPECT_EQ(wire::decode_event(events).position, Position(1));
  EXPECT_TRUE(events.done());
  ByteReader changed(ask(registry::ChangedSites{Position(3)}).body);
  EXPECT_EQ(changed.u8(), 0);
  EXPECT_EQ(wire::decode_site(changed).id, "b");
  EXPECT_TRUE(changed.done());
  ByteReader info(ask(registry::Info{}).body);
  EXPECT_EQ(info.u8(), 0);
  EXPECT_EQ(wire::decode_totals(info).sites, 2U);
  EXPECT_TRUE(info.done());
}

TEST_F(Answers, a_question_that_asks_for_it_is_told_what_was_looked_at) {
  registry::ListSites list;
  list.explain = true;
  list.limit = 1;
  ByteReader page(ask(list).body);
  EXPECT_EQ(page.u8(), wire::kMoreRows | wire::kExplained);
  const registry::Explanation looked_at = wire::decode_explanation(page);
  EXPECT_EQ(looked_at.indexes, bit(registry::Along::kNames));
  EXPECT_EQ(looked_at.rows, 2U) << "one to show, and one to know that there are more";
  EXPECT_EQ(looked_at.steps, 1U);
  EXPECT_EQ(wire::decode_site(page).name, "Ash");
  EXPECT_TRUE(page.done());
}

TEST_F(Answers, refusals_are_told_in_words) {
  const wire::QueryAnswer absent = ask(registry::GetSite{{"nowhere", {}}});
  EXPECT_EQ(absent.code, Code::kNotFound);
  EXPECT_FALSE(absent.body.empty());
  wire::QueryAnswer answer;
  machine.query(as_bytes("what?"), buffer, answer);
  EXPECT_EQ(answer.code, Code::kInvalid);
  EXPECT_EQ(answer.position, Position(4));
}

struct Watched {
  std::vector<Position> positions;
  Position upto;
  Code code = Code::kOk;
  std::size_t messages = 0;
};
Watched watched(const Bytes& out) {
  Watched w;
  ByteView in = out;
  for (;;) {
    const auto message = wire::next_message(in);
    if (!message.ok() || !message->has_value()) return w;
    const auto events = wire::decode_events((*message)->payload);
    if (!events.ok()) return w;
    ByteReader rows(events->events);
    for (std::uint32_t i = 0; i < events->count; ++i) w.positions.push_back(wire::decode_event(rows).position);
    w.upto = events->upto;
    w.code = events->code;
    ++w.messages;
  }
}

TEST_F(Answers, watchers_get_every_event_once_in_order) {
  Position since;
  std::vector<Position> all;
  for (int turn = 0; turn < 10 && since < machine.position(); ++turn) {
    Bytes out;
    since = machine.events(since, 3, out, true);
    const Watched w = watched(out);
    all.insert(all.end(), w.positions.begin(), w.positions.end());
    EXPECT_EQ(w.upto, since);
  }
  EXPECT_EQ(all, (std::vector{Position(1), Position(2), Position(3), Position(4)}));
  Bytes nothing;
  EXPECT_EQ(machine.events(since, 3, nothing, true), since);
  EXPECT_TRUE(nothing.empty());
}

TEST_F(Answers, events_of_one_bulk_stay_together) {
  registry::Bulk bulk;
  for (std::uint64_t i = 0; i < 20; ++i)
    bulk.operations.emplace_back(std::get<registry::SetAvailability>(set("a", 100 + i).operation));
  FrameMaker make;
  run(machine, make.add(1, 5, request(bulk)).add(1, 6, set("b", 9)).frame());
  Bytes out;
  EXPECT_EQ(machine.events(Position(4), 3, out, true), Position(5));
  EXPECT_EQ(watched(out).positions.size(), 20U);
}

// A bulk may make more bytes of events than a message can have.
TEST_F(Answers, a_huge_bulk_takes_several_messages_and_the_last_one_completes_it) {
  const std::string long_text(2000, 'x');
  std::uint64_t number = 5;
  FrameMaker make;
  for (const char letter : {'y', 'z'}) {
    registry::Bulk bulk;
    const std::string text(2000, letter);
    for (int i = 0; i < 60; ++i) {
      registry::EditSite edit;
      edit.site.id = "a";
      edit.fields.hours = i % 2 == 0 ? std::string_view(text) : std::string_view(long_text);
      edit.fields.provider = *edit.fields.hours;
      bulk.operations.emplace_back(edit);
    }
    run(machine, make.add(1, number++, request(bulk)).frame());
  }
  Bytes out;
  EXPECT_EQ(machine.events(Position(4), 1000, out, true), Position(6));
  const Watched w = watched(out);
  EXPECT_EQ(w.positions.size(), 120U);
}

}  // namespace
}  // namespace titer::machine
