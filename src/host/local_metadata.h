// SPDX-License-Identifier: Apache-2.0

// LocalMetadata: what a replica on a machine of its own must not forget, beside its data: what it has seen of the
// register, that it was about to bootstrap a cluster, and how often it was excluded.
//
// A sealed file in the data directory, replaced as a whole, on disk when write() returns. A replica in memory without a
// data directory keeps it as long as it runs.
// Thread rule: the loop's thread; a write takes a sync (some milliseconds), and is rare: views change when machines fail.
// Errors: kInternal: the disk, or a damaged file: what to do is in the message.
#pragma once

#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "view/authority.h"

namespace titer::host {

struct LocalMetadata {
  view::Authority seen;
  std::vector<Incarnation> bootstrap_attempts;  // processes that were about to bootstrap; cleared when one has
  std::uint32_t exclusions = 0;  // in a row: one that came and went; 0 again after kSteadyUs as a member
};

class LocalMetadataStore {
 public:
  static constexpr std::int64_t kSteadyUs = 60'000'000;

  // `dir`: empty: in memory.
  [[nodiscard]] static Result<LocalMetadataStore> open(const std::string& dir);

  [[nodiscard]] const LocalMetadata& get() const { return metadata_; }
  [[nodiscard]] Status write(LocalMetadata metadata);
  // It has been excluded that often, so it waits before it joins: 0, 1, 2, 4 … 60 s.
  [[nodiscard]] std::int64_t joins_after_us() const;

 private:
  explicit LocalMetadataStore(std::string dir) : dir_(std::move(dir)) {}

  std::string dir_;
  LocalMetadata metadata_;
};

}  // namespace titer::host
