// SPDX-License-Identifier: Apache-2.0

// Inflater: gzip in pieces to text in pieces. Several members in a row are one text, as gzip -d has it.
//
// Memory is constant: output goes to the sink in blocks. What unpacks to more than `inflation_max` times its size is refused
// (limits.h), so that a small upload does not keep a replica busy for minutes. Errors: kInvalid for that, and for what is not
// gzip or is damaged; a stream that just ends is found by finish().
#pragma once

#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"
#include "formats/limits.h"

namespace titer::formats {

class Inflater {
 public:
  using Sink = std::function<void(ByteView)>;
  // `inflation_max`: how many times its size a text may have; of our own bytes any.
  explicit Inflater(Sink sink, std::uint64_t inflation_max = kInflationMax);
  ~Inflater();

  [[nodiscard]] Status feed(ByteView bytes);
  [[nodiscard]] Status finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace titer::formats
