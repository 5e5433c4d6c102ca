// SPDX-License-Identifier: Apache-2.0

// SMART Scheduling Links: real feeds with their known defects come in; an exported feed can be imported again and
// changes nothing.

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/random.h"
#include "formats/smart_reader.h"
#include "formats/smart_writer.h"
#include "formats/testing.h"

namespace titer::formats {
namespace {

using registry::Availability;

constexpr WallTime kNow(1'767'636'000'123);  // 2026-01-05T18:00:00.123Z
constexpr std::int64_t kHour = 3'600'000;

std::string feed_file(const char* name) {
  return file_content(std::string(TITER_DATA_DIR "/samples/smart/") + name);
}
// Several gzip members in a row are one text; the first file of the specification has no line end at its end.
std::string feed(std::initializer_list<const char*> names) {
  std::string all;
  for (const char* name : names) all += feed_file(name) + gzip("\n");
  return all;
}
const std::initializer_list<const char*> kRiteAid = {
    "riteaid-nj/locations-NJ.ndjson.gz", "riteaid-nj/schedules-NJ.ndjson.gz", "riteaid-nj/slots-NJ.ndjson.gz"};
const std::initializer_list<const char*> kBackwards = {
    "riteaid-nj/slots-NJ.ndjson.gz", "riteaid-nj/schedules-NJ.ndjson.gz", "riteaid-nj/locations-NJ.ndjson.gz"};

registry::StockLine line_of(std::string_view product, Availability availability, WallTime valid_at) {
  registry::StockLine line;
  line.product = product;
  line.availability = availability;
  line.valid_at = line.changed_at = valid_at;
  return line;
}
registry::Site clinic() {
  registry::Site site;
  site.id = "elm";
  site.name = "Elm \"Street\" Clinic";
  site.zip = "01201";
  site.street = "173 Elm St";
  site.city = "Pittsfield";
  site.state = "MA";
  site.phone = "413-555-0100";
  site.updated_at = WallTime(1'767'600'000'000);
  return site;
}
std::string text_of(const registry::Site& site, WallTime now = kNow) {
  std::string out;
  for (const SmartType type : kSmartTypes) print_smart(type, site, now, out);
  return out;
}
std::size_t count(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) ++n;
  return n;
}

// --- in

TEST(SmartReader, the_real_feed_and_its_defects) {
  const ReadFile f = read_all(feed(kRiteAid), 10'000);
  ASSERT_TRUE(f.status.ok()) << f.status.error().message;
  EXPECT_EQ(f.format, Format::kSmart);
  EXPECT_EQ(f.counts.records, 112U + 112U + 1'542U);
  EXPECT_EQ(f.counts.refused, 0U);
  EXPECT_EQ(f.told("zeros in front of the ZIP code were lost"), 112U);
  EXPECT_EQ(f.told("a Slot's id is not its own"), 1'542U - 112U);
  ASSERT_EQ(f.rows.size(), 112U + 112U);
  const ReadRow& site = f.rows[0];
  EXPECT_EQ(site.fields.at("zip"), "08332");
  EXPECT_EQ(site.fields.at("zip_plus4"), "3762");
  EXPECT_EQ(site.fields.at("street"), "907 North High Street");
  EXPECT_EQ(site.fields.at("phone"), "(856) 825-7742");
  EXPECT_EQ(site.external_ids.at(0), std::pair(std::string("vtrcks"), std::string("RA1000116")));
  const ReadRow& stock = f.rows[112];
  EXPECT_EQ(stock.id, site.id);
  EXPECT_EQ(stock.product, "any");
  EXPECT_EQ(stock.availability, "true");  // 461 appointments are no count of doses
  EXPECT_EQ(stock.source, "smart");
}

TEST(SmartReader, the_order_of_the_files_does_not_matter) {
  const auto keys = [](const ReadFile& f) {
    std::vector<std::string> all;
    for (const ReadRow& r : f.rows) all.push_back(r.id + (r.has_stock ? r.product + "=" + r.availability : ""));
    std::sort(all.begin(), all.end());
    return all;
  };
  EXPECT_EQ(keys(read_all(feed(kRiteAid))), keys(read_all(feed(kBackwards))));
}

TEST(SmartReader, the_example_of_the_specification) {
  const ReadFile f = read_all(feed({"spec-example/locations.ndjson.gz", "spec-example/schedules.ndjson.gz",
                                    "spec-example/slots-2021-W09.ndjson.gz"}));
  ASSERT_TRUE(f.status.ok()) << f.status.error().message;
  EXPECT_EQ(f.problems.size(), 0U);
  ASSERT_EQ(f.rows.size(), 20U);
  EXPECT_EQ(f.rows[10].product, "207");
  EXPECT_EQ(f.rows[10].availability, "true");
}

TEST(SmartReader, a_manifest_line_says_when_it_was_true) {
  const std::string text =
      R"({"transactionTime":"2021-04-22T14:28:21Z","request":"x","output":[]})"
      "\n"
      R"({"resourceType":"Location","id":"1","name":"A"})"
      "\n"
      R"({"resourceType":"Schedule","id":"1","actor":[{"reference":"Location/1"}]})"
      "\n"
      R"({"resourceType":"Slot","id":"1","schedule":{"reference":"Schedule/1"},"status":"busy",)"
      R"("start":"2021-03-01T14:00:00Z","end":"2021-03-01T15:00:00Z"})";
  const ReadFile f = read_all(text, 7);
  ASSERT_EQ(f.rows.size(), 2U) << (f.status.ok() ? "" : f.status.error().message);
  EXPECT_EQ(f.rows[1].valid_at, "2021-04-22T14:28:21Z");
  EXPECT_EQ(f.rows[1].availability, "false");
}

TEST(SmartReader, a_manifest_alone_is_refused_with_what_to_do) {
  const std::string one = R"({"transactionTime":"2021-04-22T14:28:21Z","request":"x","output":[]})";
  const std::string printed = feed_file("spec-example/bulk-publish.json.gz");
  for (const std::string& text : {one, printed}) {
    const ReadFile f = read_all(text, 1);
    ASSERT_FALSE(f.status.ok());
    EXPECT_NE(f.status.error().message.find("only names the feed's files"), std::string::npos);
    EXPECT_EQ(f.problems.size(), 0U);
  }
}

TEST(SmartReader, files_of_one_feed_are_packed_or_not_and_lines_are_counted_through) {
  std::vector<std::uint64_t> lines;
  std::size_t rows = 0, problems = 0;
  Reader reader(
      [&](const Row& row) {
        ++rows;
        lines.push_back(row.line);
      },
      [&](const Problem&) { ++problems; });
  const auto take = [&](std::string_view text) {
    ASSERT_TRUE(reader.feed(as_bytes(text)).ok());
    const Result<std::uint64_t> next = reader.next_file();
    ASSERT_TRUE(next.ok());
    lines.push_back(*next);
  };
  take("{\n  \"transactionTime\": \"2021-04-22T14:28:21Z\",\n  \"output\": []\n}");
  take(gzip(R"({"resourceType":"Location","id":"1","name":"A"})"));
  take(
      R"({"resourceType":"Schedule","id":"1","actor":[{"reference":"Location/1"}],"extension":[{"url":"urn:titer:availability","valueString":"7"}]})");
  ASSERT_TRUE(reader.finish().ok());
  EXPECT_EQ(rows, 2U);
  EXPECT_EQ(problems, 1U);  // the Location has no address
  EXPECT_EQ(lines, (std::vector<std::uint64_t>{2, 2, 3, 4, 3}));
}

TEST(SmartReader, files_of_other_formats_stay_apart) {
  Reader reader([](const Row&) {}, nullptr);
  ASSERT_TRUE(reader.feed(as_bytes("site_id,name\na,A\n")).ok());
  EXPECT_FALSE(reader.next_file().ok());
}

TEST(SmartReader, bad_lines_spoil_no_others) {
  const std::string text =
      R"({"resourceType":"Location","id":"1","name":"A","identifier":[{"system":"https://cdc.gov/vaccines/programs/vtrcks","value":"null"}]})"
      "\n"
      R"({"resourceType":"Location","id":"1","name":"A again"})"
      "\n"
      R"({"resourceType":"Location","id":"2"})"
      "\n"
      R"({"resourceType":"Location","name":"no id"})"
      "\n"
      R"({"resourceType":"Patient","id":"3"})"
      "\n{\"resourceType\":\n[1]\n"
      R"({"resourceType":"Schedule","id":"s","actor":[{"reference":"Location/1"}],"extension":[)"
      R"({"url":"http://fhir-registry.smarthealthit.org/StructureDefinition/has-availability","valueCode":"none"},)"
      R"({"url":"http://fhir-registry.smarthealthit.org/StructureDefinition/vaccine-product","valueCoding":{"code":null}}]})"
      "\n"
      R"({"resourceType":"Schedule","id":"lost","actor":[{"reference":"Location/99"}]})"
      "\n"
      R"({"resourceType":"Slot","id":"x","schedule":{"reference":"Schedule/nobody"},"status":"free","start":"2021-03-01T14:00:00Z"})"
      "\n"
      R"({"resourceType":"Slot","id":"y","schedule":{"reference":"Schedule/s"},"status":"perhaps","start":"2021-03-01T14:00:00Z"})"
      "\n"
      R"({"resourceType":"Slot","id":"z","schedule":{"reference":"Schedule/s"},"status":"free","start":"tomorrow"})";
  const ReadFile f = read_all(text, 11);
  ASSERT_TRUE(f.status.ok()) << f.status.error().message;
  ASSERT_EQ(f.rows.size(), 2U);
  EXPECT_EQ(f.rows[1].availability, "false");
  EXPECT_EQ(f.counts.refused, 10U);
  EXPECT_EQ(f.told("no identifier: left out"), 1U);
  EXPECT_EQ(f.told("no product code"), 1U);
  EXPECT_EQ(f.told("no Schedule has this id"), 1U);
  EXPECT_EQ(f.told("no Location has this id"), 1U);
}

std::string location(const std::string& id) {
  return R"({"resourceType":"Location","id":")" + id +
         R"(","name":"Elm"})"
         "\n";
}
std::string schedule(const std::string& id, const std::string& location) {
  return R"({"resourceType":"Schedule","id":")" + id + R"(","actor":[{"reference":"Location/)" + location +
         R"("}]})"
         "\n";
}

TEST(SmartReader, ids_are_at_most_as_long_as_those_of_FHIR) {
  const std::string longest(64, 'a'), longer(65, 'a');
  const ReadFile fits = read_all(location(longest) + schedule(longest, longest));
  EXPECT_EQ(fits.counts.refused, 0U);
  const ReadFile file = read_all(location("x") + location(longer) + schedule(longer, "x") + schedule("s", longer));
  EXPECT_EQ(file.told("an id has at most 64 characters"), 3U);
  EXPECT_EQ(file.rows.size(), 1U) << "others are read";
}

TEST(SmartReader, what_does_not_fit_into_the_memory_of_one_file_is_refused_row_by_row) {
  std::size_t refused = 0;
  Report report([&](const Problem& problem) { refused += problem.why == kHoldsTooMuch ? 1 : 0; });
  const RowSink nowhere = [](const Row&) {};
  LayoutContext context{report, nowhere};
  context.held = HeldMemory(20'000);
  SmartReader reader(context);
  reader.feed(location("x"));
  for (int i = 0; i < 100; ++i) reader.feed(schedule("s" + std::to_string(i), "x"));
  EXPECT_GT(refused, 50U);
  EXPECT_LT(refused, 100U) << "the first ones fit";
  EXPECT_LE(context.held.bytes(), 20'000U);
  EXPECT_TRUE(reader.finish().ok());
}

TEST(SmartReader, own_ndjson_is_still_told_apart) {
  EXPECT_EQ(read_all("{\"site_id\":\"a\",\"name\":\"A\"}\n", 1).format, Format::kNdjson);
  EXPECT_EQ(read_all("  {\"site_id\":\"a\",\"name\":\"A\"}").format, Format::kNdjson);
}

// --- out

TEST(SmartWriter, each_kind_of_claim_is_told_as_it_is) {
  registry::Site site = clinic();
  const WallTime today(kNow.value - kHour);
  site.stock = {line_of("207", Availability::no(), today), line_of("208", Availability::of(12), today),
                line_of("210", Availability::of(0), today), line_of("212", Availability::yes(), today),
                line_of("any", Availability::unknown(), today)};
  const std::string text = text_of(site);
  EXPECT_EQ(count(text, R"("resourceType":"Schedule")"), 5U);
  EXPECT_EQ(count(text, R"("valueCode":"some")"), 2U);
  EXPECT_EQ(count(text, R"("valueCode":"none")"), 2U);
  EXPECT_EQ(count(text, R"("valueCode":"unknown")"), 1U);
  EXPECT_EQ(count(text, R"("resourceType":"Slot")"), 2U);  // counts alone
  EXPECT_NE(text.find(R"("id":"elm-208","schedule":{"reference":"Schedule/elm-208"},"status":"free",)"
                      R"("start":"2026-01-05T18:00:00Z","end":"2026-01-06T18:00:00Z")"),
            std::string::npos);
  EXPECT_NE(text.find(R"("status":"busy","start":"2026-01-05T18:00:00Z","end":"2026-01-05T19:00:00Z")"),
            std::string::npos);
  EXPECT_EQ(count(text, R"("valueInteger":12)"), 1U);
  EXPECT_EQ(count(text, "slot-capacity"), 1U);  // a busy hour has no capacity
}

TEST(SmartWriter, what_is_not_fresh_is_unknown_and_has_no_slot) {
  registry::Site site = clinic();
  site.stock = {line_of("208", Availability::of(12), WallTime(kNow.value - 25 * kHour))};
  const std::string text = text_of(site);
  EXPECT_EQ(count(text, R"("valueCode":"unknown")"), 1U);
  EXPECT_EQ(count(text, R"("resourceType":"Slot")"), 0U);
}

TEST(SmartWriter, other_vaccines_have_no_covid_schedule) {
  registry::Site site = clinic();
  site.stock = {line_of("141", Availability::yes(), kNow), line_of("00777-0001", Availability::yes(), kNow)};
  EXPECT_EQ(count(text_of(site), "Schedule"), 0U);
}

TEST(SmartWriter, sites_without_what_a_location_needs_are_left_out_with_the_reason) {
  EXPECT_EQ(why_left_out(clinic()), "");
  registry::Site site = clinic();
  site.phone = "(609) 877-700";
  site.info_url = "walk in";
  EXPECT_EQ(why_left_out(site), "it has neither a phone nor a web address");
  site.info_url = "HTTPS://elm.example.org";
  EXPECT_EQ(why_left_out(site), "");
  site.street = {};
  EXPECT_EQ(why_left_out(site), "it has no street or no city");
  site = clinic();
  site.status = registry::SiteStatus::kHidden;
  EXPECT_EQ(why_left_out(site), "it is closed or hidden");
}

TEST(SmartWriter, a_manifest_reads_as_it_was_written) {
  SmartManifest manifest;
  manifest.time = kNow;
  manifest.request = "http://127.0.0.1:8080/api/v1/smart/$bulk-publish";
  manifest.outputs = {{SmartType::kLocation, "http://x/l", "MA"}, {SmartType::kSlot, "http://x/s", ""}};
  std::string text;
  print_manifest(manifest, text);
  EXPECT_TRUE(boost::json::parse(text).is_object());
  const Result<SmartManifest> again = parse_manifest(text);
  ASSERT_TRUE(again.ok());
  EXPECT_EQ(again->time, kNow);
  ASSERT_EQ(again->outputs.size(), 2U);
  EXPECT_EQ(again->outputs[1].type, SmartType::kSlot);
  EXPECT_EQ(again->outputs[1].url, "http://x/s");
  for (const char* bad : {"", "[]", "{}", R"({"output":[]})", R"({"transactionTime":"x","output":[]})"})
    EXPECT_FALSE(parse_manifest(bad).ok()) << bad;
}

// --- out and in again

// A registry of sites that can be published, with every kind of claim.
registry::State random_sites(std::uint64_t seed) {
  Random random(seed);
  registry::State state;
  registry::Outcome outcome;
  const char* const products[] = {"207", "208", "any", "309"};
  for (std::uint64_t i = 1; i <= 20; ++i) {
    const std::string name = "Site \"" + std::to_string(random.below(1000)) + "\" é " + std::to_string(i);
    const std::string pin = "MAA" + std::to_string(random.below(10));
    registry::ImportRow row;
    row.fields.name = name;
    row.fields.street = "1 Elm St";
    row.fields.city = "Pittsfield";
    row.fields.state = "MA";
    row.fields.zip = "01201";
    row.fields.phone = "413-555-0100";
    if (random.below(2) == 0) row.fields.zip_plus4 = "7223";
    if (random.below(2) == 0) row.fields.info_url = "https://elm.example.org/?a=1&b=\"2\"";
    if (random.below(2) == 0) row.fields.county = "Berkshire";
    if (random.below(2) == 0) row.fields.lat = 42.4476, row.fields.lon = -73.2608;
    if (random.below(2) == 0) row.fields.external_ids = {{"vtrcks", pin}, {"cvs", name}};
    state.apply({row, "test", {}, {}}, Position(i * 10), kNow, outcome);
    if (!outcome.ok()) continue;
    const std::string id = outcome.site_id;
    for (std::uint64_t k = 0; k < 3; ++k) {
      const Availability any[] = {Availability::unknown(), Availability::yes(), Availability::no(),
                                  Availability::of(random.below(50))};
      registry::SetAvailability set;
      set.site.id = id;
      set.claim.product = products[random.below(4)];
      set.claim.availability = any[random.below(4)];
      if (random.below(2) == 0) set.claim.valid_at = WallTime(kNow.value / 1000 * 1000 - 3 * kHour);
      state.apply({set, "test", {}, {}}, Position(i * 10 + k + 1), kNow, outcome);
    }
  }
  return state;
}

std::string smart_text(const registry::State& state) {
  std::string out;
  for (const SmartType type : kSmartTypes) {
    registry::ListSites all;
    all.limit = 2'000;
    const auto shown = state.list(all, [&](const registry::Site& site) {
      if (why_left_out(site).empty()) print_smart(type, site, kNow, out);
      return true;
    });
    EXPECT_TRUE(shown.ok());
  }
  return out;
}

RC_GTEST_PROP(SmartRoundTrip, a_feed_changes_nothing_where_it_comes_from, (std::uint64_t seed)) {
  registry::State state = random_sites(seed);
  const std::string before = export_of(state, "csv"), text = smart_text(state);
  const Imported again = import_into(state, text);
  RC_ASSERT(again.refused == 0U);
  RC_ASSERT(again.changed == 0U);
  RC_ASSERT(export_of(state, "csv") == before);
}

RC_GTEST_PROP(SmartRoundTrip, an_empty_registry_becomes_one_with_the_same_feed, (std::uint64_t seed)) {
  const registry::State state = random_sites(seed);
  registry::State copy;
  RC_ASSERT(import_into(copy, smart_text(state)).refused == 0U);
  const auto without_times = [](const std::string& text) {
    std::string out;
    for (std::size_t at = 0; at < text.size();) {  // meta: when a registry took it, not what it says
      const std::size_t meta = text.find(R"("meta":{)", at);
      if (meta == std::string::npos) return out + text.substr(at);
      out += text.substr(at, meta - at);
      at = text.find("},\"", meta);
    }
    return out;
  };
  RC_ASSERT(without_times(smart_text(copy)) == without_times(smart_text(state)));
}

}  // namespace
}  // namespace titer::formats
