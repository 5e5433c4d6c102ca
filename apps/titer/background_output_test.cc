// SPDX-License-Identifier: Apache-2.0

#include "titer/background_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>

namespace titer::app {
namespace {

class OnPipe : public testing::Test {
 public:
  OnPipe() { EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0); }
  ~OnPipe() override {
    ::close(ends[0]);
    if (ends[1] >= 0) ::close(ends[1]);
  }
  // Reads until this text has come, or the pipe is closed.
  std::string read_until(std::string_view end) {
    std::string all;
    std::array<char, 4096> piece{};
    while (all.find(end) == std::string::npos) {
      const ssize_t n = ::read(ends[0], piece.data(), piece.size());
      if (n <= 0) break;
      all.append(piece.data(), static_cast<std::size_t>(n));
    }
    return all;
  }
  // Nobody reads, so the next write blocks.
  void fill() {
    ASSERT_EQ(::fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    const std::string page(4096, '.');
    while (::write(ends[1], page.data(), page.size()) > 0) continue;
    ASSERT_EQ(::fcntl(ends[1], F_SETFL, 0), 0);
  }

  std::array<int, 2> ends{-1, -1};
};

TEST_F(OnPipe, text_comes_out_in_its_order) {
  BackgroundOutput out(ends[1]);
  for (int i = 0; i < 100; ++i) out.write("line " + std::to_string(i) + "\n");
  const std::string all = read_until("line 99\n");
  EXPECT_TRUE(all.starts_with("line 0\nline 1\n")) << all;
}

TEST_F(OnPipe, the_destructor_waits_for_what_is_left) {
  BackgroundOutput(ends[1]).write("the last words\n");
  ::close(std::exchange(ends[1], -1));
  EXPECT_EQ(read_until("nothing more"), "the last words\n");
}

TEST_F(OnPipe, while_nobody_reads_writing_does_not_wait_and_what_was_left_out_is_counted) {
  fill();
  {
    BackgroundOutput out(ends[1], 100);
    for (int i = 0; i < 1000; ++i) out.write("a line\n");  // blocked, this test would never end
    const std::string all = read_until("were left out");
    EXPECT_NE(all.find("a line\n"), std::string::npos);
  }
}

TEST_F(OnPipe, a_descriptor_that_fails_discards_the_text) {
  ::close(ends[0]);
  ends[0] = -1;
  BackgroundOutput out(ends[1]);
  out.write("nobody will read this\n");
}

}  // namespace
}  // namespace titer::app
