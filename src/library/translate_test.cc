// SPDX-License-Identifier: Apache-2.0

// Requests arrive at the replicas as they were meant, answers are complete, and requests that no replica would read are
// refused here.
#include "library/translate.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "base/limits.h"
#include "wire/codec.h"

namespace titer::library {
namespace {

using std::chrono::milliseconds;

api::Time at(std::int64_t ms) { return api::Time(milliseconds(ms)); }

// What a replica reads. Its views are of `body`, which lives as long.
template <typename Op>
Op arrived(const api::Result<Bytes>& body) {
  EXPECT_TRUE(body.ok()) << body.error().message;
  const Result<registry::Request> request = wire::decode_request(*body);
  EXPECT_TRUE(request.ok());
  return std::get<Op>(request->operation);
}

TEST(Translate, ASiteWithEveryField) {
  const api::AddSite add{.id = "elm",
                         .fields = {.name = "Elm Street Clinic",
                                    .zip = "02139",
                                    .zip_plus4 = "1234",
                                    .street = "1 Elm Street",
                                    .city = "Cambridge",
                                    .state = "MA",
                                    .county = "Middlesex",
                                    .phone = "1",
                                    .info_url = "2",
                                    .booking_url = "3",
                                    .provider = "4",
                                    .hours = "5",
                                    .point = api::Point{42.25, -71.5},
                                    .status = api::SiteStatus::kHidden,
                                    .external_ids = {{{"npi", "7"}, {"vtrcks", "8"}}}},
                         .stock = api::StockClaim{.product = "208",
                                                  .availability = api::Availability::of(12),
                                                  .valid_at = at(1'700'000'000'123),
                                                  .source = "feed"}};
  const auto body = request_body(add, {.actor = "clinic", .reason = "it opens"});
  const auto op = arrived<registry::AddSite>(body);
  EXPECT_EQ(op.id, "elm");
  const registry::SiteFields& f = op.fields;
  const std::vector<std::string_view> texts = {*f.name,     *f.zip,         *f.zip_plus4, *f.street,
                                               *f.city,     *f.state,       *f.county,    *f.phone,
                                               *f.info_url, *f.booking_url, *f.provider,  *f.hours};
  EXPECT_EQ(texts, (std::vector<std::string_view>{"Elm Street Clinic", "02139", "1234", "1 Elm Street", "Cambridge",
                                                  "MA", "Middlesex", "1", "2", "3", "4", "5"}));
  EXPECT_EQ(f.lat, 42.25);
  EXPECT_EQ(f.lon, -71.5);
  EXPECT_EQ(f.status, registry::SiteStatus::kHidden);
  EXPECT_EQ(f.external_ids, (std::vector<registry::ExternalId>{{"npi", "7"}, {"vtrcks", "8"}}));
  ASSERT_TRUE(op.stock.has_value());
  EXPECT_EQ(op.stock->product, "208");
  EXPECT_EQ(op.stock->availability, registry::Availability::of(12));
  EXPECT_EQ(op.stock->valid_at, WallTime(1'700'000'000'123));
  EXPECT_EQ(op.stock->source, "feed");
  const auto request = wire::decode_request(*body);
  EXPECT_EQ(request->actor, "clinic");
  EXPECT_EQ(request->reason, "it opens");
}

TEST(Translate, WhatIsAbsentStaysAbsentAndWhatIsEmptyIsSent) {
  const auto body = request_body(api::EditSite{.site = api::by_id("elm"), .fields = {.phone = ""}}, {});
  const auto op = arrived<registry::EditSite>(body);
  EXPECT_EQ(op.site.id, "elm");
  EXPECT_EQ(op.fields.phone, std::string_view());
  EXPECT_FALSE(op.fields.name || op.fields.lat || op.fields.status || op.fields.external_ids);
  EXPECT_TRUE(op.if_version.always());
}

TEST(Translate, OperationsOnStock) {
  const auto set = request_body(
      api::SetAvailability{
          .site = api::by_name("Elm"), .claim = {.availability = api::Availability::yes()}, .if_version = 0},
      {});
  const auto op = arrived<registry::SetAvailability>(set);
  EXPECT_EQ(op.site.name, "Elm");
  EXPECT_EQ(op.claim.product, registry::kAnyProduct);
  EXPECT_EQ(op.claim.availability, registry::Availability::yes());
  EXPECT_EQ(op.if_version, 0U);
  EXPECT_FALSE(op.claim.valid_at.has_value());

  const auto adjust = request_body(api::Adjust{.site = api::by_id("elm"), .product = "08", .by = -3}, {});
  EXPECT_EQ(arrived<registry::Adjust>(adjust).by, -3);
  EXPECT_EQ(arrived<registry::Adjust>(adjust).product, "08");
  const auto reserve = request_body(api::Reserve{.site = api::by_id("elm"), .doses = 2, .if_version = 5}, {});
  EXPECT_EQ(arrived<registry::Reserve>(reserve).doses, 2U);
  EXPECT_EQ(arrived<registry::Reserve>(reserve).if_version, 5U);
  const auto release = request_body(api::Release{.site = api::by_id("elm"), .doses = 3}, {});
  EXPECT_EQ(arrived<registry::Release>(release).doses, 3U);
  EXPECT_TRUE(arrived<registry::Release>(release).if_version.always());
  const auto close = request_body(api::CloseSite{.site = api::by_id("elm"), .if_version = 4}, {});
  EXPECT_EQ(arrived<registry::CloseSite>(close).if_version, 4U);
  const auto undo = request_body(api::Undo{{17}}, {});
  EXPECT_EQ(arrived<registry::Undo>(undo).event, Position(17));
  const auto row = request_body(api::ImportRow{.id = "elm", .fields = {.name = "Elm"}}, {});
  EXPECT_EQ(arrived<registry::ImportRow>(row).fields.name, "Elm");
}

TEST(Translate, AProductIsItsCodeAndAFilterIsAboutAllThatItsTextMeans) {
  const auto reserve = request_body(api::Reserve{.site = api::by_id("elm"), .product = "59267-1000-1"}, {});
  EXPECT_EQ(arrived<registry::Reserve>(reserve).product, "59267-1000-01");
  const auto products = [](std::string product) {
    const api::List list{.filter = {.product = std::move(product)}};  // of which the question shows views
    const auto query = query_of(list);
    EXPECT_TRUE(query.ok());
    if (!query.ok()) return std::vector<std::string>();
    const auto& shown = std::get<registry::ListSites>(*query).filter.products;
    return std::vector<std::string>(shown.begin(), shown.end());
  };
  EXPECT_EQ(products("59267-1000-1"), std::vector<std::string>{"59267-1000-01"});
  EXPECT_EQ(products("208").front(), "208");
  EXPECT_EQ(std::ranges::count(products("208"), "59267-1000-01"), 1) << "a vaccine has packs";
  EXPECT_EQ(std::ranges::count(products("flu"), "140"), 1);
  EXPECT_TRUE(products("").empty());
  EXPECT_EQ(products("99999-9999-99"), std::vector<std::string>{"99999-9999-99"});
  EXPECT_FALSE(query_of(api::List{.filter = {.product = "99999999999"}}).ok()) << "its form is not its own";
}

TEST(Translate, AProductThatIsNoneIsNamed) {
  const auto refused = request_body(api::Reserve{.site = api::by_id("elm"), .product = "two words"}, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, api::Code::kInvalid);
  EXPECT_NE(refused.error().message.find("two words"), std::string::npos);
  EXPECT_FALSE(request_body(api::Reserve{.site = api::by_id("elm"), .product = ""}, {}).ok());
  EXPECT_FALSE(query_of(api::Near{.zip = "02139", .filter = {.product = "two words"}}).ok());
}

TEST(Translate, ASiteIsNamedInOneWay) {
  for (const api::SiteRef& site : {api::SiteRef{}, api::SiteRef{"elm", "Elm"}}) {
    EXPECT_EQ(query_of(site).error().code, api::Code::kInvalid);
    EXPECT_EQ(request_body(api::Reserve{.site = site}, {}).error().code, api::Code::kInvalid);
    EXPECT_EQ(query_of(api::History{.site = site}).error().code, api::Code::kInvalid);
  }
  EXPECT_EQ(query_of(api::Near{}).error().code, api::Code::kInvalid) << "not the point (0, 0)";
  EXPECT_EQ(query_of(api::Near{.zip = "02139", .point = api::Point{1, 2}}).error().code, api::Code::kInvalid);
}

TEST(Translate, WhatNoReplicaWouldReadIsRefused) {
  const std::string big(limits::kRequestBytesMax, 'x');
  EXPECT_EQ(request_body(api::EditSite{.site = api::by_id(big)}, {}).error().code, api::Code::kTooLarge);
  EXPECT_EQ(query_of(api::by_name(big)).error().code, api::Code::kTooLarge);
  api::EditSite many{.site = api::by_id("elm")};
  many.fields.external_ids.emplace(limits::kExternalIdsMax + 1);
  EXPECT_EQ(request_body(many, {}).error().code, api::Code::kTooLarge);
  api::EditSite odd{.site = api::by_id("elm")};
  odd.fields.status = static_cast<api::SiteStatus>(77);
  EXPECT_EQ(request_body(odd, {}).error().code, api::Code::kInvalid);
}

TEST(Translate, AllOrNothing) {
  const api::Operation good = api::Reserve{.site = api::by_id("elm")};
  const api::Operation bad = api::Reserve{.site = {}};
  const auto body = request_body(std::vector{good, good}, {});
  EXPECT_EQ(arrived<registry::Bulk>(body).operations.size(), 2U);
  const auto refused = request_body(std::vector{good, bad}, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().part, 1U);
  const std::vector<api::Operation> many(limits::kBulkOperationsMax + 1, good);
  EXPECT_EQ(request_body(many, {}).error().code, api::Code::kTooLarge);
}

TEST(Translate, Questions) {
  const api::List list{.filter = {.zip = "02139",
                                  .state = "MA",
                                  .text = "elm",
                                  .available_only = true,
                                  .claimed_since = at(4),
                                  .with_closed = true,
                                  .updated_since = at(5)},
                       .after = {.name = "B", .id = "b"},
                       .limit = 7};
  const auto query = query_of(list);
  ASSERT_TRUE(query.ok());
  const auto& sites = std::get<registry::ListSites>(*query);
  EXPECT_EQ(sites.filter.zip, "02139");
  EXPECT_EQ(sites.filter.state, "MA");
  EXPECT_TRUE(sites.filter.products.empty());
  EXPECT_EQ(sites.filter.text, "elm");
  EXPECT_TRUE(sites.filter.available_only && sites.filter.with_closed);
  EXPECT_EQ(sites.filter.claimed_since, WallTime(4));
  EXPECT_EQ(sites.filter.updated_since, WallTime(5));
  EXPECT_EQ(sites.after_name, "B");
  EXPECT_EQ(sites.after_id, "b");
  EXPECT_EQ(sites.limit, 7U);
  const auto history = query_of(api::History{.before = {9}});
  EXPECT_EQ(std::get<registry::History>(*history).before, Position(9));
  EXPECT_FALSE(std::get<registry::History>(*history).site.has_value());
  const api::Near near{.point = api::Point{1, 2}, .within_m = 3};
  EXPECT_EQ(std::get<registry::Near>(*query_of(near)).lon, 2);
}

TEST(Translate, EveryCodeIsOneThatCallersKnow) {
  for (unsigned n = 1; n <= static_cast<unsigned>(kLastCode); ++n) {
    const auto code = static_cast<Code>(n);
    const api::Code known = code_of(code);
    EXPECT_NE(api::name(known), "unknown");
    if (static_cast<unsigned>(known) == n) {
      EXPECT_EQ(api::name(known), name(code));
    }
  }
  EXPECT_EQ(code_of(Code::kNotEnough), api::Code::kNotEnough);
  EXPECT_EQ(code_of(Code::kUnreachable), api::Code::kUnavailable);
  EXPECT_EQ(code_of(Code::kSessionEvicted), api::Code::kOutcomeUnknown);
}

TEST(Translate, ARefusalIsAnErrorAndAnOutcomeIsNot) {
  registry::Outcome refused;
  refused.code = Code::kNotEnough;
  refused.message = "Elm has 7";
  refused.failed_part = 3;
  const auto error = outcome_of(refused);
  ASSERT_FALSE(error.ok());
  EXPECT_EQ(error.error().code, api::Code::kNotEnough);
  EXPECT_EQ(error.error().message, "Elm has 7");
  EXPECT_EQ(error.error().part, 3U);

  registry::Outcome done;
  done.position = Position(42);
  done.changed = done.created = done.has_stock = true;
  done.site_id = "elm";
  done.site_version = 2;
  done.before = registry::Availability::no();
  done.after = registry::Availability::of(4);
  done.stock_version = 9;
  const auto outcome = outcome_of(done);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->position, api::Position{42});
  EXPECT_TRUE(outcome->changed && outcome->created);
  EXPECT_EQ(outcome->site_id, "elm");
  EXPECT_EQ(outcome->site_version, 2U);
  EXPECT_EQ(outcome->stock->before, api::Availability::no());
  EXPECT_EQ(outcome->stock->after, api::Availability::of(4));
  EXPECT_EQ(outcome->stock->version, 9U);
}

TEST(Translate, ASiteComesOutWhole) {
  registry::Site site;
  site.id = "elm";
  site.name = "Elm";
  site.zip = "02139";
  site.hours = "9-5";
  site.external_ids = {{"npi", "7"}};
  site.point = registry::PointSource::kZipCentroid;
  site.lat = 42.25;
  site.lon = -71.5;
  site.status = registry::SiteStatus::kClosed;
  site.version = 3;
  site.created_at = WallTime(1000);
  site.updated_by = "b";
  site.stock.push_back({.product = "208",
                        .availability = registry::Availability::of(2),
                        .valid_at = WallTime(),
                        .changed_at = WallTime(2000),
                        .checked_at = WallTime(3000),
                        .source = "feed",
                        .updated_by = "c",
                        .version = 5});
  const api::Site out = site_of(site);
  EXPECT_EQ(out.id + out.name + out.zip + out.hours, "elmElm021399-5");
  EXPECT_EQ(out.external_ids, (std::vector<api::ExternalId>{{"npi", "7"}}));
  ASSERT_TRUE(out.point.has_value());
  EXPECT_EQ(out.point->lat, 42.25);
  EXPECT_TRUE(out.point_of_zip);
  EXPECT_EQ(out.status, api::SiteStatus::kClosed);
  EXPECT_EQ(out.version, 3U);
  EXPECT_EQ(out.created_at, at(1000));
  EXPECT_EQ(out.updated_by, "b");
  ASSERT_EQ(out.stock.size(), 1U);
  const api::StockLine& line = out.stock.front();
  EXPECT_EQ(line.product + line.source + line.updated_by, "208feedc");
  EXPECT_EQ(line.availability, api::Availability::of(2));
  EXPECT_FALSE(line.valid_at.has_value());
  EXPECT_EQ(line.changed_at, at(2000));
  EXPECT_EQ(line.checked_at, at(3000));
  EXPECT_EQ(line.version, 5U);
  site.point = registry::PointSource::kNone;
  EXPECT_FALSE(site_of(site).point.has_value());
}

TEST(Translate, AChangeSaysWhatThereWasAndWhatThereIs) {
  registry::Event event;
  event.position = Position(8);
  event.part = 2;
  event.time = WallTime(1000);
  event.kind = registry::EventKind::kReserve;
  event.product = "208";
  event.before = registry::Availability::of(2);
  event.after = registry::Availability::of(1);
  event.fields = {{"street", "a", "b"}};
  const api::Change reserved = change_of(event);
  EXPECT_EQ(reserved.position, api::Position{8});
  EXPECT_EQ(reserved.part, 2U);
  EXPECT_EQ(reserved.kind, api::ChangeKind::kReserve);
  EXPECT_EQ(api::name(reserved.kind), "reserve");
  EXPECT_EQ(reserved.before, api::Availability::of(2));
  EXPECT_EQ(reserved.after, api::Availability::of(1));
  EXPECT_EQ(reserved.fields.front().after, "b");
  event.existed = false;
  EXPECT_FALSE(change_of(event).before.has_value());
  event.removed = true;
  EXPECT_FALSE(change_of(event).after.has_value());
  event.product = {};
  event.existed = true;
  event.removed = false;
  EXPECT_FALSE(change_of(event).before || change_of(event).after) << "of the site itself";
}

TEST(Values, Texts) {
  EXPECT_EQ(api::to_text(api::Availability::of(12)), "12");
  EXPECT_EQ(api::to_text(api::Availability::yes()), "true");
  EXPECT_TRUE(api::Availability::of(1).available() && !api::Availability::of(0).available());
  const auto product = api::find_product("59267-1000-1");
  ASSERT_TRUE(product.has_value());
  EXPECT_EQ(product->code, "208");
  EXPECT_EQ(product->groups, std::vector<std::string>({"COVID-19"}));
  EXPECT_FALSE(api::find_product("any").has_value());
  EXPECT_FALSE(api::find_product("two words").has_value());
}

}  // namespace
}  // namespace titer::library
