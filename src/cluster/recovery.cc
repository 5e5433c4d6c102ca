#include "cluster/recovery.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace titer::cluster {

namespace {

Error refused(std::string why) { return {Code::kInvalid, std::move(why)}; }

// The register of a durable cluster that has begun, if that is what lies there.
const RegisterState* last_register(const DataSurvey& survey) {
  if (!survey.reg || !*survey.reg) return nullptr;
  const RegisterState& state = **survey.reg;
  return state.durable && state.founded ? &state : nullptr;
}

Result<const ReplicaSurvey*> usable(const DataSurvey& survey, ReplicaId from) {
  const auto one = std::ranges::find(survey.replicas, from, &ReplicaSurvey::id);
  if (one == survey.replicas.end())
    return refused(fmt::format("replica {} has no directory in {}", from.value, survey.dir));
  if (!one->found)
    return refused(
        fmt::format("the cluster cannot resume from replica {}: {}", from.value, one->found.error().message));
  const RegisterState* last = last_register(survey);
  if (const Status own = store::same_owner(one->dir, one->found->identity,
                                           last != nullptr ? last->cluster : one->found->identity.cluster, from);
      !own)
    return refused(own.error().message);
  if (!one->found->inventory.whole)
    return refused(fmt::format(
        "replica {} had only learned a part of the state when it ended, and a cluster cannot resume from a part",
        from.value));
  return &*one;
}

// At least as many replicas as there are directories.
std::uint16_t replicas_of(const DataSurvey& survey, const RegisterState* last) {
  const auto there = static_cast<std::uint16_t>(survey.replicas.back().id.value + 1);
  return last != nullptr ? std::max(last->replicas, there) : there;
}

ViewNumber newest_view(const DataSurvey& survey, const RegisterState* last) {
  ViewNumber newest = last != nullptr ? last->record.number : ViewNumber();
  for (const ReplicaSurvey& one : survey.replicas)
    if (one.found) newest = std::max(newest, one.found->inventory.installed);
  return newest;
}

std::string sentence(const DataSurvey& survey, const RegisterState* last, const ReplicaSurvey& from,
                     const std::string& when) {
  std::string text =
      fmt::format("{}: the cluster resumed from replica {} alone, from position {} of view {}", when, from.id.value,
                  from.found->inventory.position.value, from.found->inventory.installed.value);
  if (last == nullptr) return text + "; the view register was gone, so who had more is not known";
  text += fmt::format("; the last view was {}, of the replicas", last->record.number.value);
  for (const smr::Member& member : last->record.members) text += fmt::format(" {}", member.id.value);
  return text + fmt::format(", and none of them was there with its data in {}", survey.dir);
}

}  // namespace

Result<RegisterState> recovered_register(const DataSurvey& survey, ReplicaId from, const std::string& when) {
  if (survey.reg && *survey.reg && !(*survey.reg)->durable)
    return refused(survey.dir +
                   " is of a cluster that kept everything in memory: there is nothing to recover from");
  if (const auto begins = could_begin(survey))
    return refused(
        "nothing is lost: a start of the cluster (`titer cluster`) goes on with every acknowledged write");
  const auto chosen = usable(survey, from);
  if (!chosen) return chosen.error();
  const store::Survey& found = *(*chosen)->found;
  const RegisterState* last = last_register(survey);
  RegisterState next;
  next.cluster = found.identity.cluster;
  next.replicas = replicas_of(survey, last);
  next.founded = true;
  next.record.number = newest_view(survey, last).next();
  const smr::Member* before = last != nullptr ? last->record.find(from) : nullptr;
  next.record.members = {{from, found.inventory.lives.back(), before != nullptr ? before->address : std::string()}};
  next.losses = last != nullptr ? last->losses : found.recoveries;
  next.losses.push_back(sentence(survey, last, **chosen, when));
  return next;
}

}  // namespace titer::cluster
