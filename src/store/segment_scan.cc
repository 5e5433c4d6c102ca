// SPDX-License-Identifier: Apache-2.0

#include "store/segment_scan.h"

#include <algorithm>

namespace titer::store {

std::optional<ByteView> SegmentScan::next() {
  if (place_.at >= segment_.size()) return std::nullopt;
  const ByteView in = segment_.subspan(place_.at);
  const auto header = read_group_header(in, salt_);
  if (!header || header->number != place_.next_group || header->previous != place_.previous) return std::nullopt;
  if (!group_is_whole(in, *header, salt_)) return std::nullopt;
  place_ = {place_.at + header->bytes(), header->number + 1, header->checksum, header->oldest};
  return in.subspan(kGroupHeaderBytes, header->payload);
}

std::uint64_t SegmentScan::announced() const {
  if (place_.at >= segment_.size()) return 0;
  const auto header = read_group_header(segment_.subspan(place_.at), salt_);
  if (!header || header->number != place_.next_group || header->previous != place_.previous) return 0;
  return header->bytes();
}

std::uint64_t highest_group(ByteView bytes, std::uint64_t salt) {
  std::uint64_t highest = 0;
  for (std::size_t at = 0; at < bytes.size(); at += kFileBlock)
    if (const auto header = read_group_header(bytes.subspan(at), salt)) highest = std::max(highest, header->number);
  return highest;
}

}  // namespace titer::store
