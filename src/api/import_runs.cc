// SPDX-License-Identifier: Apache-2.0

#include "api/import_runs.h"

#include <fmt/format.h>

#include <algorithm>

#include "formats/json_text.h"

namespace titer::api {

namespace {

std::string_view name(ImportRun::State state) {
  switch (state) {
    case ImportRun::State::kRunning: return "running";
    case ImportRun::State::kDone: return "done";
    case ImportRun::State::kFailed: return "failed";
    case ImportRun::State::kGone: break;
  }
  return "gone";
}

bool running(const ImportRun& run) { return run.state == ImportRun::State::kRunning; }

bool of_the_same(const ImportRun& a, const ImportRun& b) {
  return a.by == b.by && (a.by != registry::kNoKey || a.address == b.address);
}

}  // namespace

Result<std::uint64_t> ImportRuns::begin(const ImportRun& run) {
  const std::lock_guard lock(mutex_);
  const auto own =
      std::ranges::count_if(runs_, [&run](const ImportRun& one) { return running(one) && of_the_same(one, run); });
  if (static_cast<std::size_t>(own) >= kOfOneMax)
    return Error{Code::kTooMany,
                 "this key, or this address without a key, has two imports under way at this replica; "
                 "wait for one of them"};
  auto under_way = static_cast<std::size_t>(std::ranges::count_if(runs_, running));
  if (under_way >= kRunningMax) {
    const auto slowest = std::ranges::max_element(
        runs_, {}, [](const ImportRun& one) { return running(one) ? one.behind_us : std::int64_t{-1}; });
    if (slowest->behind_us < kGivesWayUs)
      return Error{Code::kBusy,
                   "as many imports as this replica takes are running; try again, or at another replica"};
    slowest->state = ImportRun::State::kGone;
    slowest->displaced = true;
    slowest->ended = run.begun;
    --under_way;
  }
  if (runs_.size() - under_way >= kEndedKept)
    runs_.erase(std::ranges::find_if(runs_, [](const ImportRun& one) { return !running(one); }));
  runs_.push_back(run);
  return runs_.back().number = ++last_number_;
}

bool ImportRuns::update(const ImportRun& run) {
  const std::lock_guard lock(mutex_);
  const auto it = std::ranges::find(runs_, run.number, &ImportRun::number);
  if (it == runs_.end()) return true;
  if (it->displaced) return false;
  *it = run;
  return true;
}

std::vector<ImportRun> ImportRuns::list() {
  const std::lock_guard lock(mutex_);
  return {runs_.rbegin(), runs_.rend()};
}

std::string json(const ImportRun& run, BootTime now, bool with_label) {
  const BootTime until = running(run) ? now : run.ended;
  const double seconds = static_cast<double>(until.value - run.begun.value) / 1e6;
  std::string out = "{";
  formats::JsonMembers members(out);
  const auto number = [&members](std::string_view name, std::uint64_t value) {
    members.raw(name, fmt::format("{}", value));
  };
  number("number", run.number);
  if (with_label) members.text("label", run.label);
  members.text("state", name(run.state));
  members.text("format", run.format);
  members.raw("dry_run", run.dry_run ? "true" : "false");
  number("bytes_read", run.bytes_read);
  if (run.bytes_to_read > 0) number("bytes_to_read", run.bytes_to_read);
  number("rows", run.counts.rows);
  number("rows_answered", run.rows_answered);
  number("added", run.counts.added);
  number("updated", run.counts.updated);
  number("unchanged", run.counts.unchanged);
  number("rejected", run.counts.rejected);
  members.raw("seconds", fmt::format("{:.3f}", seconds));
  if (seconds > 0)
    members.raw("rows_per_second", fmt::format("{:.0f}", static_cast<double>(run.rows_answered) / seconds));
  if (running(run) && run.bytes_read > 0 && run.bytes_to_read >= run.bytes_read)
    members.raw("seconds_left",
                fmt::format("{:.1f}", seconds * static_cast<double>(run.bytes_to_read - run.bytes_read) /
                                          static_cast<double>(run.bytes_read)));
  return out + "}";
}

}  // namespace titer::api
