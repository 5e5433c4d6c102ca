// SPDX-License-Identifier: Apache-2.0

#include "smr/request_batch.h"

namespace titer::smr {

Status check_batch(ByteView batch, std::uint32_t count) {
  if (count > limits::kFrameRequestsMax) return Error{Code::kTooLarge, "too many requests in one frame"};
  if (batch.size() > limits::kFrameBytesMax) return Error{Code::kTooLarge, "frame of requests is too long"};
  RequestReader reader(batch);
  std::uint32_t seen = 0;
  while (reader.more()) {
    const RequestView request = reader.next();
    if (!reader.ok()) return Error{Code::kProtocol, "request runs over the end of its frame"};
    if (request.body.size() > limits::kRequestBytesMax) return Error{Code::kTooLarge, "request is too long"};
    if (request.number.value == 0 || request.number.value > limits::kCounterMax ||
        request.born.value > limits::kCounterMax)
      return Error{Code::kProtocol, "a request's number or its session's birth is out of range"};
    ++seen;
  }
  if (seen != count) return Error{Code::kProtocol, "frame does not hold the number of requests it claims"};
  return ok_status();
}

}  // namespace titer::smr
