// SPDX-License-Identifier: Apache-2.0

// Files that people import, whole and in pieces: the same rows, the same problems.
#include "base/check.h"
#include "base/hash.h"
#include "formats/reader.h"
#include "fuzz/input.h"

namespace titer::fuzz {
namespace {

struct Read {
  std::uint64_t rows = 0, problems = 0, digest = 0;
  bool whole = false;

  bool operator==(const Read&) const = default;
};

Read read(ByteView bytes, std::size_t step) {
  Read out;
  const auto note = [&out](std::string_view text) { out.digest = hash64(as_bytes(text), out.digest); };
  formats::Reader reader(
      [&](const formats::Row& row) {
        ++out.rows;
        note(row.import.id);
        if (row.import.fields.name) note(*row.import.fields.name);
      },
      [&](const formats::Problem&) { ++out.problems; });
  while (!bytes.empty()) {
    const std::size_t size = std::min(step, bytes.size());
    if (!reader.feed(bytes.first(size))) return out;
    bytes = bytes.subspan(size);
  }
  out.whole = reader.finish().ok();
  return out;
}

}  // namespace
}  // namespace titer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace titer;
  fuzz::Input in(data, size);
  const std::size_t step = in.byte() + std::size_t{1};
  const ByteView file = in.all();
  TITER_CHECK(fuzz::read(file, file.size() + 1) == fuzz::read(file, step), "where a file is cut says nothing");
  return 0;
}
