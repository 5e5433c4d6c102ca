// SPDX-License-Identifier: Apache-2.0

// Result<T>: a value or an Error. The only way a failure crosses a module's border; no exceptions do.
//
// An Error has a code that somebody reacts to and a message that tells a person what to do.
// Codes are part of the wire format and of the HTTP interface: append only, never renumber.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace titer {

enum class Code : std::uint8_t {
  kOk = 0,
  kInvalid = 1,          // malformed or out of range; the same request will never succeed
  kNotFound = 2,         // no such site, stock line, event, replica
  kDuplicate = 3,        // the name or id is taken
  kStaleVersion = 4,     // if_version did not match
  kOutOfDate = 5,        // valid_at is older than what is stored
  kNotEnough = 6,        // fewer doses than asked for
  kNotACount = 7,        // the stock line holds yes / no / unknown, not a number
  kClosed = 8,           // the site is closed
  kTooLarge = 9,         // a limit of limits.h
  kBusy = 10,            // flow limit; try again later
  kUnavailable = 11,     // no read lease, wedged, or not a replica; try another replica
  kSessionEvicted = 12,  // a repeated request so old that its first result is forgotten: outcome unknown
  kOutcomeUnknown = 13,  // sent, but no answer came: it may or may not have been executed
  kUnreachable = 14,     // nobody answered at the address
  kProtocol = 15,        // the other side broke the wire format or the protocol
  kExcluded = 16,        // this replica is no member of the newest view
  kInternal = 17,        // the operating system refused something
  kTooOld = 18,          // the history no longer reaches back that far
  kReadOnly = 19,        // the disk is full: reads only, until there is room
  kUnauthorized = 20,    // it needs a key, and none that counts was given
  kForbidden = 21,       // the key's role or scope does not allow it
  kWritesStopped = 22,   // an operator has stopped writes; reads go on
  kTooMany = 23,         // more requests of one key or address than are allowed; slow down
  kKeyReused = 24,       // the idempotency key was sent with another request before
};
inline constexpr Code kLastCode = Code::kKeyReused;

// The code's name in snake_case, as in JSON and in HTTP problem documents ("not_enough").
[[nodiscard]] std::string_view name(Code code);

struct Error {
  Code code = Code::kInternal;
  std::string message;
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  [[nodiscard]] bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  [[nodiscard]] T& value() & {
    TITER_CHECK(ok(), "value() of an error");
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    TITER_CHECK(ok(), "value() of an error");
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    TITER_CHECK(ok(), "value() of an error");
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const {
    TITER_CHECK(!ok(), "error() of a value");
    return *std::get_if<1>(&state_);
  }

 private:
  std::variant<T, Error> state_;
};

// For functions that give nothing back but may fail.
using Status = Result<std::monostate>;
[[nodiscard]] inline Status ok_status() { return std::monostate{}; }

}  // namespace titer
