// SPDX-License-Identifier: Apache-2.0

#include "store/files.h"

#include <cstring>
#include <new>

#include "base/check.h"

namespace titer::store {
namespace {

// Interrupted that often in a row without one byte written: something else is wrong.
constexpr int kTriesMax = 1000;

}  // namespace

std::string parent_of(const std::string& path) {
  const std::size_t slash = path.find_last_of('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

Status write_all(File& file, std::uint64_t at, ByteView bytes) {
  TITER_CHECK(at % kFileBlock == 0 && bytes.size() % kFileBlock == 0, "whole blocks are written");
  int tries = 0;
  while (!bytes.empty()) {
    const auto written = file.write(at, bytes);
    if (!written) return written.error();
    tries = *written == 0 ? tries + 1 : 0;
    if (tries == kTriesMax) return Error{Code::kInternal, "writing to a file makes no progress"};
    at += *written;
    bytes = bytes.subspan(*written);
  }
  return ok_status();
}

Result<std::size_t> read_all(File& file, std::uint64_t at, std::span<std::byte> out) {
  TITER_CHECK(at % kFileBlock == 0 && out.size() % kFileBlock == 0, "whole blocks are read");
  std::size_t have = 0;
  while (have < out.size()) {
    const auto read = file.read(at + have, out.subspan(have));
    if (!read) return read.error();
    have += *read;
    if (*read == 0 || *read % kFileBlock != 0) break;
  }
  return have;
}

void AlignedBuffer::Free::operator()(std::byte* memory) const {
  ::operator delete[](memory, std::align_val_t{kFileBlock});
}

void AlignedBuffer::grow_to(std::size_t bytes) {
  bytes = (bytes + kFileBlock - 1) / kFileBlock * kFileBlock;
  if (bytes <= size_) return;
  std::unique_ptr<std::byte[], Free> memory(
      static_cast<std::byte*>(::operator new[](bytes, std::align_val_t{kFileBlock})));
  if (size_ > 0) std::memcpy(memory.get(), memory_.get(), size_);
  memory_ = std::move(memory);
  size_ = bytes;
}

}  // namespace titer::store
