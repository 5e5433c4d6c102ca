// SPDX-License-Identifier: Apache-2.0

// Inflater: gzip in pieces to text in pieces. Several members in a row are one text, as gzip -d has it.
//
// Memory is constant: output goes to the sink in blocks. Errors: kInvalid for what is not gzip or is damaged; a
// stream that just ends is found by finish().
#pragma once

#include <functional>
#include <memory>

#include "base/bytes.h"
#include "base/result.h"

namespace titer::formats {

class Inflater {
 public:
  using Sink = std::function<void(ByteView)>;
  explicit Inflater(Sink sink);
  ~Inflater();

  [[nodiscard]] Status feed(ByteView bytes);
  [[nodiscard]] Status finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace titer::formats
