// SPDX-License-Identifier: Apache-2.0

#include "base/bytes.h"

#include <gtest/gtest.h>

namespace titer {
namespace {

TEST(Bytes, what_is_written_is_read_back) {
  Bytes out;
  ByteWriter w(out);
  w.u8(7);
  w.u16(65535);
  w.u32(0xDEADBEEF);
  w.u64(~0ULL);
  w.i64(-5);
  w.f64(-71.25);
  w.text("Harvard University");
  ByteReader r(out);
  EXPECT_EQ(r.u8(), 7);
  EXPECT_EQ(r.u16(), 65535);
  EXPECT_EQ(r.u32(), 0xDEADBEEF);
  EXPECT_EQ(r.u64(), ~0ULL);
  EXPECT_EQ(r.i64(), -5);
  EXPECT_EQ(r.f64(), -71.25);
  EXPECT_EQ(r.text(), "Harvard University");
  EXPECT_TRUE(r.done());
}

TEST(Bytes, a_short_read_is_an_error_that_sticks) {
  const Bytes three(3);
  ByteReader r(three);
  EXPECT_EQ(r.u32(), 0U);
  EXPECT_FALSE(r.ok());
  EXPECT_EQ(r.u8(), 0);
  EXPECT_FALSE(r.done());
}

TEST(Bytes, a_length_beyond_the_end_reads_nothing) {
  Bytes out;
  ByteWriter(out).u32(0xFFFFFFFF);
  ByteReader r(out);
  EXPECT_TRUE(r.blob().empty());
  EXPECT_FALSE(r.ok());
}

TEST(Bytes, left_over_bytes_are_not_done) {
  const Bytes two(2);
  ByteReader r(two);
  r.u8();
  EXPECT_TRUE(r.ok());
  EXPECT_FALSE(r.done());
}

}  // namespace
}  // namespace titer
