// SPDX-License-Identifier: Apache-2.0

// Precondition: which versions a site or stock line may have for a request to be executed; else kStaleVersion.
//
// It is part of the request and judged when the request is executed, in total order: a gateway that compared versions
// before it sent the request would compare old ones. All forms of RFC 9110 (If-Match, If-None-Match; lists, *) are one
// set of versions: those that are allowed, or those that are not. 0 is the version of what does not exist.
// Invariants: versions are sorted and distinct, so equal conditions are equal bytes. Limit: kVersionsMax.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace titer::registry {

class Precondition {
 public:
  static constexpr std::size_t kVersionsMax = 8;  // of one list; clients send one or two

  constexpr Precondition() = default;  // every version is allowed
  // NOLINTNEXTLINE(google-explicit-constructor): `op.if_version = 7` reads as it is meant
  constexpr Precondition(std::uint32_t version) : versions_{version}, count_(1), none_of_(false) {}
  // NOLINTNEXTLINE(google-explicit-constructor)
  constexpr Precondition(std::optional<std::uint32_t> version)
      : Precondition(version ? Precondition(*version) : Precondition()) {}

  static constexpr Precondition exists() { return negated(Precondition(0U)); }
  static constexpr Precondition never() { return negated(Precondition()); }
  // nullopt: more than kVersionsMax.
  static constexpr std::optional<Precondition> one_of(std::span<const std::uint32_t> versions) {
    Precondition out = never();
    for (const std::uint32_t version : versions)
      if (!out.add(version)) return std::nullopt;
    return out;
  }
  static constexpr std::optional<Precondition> none_of(std::span<const std::uint32_t> versions) {
    const auto out = one_of(versions);
    return out ? std::optional(negated(*out)) : std::nullopt;
  }
  // Both hold; nullopt: more than kVersionsMax.
  static constexpr std::optional<Precondition> both(const Precondition& a, const Precondition& b) {
    if (a.none_of_ && !b.none_of_) return both(b, a);
    Precondition out = a;
    if (a.none_of_) {
      for (const std::uint32_t version : b.versions())
        if (!out.add(version)) return std::nullopt;
      return out;
    }
    out = never();
    for (const std::uint32_t version : a.versions())
      if (b.allows(version)) (void)out.add(version);
    return out;
  }

  [[nodiscard]] constexpr bool allows(std::uint32_t version) const {
    return std::ranges::binary_search(versions(), version) != none_of_;
  }
  [[nodiscard]] constexpr bool always() const { return none_of_ && count_ == 0; }
  // The only version that is allowed, when it is one.
  [[nodiscard]] constexpr std::optional<std::uint32_t> only() const {
    return !none_of_ && count_ == 1 ? std::optional(versions_[0]) : std::nullopt;
  }
  [[nodiscard]] constexpr bool names_refused_versions() const { return none_of_; }
  [[nodiscard]] constexpr std::span<const std::uint32_t> versions() const { return {versions_.data(), count_}; }

  constexpr bool operator==(const Precondition& other) const {
    return none_of_ == other.none_of_ && std::ranges::equal(versions(), other.versions());
  }

 private:
  static constexpr Precondition negated(Precondition condition) {
    condition.none_of_ = !condition.none_of_;
    return condition;
  }
  constexpr bool add(std::uint32_t version) {
    const auto end = versions_.begin() + count_;
    const auto at = std::lower_bound(versions_.begin(), end, version);
    if (at != end && *at == version) return true;
    if (count_ == kVersionsMax) return false;
    std::move_backward(at, end, end + 1);
    *at = version;
    ++count_;
    return true;
  }

  std::array<std::uint32_t, kVersionsMax> versions_{};
  std::uint8_t count_ = 0;
  bool none_of_ = true;
};

// For the refusal: "it is at version 3, not 2", "it does not exist".
[[nodiscard]] std::string why_refused(const Precondition& condition, std::uint32_t version);

}  // namespace titer::registry
