// SPDX-License-Identifier: Apache-2.0

// Result<T>: what every call of the library returns, a value or an Error. The library throws no exceptions.
//
// An Error has a code for the program and a sentence for people. The codes' names are those of the HTTP interface.
//
// Versions: until 1.0 a minor version may change anything in these headers. Both numbers are therefore part of the
// library's SONAME and, as an inline namespace, of the name of every symbol: a program runs with the version that it was
// compiled for, or does not start.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#define TITER_VERSION_MAJOR 0
#define TITER_VERSION_MINOR 2

#define TITER_EXPORT __attribute__((visibility("default")))
#define TITER_HIDDEN __attribute__((visibility("hidden")))

// Inside the library `titer` is full of other things, so there this namespace is not an inline one.
#ifdef TITER_BUILDS_LIBRARY
#define TITER_NAMESPACE titer::v0_2
#else
#define TITER_NAMESPACE titer::inline v0_2
#endif

namespace TITER_NAMESPACE {

enum class Code : std::uint8_t {
  kInvalid = 1,       // malformed or out of range; the same call will never succeed
  kNotFound = 2,      // no such site, stock line, change or ZIP code
  kDuplicate = 3,     // the name or id belongs to another site
  kStaleVersion = 4,  // `if_version` is not the current version: read again, decide again
  kOutOfDate = 5,     // `valid_at` is older than what is stored
  kNotEnough = 6,     // fewer doses than asked for
  kNotACount = 7,     // the stock line holds yes, no or unknown, and not a number
  kClosed = 8,        // the site is closed
  kTooLarge = 9,      // beyond a limit; the message names it
  kUnavailable = 11,  // no replica could answer within the timeout. A write was not executed
  kOutcomeUnknown =
      13,              // a write was sent and not answered within the timeout: it may or may not have been executed
  kInternal = 17,      // the operating system refused something, or the replica speaks another version
  kTooOld = 18,        // the history does not reach back that far
  kReadOnly = 19,      // the cluster's disks are full; reads are answered
  kUnauthorized = 20,  // this needs a key, and none that is valid was given
  kForbidden = 21,     // the role or scope of the key does not allow it
  kWritesStopped = 22,  // an operator has stopped writes; reads are answered
};
// "not_enough"
[[nodiscard]] TITER_EXPORT std::string_view name(Code code);

struct Error {
  Code code = Code::kInternal;
  std::string message = {};
  std::size_t part = 0;  // of write_all(): the index of the operation that was refused
};

// Asking for what is not there throws std::bad_variant_access, as std::get does: look at ok() first.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit on purpose
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit on purpose

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  [[nodiscard]] T& value() & { return std::get<0>(state_); }
  [[nodiscard]] const T& value() const& { return std::get<0>(state_); }
  [[nodiscard]] T&& value() && { return std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] const Error& error() const { return std::get<1>(state_); }

 private:
  std::variant<T, Error> state_;
};

}  // namespace TITER_NAMESPACE
