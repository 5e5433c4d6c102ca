// SPDX-License-Identifier: Apache-2.0

#include "store/sealed_file.h"

#include "base/hash.h"

namespace titer::store {

namespace {

constexpr std::uint64_t kMagic = 0x5245'5449'5452'4553;
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kHeaderBytes = 24;  // magic, format, kind, checksum of kind and body
constexpr std::size_t kBytesMax = std::size_t{1} << 20;

std::uint64_t seal(SealedKind kind, ByteView body) { return hash64(body, static_cast<std::uint64_t>(kind)); }

}  // namespace

Status write_sealed(const std::string& path, SealedKind kind, ByteView body, Files& files) {
  if (body.size() > kBytesMax - kHeaderBytes) return Error{Code::kTooLarge, path + " would be larger than 1 MiB"};
  Bytes bytes;
  ByteWriter out(bytes);
  out.u64(kMagic);
  out.u32(kFormat);
  out.u32(static_cast<std::uint32_t>(kind));
  out.u64(seal(kind, body));
  out.raw(body);
  const std::string beside = path + ".new";
  if (Status written = files.write_file(beside, bytes); !written) return written;
  if (Status renamed = files.rename(beside, path); !renamed) return renamed;
  return files.sync_dir(parent_of(path));
}

Result<std::optional<Bytes>> read_sealed(const std::string& path, SealedKind kind, Files& files) {
  const Error damaged{Code::kInternal, path + " is damaged: it is not what was written (checksum)"};
  const auto bytes = files.read_file(path, kBytesMax);
  if (!bytes && bytes.error().code == Code::kNotFound) return std::optional<Bytes>();
  if (!bytes && bytes.error().code == Code::kTooLarge) return damaged;
  if (!bytes) return bytes.error();
  if (bytes->size() < kHeaderBytes) return damaged;
  ByteReader in(*bytes);
  const std::uint64_t magic = in.u64();
  const std::uint32_t format = in.u32(), found = in.u32();
  const std::uint64_t checksum = in.u64();
  if (magic != kMagic || found != static_cast<std::uint32_t>(kind)) return damaged;
  if (format != kFormat) return Error{Code::kInternal, path + " is of another version of titer: use that one"};
  const ByteView body = in.raw(in.left());
  if (checksum != seal(kind, body)) return damaged;
  return std::optional(Bytes(body.begin(), body.end()));
}

}  // namespace titer::store
