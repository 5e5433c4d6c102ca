// SPDX-License-Identifier: Apache-2.0

// RequestBatch: the encoding of requests in a frame, with the names that make them exactly-once.
//
// One request is session (u64), the session's birth (u64), number (u64), length (u32), body. A frame carries the batch as
// one buffer: the gateway appends requests to it as they arrive, and hands it to the frame without another copy; all others
// read it in place. Bodies are opaque here.
//
// Limits: kFrameRequestsMax requests or kFrameBytesMax bytes in a batch; kRequestBytesMax in a body. Pure.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/limits.h"
#include "base/result.h"

namespace titer::smr {

struct RequestView {  // lives as long as the batch's bytes
  SessionId session;
  RequestNumber number;
  ByteView body;
  Position born{};  // of the session (session_table.h)
};

inline constexpr std::size_t kRequestHeaderBytes = 28;

inline void append_request(Bytes& batch, const RequestView& request) {
  ByteWriter w(batch);
  w.u64(request.session.value);
  w.u64(request.born.value);
  w.u64(request.number.value);
  w.blob(request.body);
}

// Bytes from outside: exactly `count` well-formed requests within the limits, nothing left over; numbers and births are
// within kCounterMax.
[[nodiscard]] Status check_batch(ByteView batch, std::uint32_t count);

// Walks a batch that check_batch has accepted (or that append_request has made).
class RequestReader {
 public:
  explicit RequestReader(ByteView batch) : in_(batch) {}
  [[nodiscard]] bool more() const { return in_.ok() && in_.left() > 0; }
  [[nodiscard]] bool ok() const { return in_.ok(); }  // the last next() was complete
  [[nodiscard]] RequestView next() {
    RequestView r;
    r.session = SessionId(in_.u64());
    r.born = Position(in_.u64());
    r.number = RequestNumber(in_.u64());
    r.body = in_.blob();
    return r;
  }

 private:
  ByteReader in_;
};

}  // namespace titer::smr
