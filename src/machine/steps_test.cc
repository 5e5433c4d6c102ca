// SPDX-License-Identifier: Apache-2.0

// Work in pieces, so that a turn ends in time: frames are executed so, and questions are answered so.

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

#include "machine/testing.h"

namespace titer::machine {
namespace {

registry::Request bulk_of(std::size_t operations) {
  registry::Bulk bulk;
  for (std::size_t i = 0; i < operations; ++i)
    bulk.operations.emplace_back(std::get<registry::SetAvailability>(set("elm", i).operation));
  registry::Request request;
  request.operation = std::move(bulk);
  return request;
}

TEST(Pieces, a_frame_that_is_executed_in_pieces_has_the_results_of_one_executed_at_once) {
  const auto frames = [] {
    FrameMaker make;
    std::vector<smr::Frame> all;
    all.push_back(make.add(7, 1, add_site("elm", "Elm Street")).add(7, 2, set("elm", 12)).frame());
    for (std::uint64_t i = 3; i < 60; ++i) make.add(7, i, i % 5 == 0 ? bulk_of(10) : reserve("elm", i % 3));
    make.add(7, 59, reserve("elm", 1));      // a repetition
    make.add(8, 1, Bytes(3, std::byte{9}));  // no request
    all.push_back(make.frame());
    all.push_back(make.frame());  // without requests
    return all;
  };
  Machine at_once, in_pieces;
  for (const smr::Frame& frame : frames()) {
    Bytes expected, got;
    const auto into = [](Bytes& out) {
      return [&out](const Executed& done) { out.insert(out.end(), done.result.begin(), done.result.end()); };
    };
    at_once.execute(frame, into(expected));
    FrameProgress progress(frame);
    std::size_t pieces = 1;
    while (!in_pieces.execute_some(frame, progress, 4, into(got))) ++pieces;
    EXPECT_EQ(got, expected);
    EXPECT_EQ(in_pieces.position(), at_once.position());
    EXPECT_EQ(in_pieces.digest(), at_once.digest());
    if (frame.count > 10) {
      EXPECT_GT(pieces, frame.count / 4) << "a bulk counts as its operations";
    }
  }
}

// Which position such an answer has: that of the first step. Later changes are in it, or among the changes after that position.
TEST(Pieces, an_answer_in_steps_has_the_position_of_its_first_step_and_no_older_row) {
  Machine m;
  FrameMaker make;
  for (std::uint64_t i = 0; i < 100; ++i)
    make.add(7, i + 1, add_site("s" + std::to_string(1000 + i), "Site " + std::to_string(1000 + i)));
  run(m, make.frame());
  Bytes body, rows;
  wire::encode_query(body, registry::ListSites{});
  wire::QueryAnswer answer;
  registry::Progress progress;
  std::uint64_t number = 100;
  std::size_t steps = 0;
  do {
    progress.begin_step(10);
    m.query(body, rows, answer, {}, progress);
    if (progress.unfinished) run(m, make.add(7, ++number, set("s" + std::to_string(1000 + ++steps), 3)).frame());
  } while (progress.unfinished);
  ASSERT_GE(steps, 9U);
  EXPECT_EQ(answer.code, Code::kOk);
  EXPECT_EQ(answer.position, Position(100));
  Bytes at_once;
  wire::QueryAnswer now;
  m.query(body, at_once, now);
  EXPECT_EQ(now.position, Position(number));
  EXPECT_LT(answer.body.size(), now.body.size()) << "the first rows are as they were";
  EXPECT_EQ(answer.body[0], std::byte{0}) << "there is no more";
}

// With them a snapshot is completed: all of them are as they are at the position of the answer, however busy the sites are.
TEST(Pieces, the_changed_sites_are_of_one_position_although_they_change_while_they_are_gathered) {
  Machine m;
  FrameMaker make;
  std::uint64_t number = 0;
  for (int i = 0; i < 1'000; ++i)
    make.add(7, ++number, add_site("s" + std::to_string(1000 + i), "Site " + std::to_string(1000 + i)));
  run(m, make.frame());
  const Position since = m.position();
  std::mt19937 random(5);
  const auto change = [&] {
    run(m, make.add(7, ++number, set("s" + std::to_string(1000 + random() % 1'000), random() % 90)).frame());
  };
  for (int i = 0; i < 100; ++i) change();
  Bytes body, rows;
  wire::encode_query(body, registry::ChangedSites{since});
  wire::QueryAnswer answer;
  registry::Progress progress;
  std::size_t steps = 0;
  for (;; ++steps, change()) {
    progress.begin_step(10);
    m.query(body, rows, answer, {}, progress);
    if (!progress.unfinished) break;
    ASSERT_LT(steps, 10'000U) << "it has an end";
  }
  EXPECT_GT(steps, 5U);
  ASSERT_EQ(answer.code, Code::kOk);
  EXPECT_EQ(answer.position, m.position());
  const auto last_rows = [](ByteView rows_of) {
    std::map<std::string, Bytes> sites;
    ByteReader in(rows_of);
    for (in.u8(); in.ok() && !in.done();) {
      const registry::Site site = wire::decode_site(in);
      ByteWriter out(sites[std::string(site.id)] = {});
      wire::encode_site(out, site);
    }
    return sites;
  };
  Bytes at_once;
  wire::QueryAnswer now;
  m.query(body, at_once, now);
  const auto seen = last_rows(answer.body), all = last_rows(now.body);
  EXPECT_GT(all.size(), 90U);
  EXPECT_EQ(seen, all);
}

}  // namespace
}  // namespace titer::machine
