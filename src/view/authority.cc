// SPDX-License-Identifier: Apache-2.0

#include "view/authority.h"

#include <fmt/format.h>

namespace titer::view {

namespace {

std::string refused(const std::string& what) {
  return "the register has gone back in time: " + what +
         ". Was etcd restored from a backup, or wiped? Bring back the etcd that was there; if it is lost, `titer "
         "recover` "
         "says what can be done";
}

}  // namespace

Authority authority_of(std::uint64_t etcd, std::int64_t revision, const ClusterRecord& record) {
  return {etcd, revision, record.view.number, record.cluster, record.losses.size()};
}

std::optional<std::string> gone_back(const Authority& seen, const Authority& now) {
  if (seen == Authority()) return std::nullopt;
  if (now.cluster != seen.cluster)
    return refused(
        fmt::format("it holds the cluster {:016x}, this replica is of {:016x}", now.cluster, seen.cluster));
  if (now.view < seen.view)
    return refused(fmt::format("it holds view {}, view {} was there already", now.view.value, seen.view.value));
  if (now.view > seen.view && now.losses > seen.losses) return std::nullopt;  // an operator's decision
  if (now.etcd != seen.etcd)
    return refused(fmt::format("it is the etcd cluster {:016x}, it was {:016x}", now.etcd, seen.etcd));
  if (now.revision < seen.revision)
    return refused(
        fmt::format("the record is of revision {}, that of {} was there already", now.revision, seen.revision));
  return std::nullopt;
}

std::optional<std::string> gone(const Authority& seen) {
  if (seen == Authority()) return std::nullopt;
  return refused("the cluster's record is not there any more");
}

}  // namespace titer::view
