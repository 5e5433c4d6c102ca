// SPDX-License-Identifier: Apache-2.0

#include "host/local_metadata.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "store/files.h"
#include "store/sealed_file.h"

namespace titer::host {

namespace {

constexpr std::int64_t kFirstWaitUs = 1'000'000, kLongestWaitUs = 60'000'000;
constexpr std::uint32_t kBootstrapAttemptsMax = 64;

std::string path_in(const std::string& dir) { return dir + "/host"; }

Bytes to_bytes(const LocalMetadata& metadata) {
  Bytes body;
  ByteWriter out(body);
  out.u64(metadata.seen.etcd);
  out.u64(static_cast<std::uint64_t>(metadata.seen.revision));
  out.u64(metadata.seen.view.value);
  out.u64(metadata.seen.cluster);
  out.u64(metadata.seen.losses);
  out.u32(metadata.exclusions);
  out.u32(static_cast<std::uint32_t>(metadata.bootstrap_attempts.size()));
  for (const Incarnation one : metadata.bootstrap_attempts) out.u64(one.value);
  return body;
}

Result<LocalMetadata> from_bytes(ByteView body, const std::string& path) {
  ByteReader in(body);
  LocalMetadata metadata;
  metadata.seen.etcd = in.u64();
  metadata.seen.revision = static_cast<std::int64_t>(in.u64());
  metadata.seen.view = ViewNumber(in.u64());
  metadata.seen.cluster = in.u64();
  metadata.seen.losses = in.u64();
  metadata.exclusions = in.u32();
  const std::uint32_t bootstrap_attempts = in.u32();
  for (std::uint32_t i = 0; i < bootstrap_attempts && i < kBootstrapAttemptsMax && in.ok(); ++i)
    metadata.bootstrap_attempts.emplace_back(in.u64());
  if (!in.done()) return Error{Code::kInternal, path + " is malformed"};
  return metadata;
}

}  // namespace

Result<LocalMetadataStore> LocalMetadataStore::open(const std::string& dir) {
  LocalMetadataStore metadata_store(dir);
  if (dir.empty()) return metadata_store;
  if (const Status made = store::real_files().create_dir(dir); !made) return made.error();
  const auto body = store::read_sealed(path_in(dir), store::SealedKind::kHost);
  if (!body) return body.error();
  if (!*body) return metadata_store;
  auto metadata = from_bytes(**body, path_in(dir));
  if (!metadata) return metadata.error();
  metadata_store.metadata_ = std::move(metadata).value();
  return metadata_store;
}

Status LocalMetadataStore::write(LocalMetadata metadata) {
  if (metadata.bootstrap_attempts.size() > kBootstrapAttemptsMax)
    metadata.bootstrap_attempts.erase(metadata.bootstrap_attempts.begin(),
                                      metadata.bootstrap_attempts.end() - kBootstrapAttemptsMax);
  if (!dir_.empty())
    if (Status written = store::write_sealed(path_in(dir_), store::SealedKind::kHost, to_bytes(metadata)); !written)
      return written;
  metadata_ = std::move(metadata);
  return ok_status();
}

std::int64_t LocalMetadataStore::joins_after_us() const {
  if (metadata_.exclusions == 0) return 0;
  const std::uint32_t doublings = std::min<std::uint32_t>(metadata_.exclusions - 1, 6);
  const std::int64_t wait_us = std::min(kLongestWaitUs, kFirstWaitUs << doublings);
  TITER_CHECK(wait_us >= kFirstWaitUs, "a replica that was excluded waits");
  return wait_us;
}

}  // namespace titer::host
