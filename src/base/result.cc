// SPDX-License-Identifier: Apache-2.0

#include "base/result.h"

namespace titer {

std::string_view name(Code code) {
  switch (code) {
    case Code::kOk: return "ok";
    case Code::kInvalid: return "invalid";
    case Code::kNotFound: return "not_found";
    case Code::kDuplicate: return "duplicate";
    case Code::kStaleVersion: return "stale_version";
    case Code::kOutOfDate: return "out_of_date";
    case Code::kNotEnough: return "not_enough";
    case Code::kNotACount: return "not_a_count";
    case Code::kClosed: return "closed";
    case Code::kTooLarge: return "too_large";
    case Code::kBusy: return "busy";
    case Code::kUnavailable: return "unavailable";
    case Code::kSessionEvicted: return "session_evicted";
    case Code::kOutcomeUnknown: return "outcome_unknown";
    case Code::kUnreachable: return "unreachable";
    case Code::kProtocol: return "protocol";
    case Code::kExcluded: return "excluded";
    case Code::kInternal: return "internal";
    case Code::kTooOld: return "too_old";
    case Code::kReadOnly: return "read_only";
    case Code::kUnauthorized: return "unauthorized";
    case Code::kForbidden: return "forbidden";
    case Code::kWritesStopped: return "writes_stopped";
    case Code::kTooMany: return "too_many_requests";
    case Code::kKeyReused: return "idempotency_key_reused";
  }
  return "unknown";
}

}  // namespace titer
