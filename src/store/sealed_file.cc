// SPDX-License-Identifier: Apache-2.0

#include "store/sealed_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/hash.h"
#include "store/descriptor.h"

namespace titer::store {

namespace {

constexpr std::uint64_t kMagic = 0x5245'5449'5452'4553;
constexpr std::uint32_t kFormat = 1;
constexpr std::size_t kHeaderBytes = 24;  // magic, format, kind, checksum of kind and body
constexpr std::size_t kBytesMax = std::size_t{1} << 20;

Descriptor open_path(const std::string& path, int flags) {
  return Descriptor(::open(path.c_str(), flags | O_CLOEXEC, 0600));
}

Error failed(const std::string& what, const std::string& path) {
  return {Code::kInternal, "cannot " + what + " " + path + ": " + std::strerror(errno)};
}

Status write_all(const std::string& path, ByteView bytes) {
  const Descriptor file = open_path(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file.ok()) return failed("write", path);
  while (!bytes.empty()) {
    const ssize_t n = ::write(file.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed("write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  if (::fsync(file.get()) != 0) return failed("sync", path);
  return ok_status();
}

Status sync_directory_of(const std::string& path) {
  const std::string dir = std::filesystem::path(path).parent_path().string();
  const Descriptor directory = open_path(dir.empty() ? "." : dir, O_RDONLY | O_DIRECTORY);
  if (!directory.ok() || ::fsync(directory.get()) != 0) return failed("sync the directory of", path);
  return ok_status();
}

std::uint64_t seal(SealedKind kind, ByteView body) { return hash64(body, static_cast<std::uint64_t>(kind)); }

}  // namespace

Status write_sealed(const std::string& path, SealedKind kind, ByteView body) {
  Bytes bytes;
  ByteWriter out(bytes);
  out.u64(kMagic);
  out.u32(kFormat);
  out.u32(static_cast<std::uint32_t>(kind));
  out.u64(seal(kind, body));
  out.raw(body);
  const std::string beside = path + ".new";
  if (Status written = write_all(beside, bytes); !written) return written;
  if (::rename(beside.c_str(), path.c_str()) != 0) return failed("rename", beside);
  return sync_directory_of(path);
}

Result<std::optional<Bytes>> read_sealed(const std::string& path, SealedKind kind) {
  const Descriptor file = open_path(path, O_RDONLY);
  if (!file.ok() && errno == ENOENT) return std::optional<Bytes>();
  struct stat info {};
  if (!file.ok() || ::fstat(file.get(), &info) != 0) return failed("read", path);
  const Error damaged{Code::kInternal, path + " is damaged: it is not what was written (checksum)"};
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size < kHeaderBytes || size > kBytesMax) return damaged;
  Bytes bytes(size);
  for (std::size_t at = 0; at < size;) {
    const ssize_t n = ::pread(file.get(), bytes.data() + at, size - at, static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return failed("read", path);
    at += static_cast<std::size_t>(n);
  }
  ByteReader in(bytes);
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
