// SPDX-License-Identifier: Apache-2.0

#include "cluster/console.h"

#include <gtest/gtest.h>

namespace titer::cluster {
namespace {

// A supervisor of which nothing runs yet: what the operator types still gets its answer.
class ConsoleTest : public testing::Test {
 protected:
  static SupervisorOptions options() {
    SupervisorOptions options;
    options.replicas = 3;
    options.data_dir = testing::TempDir();
    options.program = "/no/such/program";
    return options;
  }

  net::Loop loop_;
  std::vector<std::string> said_;
  Supervisor supervisor_{loop_, options(), [this](const std::string& text) { said_.push_back(text); }};
  Console console_{supervisor_};
};

TEST_F(ConsoleTest, an_empty_line_says_nothing) {
  EXPECT_EQ(console_.line(""), "");
  EXPECT_EQ(console_.line("   "), "");
  EXPECT_FALSE(console_.quit());
}

TEST_F(ConsoleTest, quit_and_q_end_it) {
  for (const char* text : {"quit", " q "}) {
    Console console(supervisor_);
    EXPECT_EQ(console.line(text), "");
    EXPECT_TRUE(console.quit()) << text;
  }
}

TEST_F(ConsoleTest, status_has_a_line_per_replica) {
  const std::string text = console_.line("status");
  EXPECT_EQ(std::ranges::count(text, '\n'), 4);
  EXPECT_NE(text.find("replica 2  127.0.0.1:8894  failed"), std::string::npos) << text;
}

TEST_F(ConsoleTest, what_is_no_index_is_explained) {
  for (const char* text : {"x", "-1", "1.5", "kill x", "99999999999999999999"})
    EXPECT_NE(console_.line(text).find("is not an index"), std::string::npos) << text;
  EXPECT_NE(console_.line("start x").find("type 'start' and a whole number"), std::string::npos);
}

TEST_F(ConsoleTest, an_index_that_is_too_high_or_that_has_failed_is_refused) {
  EXPECT_NE(console_.line("3").find("There is no replica 3"), std::string::npos);
  EXPECT_NE(console_.line("kill 0").find("has already failed"), std::string::npos);
  EXPECT_NE(console_.line("start 7").find("there are replicas 0 to 2"), std::string::npos);
}

TEST_F(ConsoleTest, a_replica_that_cannot_be_started_says_why) {
  EXPECT_NE(console_.line("start 1").find("/no/such/program"), std::string::npos);
  EXPECT_EQ(supervisor_.alive(), 0U);
}

}  // namespace
}  // namespace titer::cluster
