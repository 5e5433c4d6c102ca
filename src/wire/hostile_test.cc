// SPDX-License-Identifier: Apache-2.0

// What others may send: cut, bent, lied about. Nothing here may crash, read beyond, or be believed.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstring>

#include "base/limits.h"
#include "wire/test_values.h"

namespace titer::wire {
namespace {

enum class Seen { kMore, kRefused, kMessage };
Seen look(ByteView in) {
  const auto m = next_message(in);
  if (!m.ok()) return Seen::kRefused;
  return m->has_value() ? Seen::kMessage : Seen::kMore;
}

TEST(Hostile, every_prefix_of_every_message_is_incomplete) {
  Maker make(3);
  for (const Bytes& bytes : one_of_each(make))
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      const Bytes prefix(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(n));
      EXPECT_EQ(look(prefix), Seen::kMore) << n;
    }
}

RC_GTEST_PROP(Hostile, every_prefix_of_every_payload_is_refused, (std::uint64_t seed)) {
  Maker make(seed);
  for (const Bytes& bytes : one_of_each(make)) {
    const Message whole{static_cast<Type>(bytes[3]), ByteView(bytes).subspan(kHeaderBytes)};
    if (whole.type == Type::kStatus || whole.type == Type::kTrace) continue;  // any text
    for (std::size_t n = 0; n < whole.payload.size(); ++n) {
      // An own buffer of exactly that size, so that a sanitizer sees a read beyond.
      const Bytes prefix(whole.payload.begin(), whole.payload.begin() + static_cast<std::ptrdiff_t>(n));
      const bool taken = decodes({whole.type, prefix});
      // These end with an opaque body: only what is before it can be missed.
      if (whole.type != Type::kTransferPart && whole.type != Type::kTransferLog) RC_ASSERT(!taken);
    }
  }
}

RC_GTEST_PROP(Hostile, trailing_bytes_are_refused, (std::uint64_t seed)) {
  Maker make(seed);
  for (Bytes& bytes : one_of_each(make)) {
    const auto type = static_cast<Type>(bytes[3]);
    if (type == Type::kStatus || type == Type::kTrace || type == Type::kTransferPart || type == Type::kTransferLog)
      continue;
    bytes.push_back(std::byte{0});
    RC_ASSERT(!decodes({type, ByteView(bytes).subspan(kHeaderBytes)}));
  }
}

RC_GTEST_PROP(Hostile, a_flipped_bit_never_passes_the_checksum, (std::uint64_t seed)) {
  Maker make(seed);
  for (Bytes& bytes : one_of_each(make)) {
    const std::size_t bit = make.below(bytes.size() * 8);
    bytes[bit / 8] ^= std::byte{1} << (bit % 8);
    RC_ASSERT(look(bytes) != Seen::kMessage);
  }
}

// A liar computes the checksum after bending: the decoders themselves must stand it.
RC_GTEST_PROP(Hostile, bent_payloads_never_crash_a_decoder, (std::uint64_t seed)) {
  Maker make(seed);
  for (const Bytes& bytes : one_of_each(make)) {
    Bytes payload(bytes.begin() + kHeaderBytes, bytes.end());
    for (std::uint64_t n = 1 + make.below(4); n > 0 && !payload.empty(); --n) {
      std::byte& b = payload[make.below(payload.size())];
      b = make.coin() ? b ^ (std::byte{1} << make.below(8)) : static_cast<std::byte>(make.below(256));
    }
    (void)decodes({static_cast<Type>(bytes[3]), payload});
  }
}

RC_GTEST_PROP(Hostile, noise_never_crashes_a_decoder, (std::uint64_t seed)) {
  Maker make(seed);
  Bytes noise(make.below(200));
  for (std::byte& b : noise) b = static_cast<std::byte>(make.below(256));
  (void)look(noise);
  for (unsigned type = 0; type < 70; ++type) (void)decodes({static_cast<Type>(type), noise});
}

Bytes header(std::uint32_t length, std::uint8_t version = kVersion, Type type = Type::kRequest) {
  Bytes out;
  ByteWriter w(out);
  w.u16(kMagic);
  w.u8(version);
  w.u8(static_cast<std::uint8_t>(type));
  w.u32(length);
  return out;
}

TEST(Hostile, lengths_are_refused_before_the_rest_arrives) {
  EXPECT_EQ(look(header(0xFFFF'FFFF)), Seen::kRefused);
  EXPECT_EQ(look(header(limits::kMessageBytesMax - kHeaderBytes + 1)), Seen::kRefused);
  EXPECT_EQ(look(header(limits::kMessageBytesMax - kHeaderBytes)), Seen::kMore);
}

TEST(Hostile, other_protocols_versions_and_types_are_told_at_once) {
  EXPECT_EQ(look(as_bytes("GET / HTTP/1.1")), Seen::kRefused);
  EXPECT_EQ(look(as_bytes("G")), Seen::kMore);
  EXPECT_EQ(look(header(0, kVersion + 1)), Seen::kRefused);
  EXPECT_EQ(look(header(0, kVersion, Type{99})), Seen::kRefused);
  ByteView in = as_bytes("GET / HTTP/1.1");
  EXPECT_EQ(next_message(in).error().code, Code::kProtocol);
}

TEST(Hostile, messages_in_a_row_are_taken_one_by_one) {
  Bytes out;
  encode_ping(out, 1);
  encode_ping(out, 2);
  out.push_back(std::byte{0x54});
  ByteView in = out;
  for (std::uint64_t n = 1; n <= 2; ++n) {
    const auto m = next_message(in);
    ASSERT_TRUE(m.ok() && m->has_value());
    EXPECT_EQ(*decode_ping((*m)->payload), n);
  }
  EXPECT_EQ(in.size(), 1U);
  const auto more = next_message(in);
  EXPECT_TRUE(more.ok() && !more->has_value());
}

// Counts and lengths that promise more than there is, written by hand.
Bytes body(std::initializer_list<unsigned> bytes) {
  Bytes out;
  for (const unsigned b : bytes) out.push_back(static_cast<std::byte>(b));
  return out;
}

TEST(Hostile, promises_are_not_believed) {
  EXPECT_FALSE(decode_request(body({10, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F})).ok()) << "2^32-1 operations in a bulk";
  EXPECT_FALSE(decode_request(body({6, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 'x'})).ok()) << "a name of 4 GiB";
  const auto close_with = [](std::initializer_list<unsigned> flags, std::initializer_list<unsigned> rest) {
    Bytes out = body({3, 0});
    for (const Bytes& part : {body(flags), body({1, 'e'}), body(rest)})
      out.insert(out.end(), part.begin(), part.end());
    return decode_request(out).ok();
  };
  EXPECT_TRUE(close_with({0x21}, {0, 2, 7, 9}));
  EXPECT_FALSE(close_with({0x21}, {0, 2, 9, 7})) << "versions in disorder";
  EXPECT_FALSE(close_with({0x21}, {0, 2, 7, 7})) << "a version twice";
  EXPECT_FALSE(close_with({0x21}, {0, 1, 7})) << "one version has a shorter form";
  EXPECT_FALSE(close_with({0x21}, {1, 0})) << "no condition has none at all";
  EXPECT_FALSE(close_with({0x21}, {0, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9})) << "more than 8 versions";
  EXPECT_FALSE(close_with({0x31}, {7, 0, 2, 7, 9})) << "two conditions";
  EXPECT_FALSE(decode_request(body({8, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02})).ok())
      << "a varint above 64 bits";
  EXPECT_TRUE(decode_request(body({8, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01})).ok());
  EXPECT_FALSE(decode_request(body({8, 0, 0x80, 0})).ok()) << "a varint that is not the shortest";
  EXPECT_FALSE(decode_request(body({0, 0, 1})).ok()) << "kind 0";
  EXPECT_FALSE(decode_request(body({11, 0, 1})).ok()) << "kind 11";
  EXPECT_FALSE(decode_request(body({8, 0x80, 1})).ok()) << "a flag that nobody knows";
  EXPECT_FALSE(decode_request(body({10, 0, 1, 10, 0})).ok()) << "a bulk in a bulk";
  EXPECT_FALSE(decode_request(body({})).ok());
}

registry::Request request(registry::Operation operation) {
  registry::Request r;
  r.operation = std::move(operation);
  return r;
}

TEST(Hostile, counts_above_the_limits_are_refused) {
  registry::Bulk bulk;
  bulk.operations.resize(limits::kBulkOperationsMax, registry::Undo{Position(1)});
  Bytes out;
  encode_request(out, request(bulk));
  EXPECT_TRUE(decode_request(out).ok());
  bulk.operations.emplace_back(registry::Undo{Position(1)});
  out.clear();
  encode_request(out, request(bulk));
  EXPECT_FALSE(decode_request(out).ok());

  registry::AddSite add;
  add.fields.external_ids.emplace(limits::kExternalIdsMax + 1, registry::ExternalId{"npi", "1"});
  out.clear();
  encode_request(out, request(add));
  EXPECT_FALSE(decode_request(out).ok());
}

TEST(Hostile, a_frame_whose_requests_are_not_what_it_says_is_refused) {
  Maker make(5);
  smr::Frame f = make.frame();
  Bytes batch;
  smr::append_request(batch, {SessionId(1), RequestNumber(1), as_bytes("body")});
  f.requests = std::make_shared<const Bytes>(batch);
  const auto taken = [&f] {
    Bytes out;
    encode(out, f);
    ByteView in = out;
    return decode_peer(**next_message(in)).ok();
  };
  f.count = 1;
  EXPECT_TRUE(taken());
  f.count = 2;
  EXPECT_FALSE(taken()) << "two requests said, one there";
  batch.pop_back();
  f.requests = std::make_shared<const Bytes>(batch);
  f.count = 1;
  EXPECT_FALSE(taken()) << "a request cut short";
}

TEST(Hostile, rows_out_of_order_are_refused) {
  Maker make(6);
  smr::Frame f = make.frame();
  f.acks = {{TransmitterId(1), Seq(1)}, {TransmitterId(0), Seq(1)}};
  Bytes out;
  encode(out, f);
  ByteView in = out;
  EXPECT_FALSE(decode_peer(**next_message(in)).ok());
}

TEST(Hostile, a_request_of_more_than_its_limit_is_refused) {
  const Bytes big(limits::kRequestBytesMax + 1);
  Bytes out;
  encode(out, Request{RequestNumber(1), big});
  EXPECT_EQ(decode_request_message(ByteView(out).subspan(kHeaderBytes)).error().code, Code::kTooLarge);
}

}  // namespace
}  // namespace titer::wire
