// SPDX-License-Identifier: Apache-2.0

// SmartReader: a SMART Scheduling Links feed in, rows out.
//
// One text with the lines of all its files, in any order; the manifest may be among them (over several lines only as
// the first), its time is then the time of all claims that do not say when they were true. A Location is a row at once. Stock comes at the end of
// the text, because what a Schedule offers is only known when its last Slot was read: one row per (site, product).
//
// What a Schedule claims, the first that is there of: our own extension (the claim as it was made), has-availability
// (some, none, unknown), its Slots: yes if one is free, has a capacity that is not 0, and has not ended; else no. Capacities are
// never added up to a count: appointments are not doses in stock. "Ended" is by now, and in a feed that is so old that its claims
// have expired, by the feed's own time. A Slot that is gone from the feed is gone: in a feed with Slots a Schedule without any
// claims no, unless some of its files are missing (ReadOptions::incomplete); in one without, nothing.
// A Schedule of several products claims each.
//
// Left out, and counted as refused: Locations and Schedules that are not active, Schedules of other services than immunization, and
// Slots that were entered in error.
//
// Sites keep the id of our own identifier; others get one made of the Location's first identifier and its id, because
// real feeds use ids such as "116". Feeds break the rules in many ways: what can be read is, the rest is reported.
// Memory: some 250 bytes per Location and 700 per Schedule, within the HeldMemory of the file; none per Slot but for telling
// repetitions. So ids are at most as long as FHIR lets them be, before any is kept. Pure, one thread.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/json_lines.h"
#include "formats/layout.h"
#include "formats/smart_json.h"

namespace titer::formats {

class SmartReader {
 public:
  explicit SmartReader(LayoutContext& context);
  void feed(std::string_view text);
  // One file of the feed is over. The number of the next file's first line.
  [[nodiscard]] std::uint64_t end_file() {
    lines_.finish();
    return lines_.line();
  }
  // A manifest over several lines follows, up to the line that begins with its closing brace.
  void expect_printed_manifest() { printed_ = true; }
  // kInvalid: there was a manifest and nothing else.
  [[nodiscard]] Status finish();

 private:
  struct Schedule {
    std::string id, location;
    std::vector<std::string> products;
    std::optional<registry::Availability> claimed;  // by an extension
    std::optional<WallTime> valid_at;
    std::uint64_t line = 0;  // where it stands; 0: only Slots of it were seen
    std::uint64_t first_slot_line = 0;
    bool left_out = false;  // it was refused; its Slots are no mistake
    std::uint32_t slots = 0;
    WallTime free_until;  // the end of the last Slot that somebody can book
  };
  // What one site has of one product, of all its Schedules.
  struct Stock {
    std::string site, product;
    registry::Availability availability;
    std::optional<WallTime> valid_at;
    std::uint64_t line = 0;
  };

  static const std::size_t kScheduleBytes;

  void feed_printed(std::string_view text);
  void take(std::uint64_t line, const smart::Object& object);
  void take_manifest(std::uint64_t line, const smart::Object& object);
  void take_location(const smart::Object& location);
  void take_schedule(const smart::Object& schedule);
  void take_slot(const smart::Object& slot);
  void take_products(const smart::Object& schedule, Schedule& to);
  void take_claim(const smart::Object& schedule, Schedule& to);
  void site_id(const smart::Object& location, std::string_view id);
  void identifiers(const smart::Object& location);
  void telecom(const smart::Object& location);
  void address(const smart::Object& location);
  // Null: there is no room for one more, and the row is refused.
  Schedule* held(std::string_view id);
  // False: it is too long to be an id, and the row is refused.
  [[nodiscard]] bool is_id(std::string_view column, std::string_view id);
  [[nodiscard]] std::vector<Stock> stock();
  [[nodiscard]] std::optional<registry::Availability> claim_of(const Schedule& schedule) const;
  [[nodiscard]] WallTime reference_time() const;  // Slots that ended before are over
  // False: it leads nowhere, and the report says so.
  bool check(const Schedule& schedule);

  LayoutContext& context_;
  SeenKeys locations_seen_{context_.held}, slots_seen_{context_.held}, slot_ids_seen_{context_.held};
  std::optional<WallTime> manifest_time_;
  std::uint64_t manifests_ = 0, resources_ = 0, slots_ = 0;
  bool names_slots_ = false;    // the manifest does
  bool printed_ = false;        // inside a manifest over several lines
  bool at_line_start_ = false;  // of its text
  bool closing_ = false;        // its last line
  // A Location's id to the site's; empty: it is not active.
  boost::unordered_flat_map<std::string, std::string> sites_;
  boost::unordered_flat_map<std::string, std::size_t> by_id_;  // a Schedule's id to its index
  std::vector<Schedule> schedules_;                            // in the order of the text
  JsonLines lines_;
};

}  // namespace titer::formats
