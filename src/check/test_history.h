// SPDX-License-Identifier: Apache-2.0

// For the tests of this module: short ways to write operations with their answers. Moments are in ns, and small.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "check/history.h"

namespace titer::check::test {

struct When {
  std::int64_t call = 0, end = 0;
};

inline Shown same(std::uint64_t count, std::uint32_t version) {
  return {registry::Availability::of(count), registry::Availability::of(count), version};
}
inline Shown changed(std::uint64_t before, std::uint64_t after, std::uint32_t version) {
  return {registry::Availability::of(before), registry::Availability::of(after), version};
}

inline Op op(OpKind kind, When when, Code code, std::optional<Shown> shown) {
  Op out;
  out.site = "elm";
  out.client = static_cast<std::uint64_t>(when.call);
  out.kind = kind;
  out.call_ns = when.call;
  out.end_ns = when.end;
  out.code = code;
  out.shown = shown;
  return out;
}
inline Op set(When when, std::uint64_t value, Shown shown) {
  Op out = op(OpKind::kSet, when, Code::kOk, shown);
  out.value = registry::Availability::of(value);
  return out;
}
inline Op read(When when, std::optional<Shown> shown) { return op(OpKind::kRead, when, Code::kOk, shown); }
inline Op reserve(When when, std::int64_t doses, Shown shown, Code code = Code::kOk) {
  Op out = op(OpKind::kReserve, when, code, shown);
  out.amount = doses;
  return out;
}
inline Op adjust(When when, std::int64_t by, Shown shown, Code code = Code::kOk) {
  Op out = op(OpKind::kAdjust, when, code, shown);
  out.amount = by;
  return out;
}
// The same operation, called at `call`, but no answer ever came.
inline Op open(Op out) {
  out.end_ns.reset();
  out.code = Code::kOk;
  out.shown.reset();
  return out;
}

}  // namespace titer::check::test
