// SPDX-License-Identifier: Apache-2.0

// HTTP responses as the view register reads them from what answers as etcd: where they are cut says nothing. And what
// stands in them as base64.
#include <vector>

#include "base/check.h"
#include "fuzz/input.h"
#include "view/base64.h"
#include "view/response_parser.h"

namespace titer::fuzz {
namespace {

// In pieces of these sizes, again and again; none: whole. Bytes that are no response may be refused early or late.
std::string outcome(std::string_view bytes, const std::vector<std::size_t>& sizes) {
  view::ResponseParser parser;
  std::string unread;
  for (std::size_t i = 0; !bytes.empty() && !parser.done(); ++i) {
    const std::string_view piece = bytes.substr(0, sizes.empty() ? bytes.size() : sizes[i % sizes.size()]);
    unread += piece;
    bytes.remove_prefix(piece.size());
    const auto taken = parser.put(unread);
    if (!taken) return "no response";
    TITER_CHECK(*taken <= unread.size(), "no more is taken than there is");
    unread.erase(0, *taken);
  }
  if (!parser.put_end()) return "no response";
  return std::to_string(parser.status()) + (parser.may_keep_alive() ? "+" : " ") + parser.body();
}

}  // namespace
}  // namespace titer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace titer;
  fuzz::Input in(data, size);
  const std::vector<std::size_t> sizes = in.cuts(16);
  const std::string_view bytes = in.text();
  TITER_CHECK(fuzz::outcome(bytes, sizes) == fuzz::outcome(bytes, {}), "where a response is cut says nothing");
  if (const auto decoded = view::from_base64(bytes))
    TITER_CHECK(view::to_base64(*decoded) == bytes, "what is read is what would be written");
  return 0;
}
