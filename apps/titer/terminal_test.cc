// SPDX-License-Identifier: Apache-2.0

// A server may say anything: it may be another program at that address, or of a time when more could be stored. What the
// commands print of it does nothing to a terminal.

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <deque>

#include "titer/dialogue.h"
#include "titer/site_table.h"
#include "wire/codec.h"

namespace titer::app {
namespace {

constexpr std::string_view kEvil =
    "\x1b[2J\xC2\x9B"
    "31m\xE2\x80\xAE\xE2\x80\x8F\x7f";

bool does_nothing(std::string_view text) {
  for (const std::string_view bad : {"\x1b", "\xC2\x9B", "\xE2\x80\xAE", "\xE2\x80\x8F", "\x7f"})
    if (text.find(bad) != std::string_view::npos) return false;
  return !text.empty();
}

registry::Site evil_site() {
  registry::Site site;
  site.id = site.name = site.zip = site.street = site.info_url = site.updated_by = kEvil;
  site.external_ids = {{kEvil, kEvil}};
  registry::StockLine line;
  line.product = line.source = line.updated_by = kEvil;
  site.stock = {line};
  return site;
}

// Answers every question with one site, or with an error.
struct EvilAsker final : client::Asker {
  Result<client::Reply> ask(const registry::Query& query) override {
    if (fails) return Error{Code::kInternal, std::string(kEvil)};
    client::Reply reply;
    reply.position = Position(1);
    ByteWriter out(reply.body);
    out.u8(0);
    if (!std::holds_alternative<registry::ChangedSites>(query)) wire::encode_site(out, evil_site());
    return reply;
  }
  bool fails = false;
};

std::string talk(bool fails, std::deque<std::string> lines) {
  EvilAsker asker;
  asker.fails = fails;
  std::string shown;
  Dialogue dialogue({.write = [&](std::string_view text) { shown += text; },
                     .read = [&]() -> std::optional<std::string> {
                       if (lines.empty()) return std::nullopt;
                       std::string line = lines.front();
                       lines.pop_front();
                       return line;
                     },
                     .execute = [&](const registry::Request&) -> Result<registry::Outcome> {
                       if (fails) return Error{Code::kInternal, std::string(kEvil)};
                       registry::Outcome outcome;
                       outcome.code = Code::kForbidden;
                       outcome.message = kEvil;
                       return outcome;
                     },
                     .asker = &asker,
                     .actor = "client"});
  dialogue.run();
  return shown;
}

TEST(Terminal, IsSafeFromWhatTheDialogueShows) {
  const std::string name(kEvil);
  for (const bool fails : {false, true}) {
    EXPECT_TRUE(does_nothing(talk(fails, {"l"}))) << talk(fails, {"l"});
    EXPECT_TRUE(does_nothing(talk(fails, {"v", "Elm"}))) << talk(fails, {"v", "Elm"});
    EXPECT_TRUE(does_nothing(talk(fails, {"e", name, "5"}))) << talk(fails, {"e", name, "5"});
    EXPECT_TRUE(does_nothing(talk(fails, {"n", name, "02138"}))) << talk(fails, {"n", name, "02138"});
  }
  EXPECT_NE(talk(false, {"v", "Elm"}).find("\\x9b31m"), std::string::npos) << "the site was shown";
}

TEST(Terminal, IsSafeFromSitesAndTheirJson) {
  testing::internal::CaptureStdout();
  print_site(evil_site());
  Table table = site_table(false);
  add_rows(table, evil_site(), {}, {});
  table.print();
  std::fflush(stdout);
  EXPECT_TRUE(does_nothing(testing::internal::GetCapturedStdout()));
  EXPECT_TRUE(does_nothing(to_json(evil_site())));
  boost::json::object object;
  object[std::string(kEvil)] = std::string(kEvil);
  EXPECT_TRUE(does_nothing(to_json(object)));
  registry::Event event;
  event.actor = event.reason = event.site_id = kEvil;
  EXPECT_TRUE(does_nothing(one_line(event)));
  EXPECT_TRUE(does_nothing(to_json(event)));
}

}  // namespace
}  // namespace titer::app
