// SPDX-License-Identifier: Apache-2.0

// A connection's bytes, whole and cut in two: the same messages, or the same refusal.
#include <vector>

#include "base/check.h"
#include "fuzz/input.h"
#include "wire/message.h"

namespace titer::fuzz {
namespace {

struct Seen {
  std::vector<std::pair<wire::Type, std::size_t>> messages;
  bool refused = false;
};

// As net::Connection does it: what is not whole yet waits for more.
void read(Bytes& waiting, ByteView more, Seen& seen) {
  waiting.insert(waiting.end(), more.begin(), more.end());
  ByteView in(waiting);
  while (!seen.refused) {
    const auto message = wire::next_message(in);
    if (!message) seen.refused = true;
    if (!message || !*message) break;
    seen.messages.emplace_back((*message)->type, (*message)->payload.size());
  }
  waiting.erase(waiting.begin(), waiting.end() - static_cast<std::ptrdiff_t>(in.size()));
}

}  // namespace
}  // namespace titer::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace titer;
  fuzz::Input in(data, size);
  const std::size_t cut = in.byte();
  const ByteView bytes = in.all();
  fuzz::Seen whole, parts;
  Bytes one, two;
  fuzz::read(one, bytes, whole);
  fuzz::read(two, bytes.first(std::min(cut, bytes.size())), parts);
  fuzz::read(two, bytes.subspan(std::min(cut, bytes.size())), parts);
  TITER_CHECK(whole.refused == parts.refused && whole.messages == parts.messages,
              "where bytes are cut says nothing");
  return 0;
}
