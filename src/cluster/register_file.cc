// SPDX-License-Identifier: Apache-2.0

#include "cluster/register_file.h"

#include <filesystem>
#include <random>

#include "base/check.h"
#include "base/limits.h"
#include "store/sealed_file.h"
#include "view/cluster_record.h"
#include "wire/codec.h"

namespace titer::cluster {

namespace {

std::string path_in(const std::string& dir) { return dir + "/register"; }

}  // namespace

std::uint64_t random_id() {
  std::random_device device;
  return (std::uint64_t{device()} << 32 | device()) | 1;
}

Result<std::optional<RegisterState>> read_register(const std::string& dir) {
  auto body = store::read_sealed(path_in(dir), store::SealedKind::kRegister);
  if (!body) return body.error();
  if (!*body) return std::optional<RegisterState>();
  ByteReader in(**body);
  RegisterState state;
  state.cluster = in.u64();
  state.replicas = in.u16();
  state.durable = in.u8() != 0;
  state.bootstrapped = in.u8() != 0;
  state.record = wire::decode_record(in);
  const std::uint32_t losses = in.u32();
  for (std::uint32_t i = 0; i < losses && i < view::ClusterRecord::kLossesMax && in.ok(); ++i)
    state.losses.emplace_back(in.text());
  if (!in.done()) return Error{Code::kInternal, path_in(dir) + " is malformed"};
  return std::optional(std::move(state));
}

Status write_register(const std::string& dir, const RegisterState& state) {
  TITER_CHECK(state.record.members.size() <= limits::kReplicasMax, "a record has at most kReplicasMax members");
  Bytes body;
  ByteWriter out(body);
  out.u64(state.cluster);
  out.u16(state.replicas);
  out.u8(state.durable ? 1 : 0);
  out.u8(state.bootstrapped ? 1 : 0);
  wire::encode_record(out, state.record);
  out.u32(static_cast<std::uint32_t>(state.losses.size()));
  for (const std::string& loss : state.losses) out.text(loss);
  return store::write_sealed(path_in(dir), store::SealedKind::kRegister, body);
}

void remove_register(const std::string& dir) {
  std::error_code ignored;
  std::filesystem::remove(path_in(dir), ignored);
}

}  // namespace titer::cluster
