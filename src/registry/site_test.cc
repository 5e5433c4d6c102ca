// SPDX-License-Identifier: Apache-2.0

#include <cmath>

#include "base/limits.h"
#include "registry/test_support.h"

namespace titer::registry {
namespace {

using test::Bench;

SiteFields named(std::string_view name) {
  SiteFields fields;
  fields.name = name;
  return fields;
}

TEST(Add, makes_the_id_from_the_name) {
  Bench b;
  EXPECT_EQ(b.add("Elm Street Clinic #3").site_id, "elm-street-clinic-3");
  EXPECT_TRUE(b.out.created);
  EXPECT_TRUE(b.out.changed);
  EXPECT_EQ(b.out.site_version, 1U);
  EXPECT_EQ(b.add("ELM street  clinic 3!").site_id, "elm-street-clinic-3-2");
  EXPECT_EQ(b.add("Elm-Street-Clinic-3").site_id, "elm-street-clinic-3-3");
  EXPECT_EQ(b.add("\xE8\xAF\x8A\xE6\x89\x80").site_id, "site");
  EXPECT_EQ(b.add(std::string(200, 'x')).site_id, std::string(64, 'x'));
  EXPECT_EQ(b.add(std::string(201, 'x')).site_id, std::string(62, 'x').append("-2"));
  b.check();
}

TEST(Add, gives_every_one_of_many_equal_names_an_id) {
  Bench b;
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(b.add("!" + std::string(static_cast<std::size_t>(i), '?')).ok() || i > 255) << b.out.message;
  }
  b.check();
}

TEST(Add, of_a_known_name_is_refused_and_names_the_other) {
  Bench b;
  b.add("Harvard University");
  EXPECT_EQ(b.add("Harvard University", "90210").code, Code::kDuplicate);
  EXPECT_EQ(b.out.site_id, "harvard-university");
  EXPECT_EQ(b.state.totals().sites, 1U);
}

// Pages make links of them, and a link of another scheme runs what it says.
TEST(Add, and_edit_take_addresses_of_the_web_mail_and_telephone_only) {
  Bench b;
  b.add("A");
  for (const auto field : {&SiteFields::info_url, &SiteFields::booking_url}) {
    for (const std::string_view bad : {"javascript:alert(1)", " JavaScript:alert(1)", "data:text/html,x",
                                       "vbscript:x", "file:///etc/passwd", "view-source:https://a.example",
                                       "blob:https://a.example/1", "ftp://a.example", "x.y:z", "javascript:80"}) {
      SiteFields fields;
      fields.*field = bad;
      EXPECT_EQ(b.edit("a", fields).code, Code::kInvalid) << bad;
      EXPECT_NE(b.out.message.find("https"), std::string::npos) << b.out.message;
      fields.name = "B";
      EXPECT_EQ(b.apply(AddSite{{}, fields, {}}).code, Code::kInvalid) << bad;
      EXPECT_EQ(b.apply(ImportRow{{}, fields, {}}).code, Code::kInvalid) << bad;
    }
    for (const std::string_view good :
         {"", "https://a.example/?x=javascript:1", "HTTP://a.example", "mailto:a@a.example", "tel:+16175550100",
          "a.example/book", "a.example:8080/book", "/book:now", "#javascript:x", "walk in: no booking"}) {
      SiteFields fields;
      fields.*field = good;
      EXPECT_TRUE(b.edit("a", fields).ok()) << good << ": " << b.out.message;
    }
  }
  EXPECT_EQ(b.state.totals().sites, 1U);
  b.check();
}

TEST(Add, of_a_taken_or_bad_id_is_refused) {
  Bench b;
  AddSite op;
  op.fields = named("A");
  op.id = "one.Two-3";
  EXPECT_TRUE(b.apply(op).ok());
  op.fields = named("B");
  EXPECT_EQ(b.apply(op).code, Code::kDuplicate);
  for (const std::string& id : {std::string("a b"), std::string("a_b"), std::string(65, 'a')}) {
    op.id = id;
    EXPECT_EQ(b.apply(op).code, Code::kInvalid) << id;
  }
}

TEST(Add, checks_every_field) {
  Bench b;
  const auto code = [&](auto&& change) {
    AddSite op;
    op.fields = named("A");
    change(op.fields);
    const Code result = b.apply(op).code;
    EXPECT_FALSE(b.out.message.empty());
    return result;
  };
  EXPECT_EQ(b.apply(AddSite{}).code, Code::kInvalid);
  EXPECT_EQ(code([](SiteFields& f) { f.name = ""; }), Code::kInvalid);
  EXPECT_EQ(code([](SiteFields& f) { f.name = "  "; }), Code::kInvalid);
  for (const char* unseen : {"\xE2\x80\x8B", "\xEF\xBB\xBF", " \xE2\x81\xA0\xC2\xA0", "\xE3\x80\x80"})
    EXPECT_EQ(code([&](SiteFields& f) { f.name = unseen; }), Code::kInvalid) << "nothing of it can be seen";
  for (const char* turned : {"Elm\xE2\x80\xAE cinilC", "Elm\xE2\x81\xA6", "Elm\xC2\x9B", "Elm\xE2\x80\xA8"}) {
    EXPECT_EQ(code([&](SiteFields& f) { f.name = turned; }), Code::kInvalid);
    EXPECT_EQ(code([&](SiteFields& f) { f.hours = turned; }), Code::kInvalid);
  }
  EXPECT_EQ(code([](SiteFields& f) { f.name = "a\nb"; }), Code::kInvalid);
  EXPECT_EQ(code([](SiteFields& f) { f.name = "a\xFF"; }), Code::kInvalid);
  EXPECT_EQ(code([](SiteFields& f) { f.name = "12345678\xED\xA0\x80"; }), Code::kInvalid) << "a surrogate";
  for (const char* zip : {"2138", "021380", "02138-1234", "0213x", " 02138"}) {
    EXPECT_EQ(code([&](SiteFields& f) { f.zip = zip; }), Code::kInvalid) << zip;
  }
  EXPECT_EQ(code([](SiteFields& f) { f.zip_plus4 = "12"; }), Code::kInvalid);
  EXPECT_EQ(code([](SiteFields& f) { f.zip_plus4 = "1234"; }), Code::kInvalid) << "without a ZIP";
  EXPECT_EQ(code([](SiteFields& f) { f.state = "ma"; }), Code::kInvalid);
  EXPECT_EQ(code([](SiteFields& f) { f.lat = 1; }), Code::kInvalid);
  EXPECT_EQ(code([](SiteFields& f) { f.lat = 91, f.lon = 0; }), Code::kInvalid);
  EXPECT_EQ(code([](SiteFields& f) { f.lat = 0, f.lon = -180.1; }), Code::kInvalid);
  EXPECT_EQ(code([](SiteFields& f) { f.lat = std::nan(""), f.lon = 0; }), Code::kInvalid);
  EXPECT_EQ(code([](SiteFields& f) { f.external_ids = std::vector{ExternalId("cvs", "")}; }), Code::kInvalid);
  const std::string longest(limits::kTextBytesMax + 1, 'x');
  EXPECT_EQ(code([&](SiteFields& f) { f.hours = longest; }), Code::kTooLarge);
  EXPECT_EQ(code([&](SiteFields& f) { f.name = longest; }), Code::kTooLarge);
  EXPECT_EQ(b.state.totals().sites, 0U);
  EXPECT_EQ(b.state.digest(), State().digest());
}

TEST(Point, comes_from_the_zip_when_missing_and_follows_it) {
  Bench b;
  b.add("A", "02139");
  EXPECT_EQ(b.site("a").point, PointSource::kZipCentroid);
  EXPECT_NEAR(b.site("a").lat, 42.36, 0.05);
  SiteFields move;
  move.zip = "90210";
  b.edit("a", move);
  EXPECT_NEAR(b.site("a").lat, 34.1, 0.05);
  move.zip = "00000";
  b.edit("a", move);
  EXPECT_EQ(b.site("a").point, PointSource::kNone);
  SiteFields given;
  given.lat = 42.357522;
  given.lon = -71.117062;
  b.edit("a", given);
  EXPECT_EQ(b.site("a").point, PointSource::kGiven);
  EXPECT_EQ(b.site("a").lat, 42.357522) << "kept exactly";
  EXPECT_EQ(b.site("a").lon, -71.117062);
  move.zip = "02139";
  b.edit("a", move);
  EXPECT_EQ(b.site("a").lat, 42.357522) << "a given point stays";
  b.check();
}

TEST(Edit, changes_only_what_is_given) {
  Bench b;
  b.add("A");
  SiteFields f;
  f.street = "1 Main St";
  f.city = "Cambridge";
  f.state = "MA";
  f.phone = "617-555-0100";
  f.external_ids = {{"cvs", "12"}, {"apple", "9"}, {"cvs", "12"}};
  EXPECT_TRUE(b.edit("a", f).ok()) << b.out.message;
  EXPECT_EQ(b.out.site_version, 2U);
  SiteFields g;
  g.street = "";
  EXPECT_TRUE(b.edit("a", g).ok());
  const Site site = b.site("a");
  EXPECT_EQ(site.street, "");
  EXPECT_EQ(site.city, "Cambridge");
  EXPECT_EQ(site.zip, "02138");
  EXPECT_EQ(site.external_ids, (std::vector<ExternalId>{{"apple", "9"}, {"cvs", "12"}}));
  EXPECT_EQ(site.version, 3U);
  EXPECT_EQ(site.stock.size(), 1U);
  b.check();
}

TEST(Edit, that_changes_nothing_is_no_event) {
  Bench b;
  b.add("A");
  const auto digest = b.state.digest();
  SiteFields f;
  f.zip = "02138";
  EXPECT_TRUE(b.edit("a", f).ok());
  EXPECT_FALSE(b.out.changed);
  EXPECT_EQ(b.out.site_version, 1U);
  EXPECT_EQ(b.state.digest(), digest);
}

TEST(Edit, with_a_stale_version_is_refused) {
  Bench b;
  b.add("A");
  EditSite op{{"a", {}}, named("B"), 7};
  EXPECT_EQ(b.apply(op).code, Code::kStaleVersion);
  EXPECT_EQ(b.out.site_version, 1U);
  op.if_version = 1;
  EXPECT_TRUE(b.apply(op).ok());
  EXPECT_EQ(b.site("a").name, "B");
}

TEST(Name, of_a_closed_site_is_free_and_reopening_needs_it) {
  Bench b;
  b.add("A");
  EXPECT_TRUE(b.apply(CloseSite{{"a", {}}, {}}).ok());
  EXPECT_EQ(b.add("A").site_id, "a-2");
  EXPECT_EQ(b.apply(CloseSite{{{}, "A"}, {}}).site_id, "a-2") << "the name means the open one";
  SiteFields open;
  open.status = SiteStatus::kActive;
  EXPECT_TRUE(b.edit("a", open).ok());
  EXPECT_EQ(b.edit("a-2", open).code, Code::kDuplicate);
  b.check();
}

// Clients look for a site by its id, then by its name: no text may lead to two sites.
TEST(Name, that_is_another_site_s_id_is_refused_and_the_answer_names_that_site) {
  Bench b;
  b.add("Elm Street");
  EXPECT_EQ(b.add("elm-street").code, Code::kDuplicate);
  EXPECT_EQ(b.out.site_id, "elm-street");
  EXPECT_NE(b.out.message.find("is the id of another site"), std::string::npos) << b.out.message;
  b.add("Oak");
  EXPECT_EQ(b.edit("oak", named("elm-street")).code, Code::kDuplicate);
  EXPECT_EQ(b.site("oak").name, "Oak");
  EXPECT_TRUE(b.edit("oak", named("oak")).ok()) << "its own id";
  EXPECT_EQ(b.state.get({{}, "oak"})->id, "oak");
  b.check();
}

TEST(Name, that_became_another_site_s_id_while_the_site_was_closed_cannot_come_back) {
  Bench b;
  b.add("Oak");
  b.edit("oak", named("elm"));
  const std::uint64_t renamed = b.position;
  const std::uint64_t closed = renamed + 1;
  b.apply(CloseSite{{"oak", {}}, {}});
  EXPECT_EQ(b.add("Elm").site_id, "elm") << "the name of a closed site";
  SiteFields open;
  open.status = SiteStatus::kActive;
  EXPECT_EQ(b.edit("oak", open).code, Code::kDuplicate);
  EXPECT_EQ(b.undo(closed).code, Code::kDuplicate);
  open.name = "Oak Street";
  EXPECT_TRUE(b.edit("oak", open).ok());
  b.check();
}

TEST(Add, makes_no_id_that_is_another_site_s_name) {
  Bench b;
  AddSite op;
  op.id = "x-1";
  op.fields.name = "elm-street";
  EXPECT_TRUE(b.apply(op).ok());
  EXPECT_EQ(b.add("Elm Street").site_id, "elm-street-2");
  op.id = "elm-street";
  op.fields.name = "Elsewhere";
  EXPECT_EQ(b.apply(op).code, Code::kDuplicate);
  EXPECT_EQ(b.state.get({{}, "elm-street"})->id, "x-1");
  b.check();
}

TEST(Name, of_a_hidden_site_stays_taken) {
  Bench b;
  b.add("A");
  SiteFields hide;
  hide.status = SiteStatus::kHidden;
  EXPECT_TRUE(b.edit("a", hide).ok());
  EXPECT_EQ(b.add("A").code, Code::kDuplicate);
  EXPECT_EQ(b.state.totals().active_sites, 0U);
}

TEST(ExternalId, names_one_site_except_shared_systems) {
  Bench b;
  b.add("A");
  b.add("B");
  SiteFields f;
  f.external_ids = {{"cvs", "1"}, {"vtrcks", "MAA1"}, {"npi_usa", "77"}};
  EXPECT_TRUE(b.edit("a", f).ok());
  EXPECT_EQ(b.edit("b", f).code, Code::kDuplicate);
  f.external_ids = {{"vtrcks", "MAA1"}, {"npi_usa", "77"}};
  EXPECT_TRUE(b.edit("b", f).ok());
  EXPECT_TRUE(b.edit("a", f).ok());
  f.external_ids = std::vector{ExternalId("cvs", "1")};
  EXPECT_TRUE(b.edit("b", f).ok()) << "free again";
  b.check();
}

TEST(Outcome, echoes_the_site_when_asked) {
  Bench b;
  b.add("A", "02138");
  Request request;
  request.operation = Reserve{{"a", {}}, kAnyProduct, 5};
  request.echo_site = true;
  b.apply(request);
  EXPECT_EQ(b.out.code, Code::kNotEnough);
  EXPECT_EQ(b.out.site_name, "A");
  EXPECT_EQ(b.out.site_zip, "02138");
  EXPECT_EQ(b.out.position, Position(b.position));
  EXPECT_EQ(describe(request, b.out), "reserve A any 5 refused: not_enough");
}

TEST(Describe, says_what_happened_in_one_line) {
  Bench b;
  b.add("Elm Street Clinic");
  Request request;
  SetAvailability op;
  op.site.name = "Elm Street Clinic";
  op.claim.availability = Availability::of(12);
  request.operation = op;
  b.apply(request);
  EXPECT_EQ(describe(request, b.out), "set Elm Street Clinic any = 12 (was 0, is 12)");
  b.apply(request);
  EXPECT_EQ(describe(request, b.out), "set Elm Street Clinic any = 12 (unchanged)");
}

TEST(Time, never_goes_back) {
  Bench b;
  b.add("A");
  const WallTime before = b.state.time();
  b.now = 5;
  b.set("a", Availability::of(9));
  EXPECT_EQ(b.state.time(), before);
  EXPECT_EQ(b.site("a").stock[0].changed_at, before);
}

}  // namespace
}  // namespace titer::registry
