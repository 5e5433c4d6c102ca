// SPDX-License-Identifier: Apache-2.0

#include "store/identity.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/check.h"
#include "base/limits.h"
#include "store/sealed_file.h"

namespace titer::store {

namespace {

constexpr std::size_t kLivesMax = limits::kKnownDeadMax;  // what an inventory may name

std::string identity_path(const std::string& dir) { return dir + "/identity"; }

}  // namespace

Result<std::optional<Identity>> read_identity(const std::string& dir, Files& files) {
  auto body = read_sealed(identity_path(dir), SealedKind::kIdentity, files);
  if (!body) return body.error();
  if (!*body) return std::optional<Identity>();
  ByteReader in(**body);
  Identity identity;
  identity.cluster = in.u64();
  identity.me = ReplicaId(in.u16());
  const std::uint32_t lives = in.u32();
  for (std::uint32_t i = 0; i < lives && in.ok(); ++i) identity.lives.emplace_back(in.u64());
  if (!in.done()) return Error{Code::kInternal, identity_path(dir) + " is malformed"};
  return std::optional(std::move(identity));
}

// One that is there and cannot be read is there: read_identity() says why.
bool has_identity(const std::string& dir, Files& files) {
  const auto body = read_sealed(identity_path(dir), SealedKind::kIdentity, files);
  return !body || *body;
}

Status write_identity(const std::string& dir, const Identity& identity, Files& files) {
  Bytes body;
  ByteWriter out(body);
  out.u64(identity.cluster);
  out.u16(identity.me.value);
  const auto& lives = identity.lives;
  const std::size_t skipped = lives.size() > kLivesMax ? lives.size() - kLivesMax : 0;
  out.u32(static_cast<std::uint32_t>(lives.size() - skipped));
  for (std::size_t i = 0; i < lives.size(); ++i)
    if (i == 0 || i > skipped) out.u64(lives[i].value);
  TITER_CHECK(lives.size() - skipped <= kLivesMax, "an inventory may name as many lives");
  return write_sealed(identity_path(dir), SealedKind::kIdentity, body, files);
}

Status same_owner(const std::string& dir, const Identity& found, std::uint64_t cluster, ReplicaId me) {
  if (found.cluster != cluster)
    return Error{Code::kInvalid,
                 fmt::format("{} belongs to cluster {:016x}, this is cluster {:016x}: give the replica "
                             "its own directory, or move this one away to begin with an empty one",
                             dir, found.cluster, cluster)};
  if (found.me != me)
    return Error{Code::kInvalid,
                 fmt::format("{} is of replica {}, this is replica {}: directories were mixed up; put "
                             "each back in its place",
                             dir, found.me.value, me.value)};
  return ok_status();
}

}  // namespace titer::store
