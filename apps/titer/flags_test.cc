// SPDX-License-Identifier: Apache-2.0

// The commands rely on this when they declare options, whichever library parses the command line.
#include "titer/flags.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace titer::app {
namespace {

// Collects standard output and standard error while it lives.
class Said {
 public:
  Said() : out_(std::cout.rdbuf(text_.rdbuf())), err_(std::cerr.rdbuf(text_.rdbuf())) {}
  ~Said() {
    std::cout.rdbuf(out_);
    std::cerr.rdbuf(err_);
  }
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;
  [[nodiscard]] std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf *out_, *err_;
};

struct Outcome {
  int code = 0;
  std::string said;
  [[nodiscard]] bool says(const std::string& part) const { return said.find(part) != std::string::npos; }
};

constexpr int kRan = 42;

// `try` of a program that has no other command, followed by these words.
Outcome try_with(std::vector<const char*> words, const std::function<void(Flags&)>& declare) {
  CommandLine line("program", "does things", "1.2.3");
  line.flags().command("try", "tries", [&](Flags& flags) -> Runner {
    declare(flags);
    return [] { return kRan; };
  });
  words.insert(words.begin(), {"program", "try"});
  const Said said;
  const int code = line.run(static_cast<int>(words.size()), words.data());
  return {code, said.text()};
}

TEST(Flags, WhatIsGivenIsReadAndTheRestKeepsItsDefault) {
  std::string site, product = "any";
  std::optional<std::uint32_t> version, other;
  bool json = false, force = false;
  const Outcome outcome = try_with({"elm", "--version-of", "7", "--json"}, [&](Flags& flags) {
    flags.option("site", site).required();
    flags.option("--product", product);
    flags.option("--version-of", version);
    flags.option("--other", other);
    flags.flag("--json", json, "");
    flags.flag("--force", force, "");
  });
  EXPECT_EQ(outcome.code, kRan) << outcome.said;
  EXPECT_EQ(site, "elm");
  EXPECT_EQ(product, "any");
  EXPECT_EQ(version, 7U);
  EXPECT_EQ(other, std::nullopt);
  EXPECT_TRUE(json);
  EXPECT_FALSE(force);
}

TEST(Flags, NumbersAreDecimal) {
  std::uint64_t doses = 0;
  std::int64_t by = 0;
  std::optional<std::uint16_t> index;
  std::vector<std::uint64_t> seeds;
  std::string zip;
  const Outcome outcome =
      try_with({"010", "--by=-010", "--index", "08", "--seed", "017", "0", "--zip", "00501"}, [&](Flags& flags) {
        flags.option("doses", doses);
        flags.option("--by", by);
        flags.option("--index", index);
        flags.option("--seed", seeds);
        flags.option("--zip", zip);
      });
  EXPECT_EQ(outcome.code, kRan) << outcome.said;
  EXPECT_EQ(doses, 10U);
  EXPECT_EQ(by, -10);
  EXPECT_EQ(index, 8);
  EXPECT_EQ(seeds, (std::vector<std::uint64_t>{17, 0}));
  EXPECT_EQ(zip, "00501");  // text stays as it is
}

TEST(Flags, NumbersAreDecimalInCommandsOfCommands) {
  int days = 0;
  CommandLine line("program", "", "");
  line.flags().command("cert", "", [&](Flags& flags) -> Runner {
    flags.command("issue", "", [&](Flags& inner) -> Runner {
      inner.option("--days", days).between(1, 400);
      return [] { return kRan; };
    });
    return {};
  });
  const char* words[] = {"program", "cert", "issue", "--days", "0100"};
  EXPECT_EQ(line.run(5, words), kRan);
  EXPECT_EQ(days, 100);
}

TEST(Flags, WhatCannotBeReadIsAUsageError) {
  std::uint16_t port = 1;
  double seconds = 1;
  std::string unit, site;
  const auto declare = [&](Flags& flags) {
    flags.option("--port", port);
    flags.option("--seconds", seconds).positive();
    flags.option("--unit", unit).one_of({"mi", "km"});
    flags.option("--site", site);
  };
  using Words = std::vector<const char*>;
  for (const Words& words :
       {Words{"--port", "65536"}, Words{"--port", "-1"}, Words{"--port", "many"}, Words{"--port"},
        Words{"--port", "1.5"}, Words{"--port", "0x10"}, Words{"--port", "+-1"}, Words{"--port", ""},
        Words{"--seconds", "0"}, Words{"--seconds", "-5"}, Words{"--seconds", "nan"}, Words{"--seconds", "inf"},
        Words{"--seconds", "1e999"}, Words{"--unit", "ly"}, Words{"--what"}, Words{"--site", "a", "b"}}) {
    const Outcome outcome = try_with(words, declare);
    EXPECT_EQ(outcome.code, 2) << words.front();
    EXPECT_TRUE(outcome.says("--help")) << outcome.said;
    EXPECT_LT(outcome.said.size(), 300U) << "limits are readable: " << outcome.said;
  }
}

// `titer undo -1` asked for event 18446744073709551615, and `--timeout nan` or 1e300 gave up before it had begun.
// `--ca "$CA"` with a variable that is not set turned TLS off.
TEST(Flags, AnEmptyTextIsAUsageErrorUnlessItIsAValue) {
  std::string ca, site, phone = "none";
  std::vector<std::string> at;
  const auto declare = [&](Flags& flags) {
    flags.option("site", site);
    flags.option("--ca", ca);
    flags.option("--at", at);
    flags.option("--phone", phone).may_be_empty();
  };
  for (const std::vector<const char*>& words : {std::vector<const char*>{"--ca", ""}, {""}, {"--at", "one", ""}}) {
    const Outcome outcome = try_with(words, declare);
    EXPECT_EQ(outcome.code, 2) << words.back();
    EXPECT_TRUE(outcome.says("empty")) << outcome.said;
  }
  EXPECT_EQ(try_with({"--phone", ""}, declare).code, kRan);
  EXPECT_EQ(phone, "");
}

TEST(Flags, NumbersHaveTheRangeOfTheirMeaning) {
  std::uint64_t position = 0;
  std::int64_t by = 0;
  double timeout = 10;
  const auto declare = [&](Flags& flags) {
    flags.option("position", position);
    flags.option("--by", by);
    flags.option("--timeout", timeout).seconds();
  };
  EXPECT_TRUE(try_with({"-1"}, declare).says("'-1' is not a whole number from 0 to 18446744073709551615"));
  EXPECT_EQ(try_with({"18446744073709551616"}, declare).code, 2);
  EXPECT_EQ(try_with({"18446744073709551615", "--by", "+5", "--timeout", "0.5"}, declare).code, kRan);
  EXPECT_EQ(position, UINT64_MAX);
  EXPECT_EQ(by, 5);
  EXPECT_EQ(timeout, 0.5);
  for (const char* bad : {"nan", "-nan", "inf", "-1", "0", "1e300", "1000001", "1e-300", "ten", ""})
    EXPECT_TRUE(try_with({"--timeout", bad}, declare).says("--timeout")) << bad;
  EXPECT_TRUE(try_with({"--timeout", "0"}, declare).says("'0' is not a number of seconds from 0.001 to 1000000"));
}

TEST(Flags, RangesIncludeTheirEnds) {
  std::uint32_t limit = 0;
  std::optional<double> lat;
  const auto declare = [&](Flags& flags) {
    flags.option("--limit", limit).between(1, 2000);
    flags.option("--lat", lat).between(-90.0, 90.0);
  };
  EXPECT_EQ(try_with({"--limit", "2000", "--lat", "-90"}, declare).code, kRan);
  EXPECT_EQ(limit, 2000U);
  EXPECT_EQ(lat, -90.0);
  EXPECT_EQ(try_with({"--limit", "2001"}, declare).code, 2);
  EXPECT_EQ(try_with({"--lat", "90.5"}, declare).code, 2);
}

TEST(Flags, RequiredAndNeeded) {
  std::string site;
  std::optional<double> lat, lon;
  const auto declare = [&](Flags& flags) {
    flags.option("site", site).required();
    Option north = flags.option("--lat", lat);
    Option east = flags.option("--lon", lon);
    north.needs(east);
    east.needs(north);
  };
  EXPECT_EQ(try_with({}, declare).code, 2);
  EXPECT_EQ(try_with({"elm", "--lat", "1"}, declare).code, 2);
  EXPECT_EQ(try_with({"elm", "--lon", "1", "--lat", "2"}, declare).code, kRan);
}

TEST(Flags, ListsTakeWordsPartsOfWordsOrOneWordEach) {
  std::vector<std::string> files, names, at;
  std::string site;
  const auto clear = [&] { files = names = at = {}; };
  const auto declare = [&](Flags& flags) {
    flags.option("site", site);
    flags.option("--file", files);
    flags.option("--name", names).comma_separated();
    flags.option("--at", at).one_word_each();
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(try_with({"--file", "a", "b,c", "--name", "d,e", "f"}, declare).code, kRan);
  EXPECT_EQ(files, (List{"a", "b,c"}));
  EXPECT_EQ(names, (List{"d", "e", "f"}));
  clear();
  EXPECT_EQ(try_with({"--at", "1", "elm", "--at", "2"}, declare).code, kRan);
  EXPECT_EQ(at, (List{"1", "2"}));
  EXPECT_EQ(site, "elm");
}

TEST(Flags, TheEnvironmentIsReadWhereNothingIsGiven) {
  std::string key;
  const auto declare = [&](Flags& flags) { flags.option("--key", key).env("TITER_FLAGS_TEST_KEY"); };
  ASSERT_EQ(setenv("TITER_FLAGS_TEST_KEY", "environment", 1), 0);
  EXPECT_EQ(try_with({}, declare).code, kRan);
  EXPECT_EQ(key, "environment");
  EXPECT_EQ(try_with({"--key", "given"}, declare).code, kRan);
  EXPECT_EQ(key, "given");
  unsetenv("TITER_FLAGS_TEST_KEY");
}

TEST(Flags, TheHelpShowsWhatWasDeclared) {
  std::string at, county;
  double timeout = 10;
  const Outcome outcome = try_with({"--help"}, [&](Flags& flags) {
    flags.option("--at", at, "replicas to talk to").value_name("ADDR").env("TITER_AT");
    flags.option("--timeout", timeout, "seconds to wait").show_default();
    flags.option("--county", county).heading("Fields");
    flags.footer("Last words.");
  });
  EXPECT_EQ(outcome.code, 0);
  for (const char* part : {"--at ADDR", "(Env:TITER_AT)", "replicas to talk to", "FLOAT=10",
                           "\nFields:\n  --county TEXT", "\nLast words.\n"})
    EXPECT_TRUE(outcome.says(part)) << part << " is not in\n" << outcome.said;
}

class Commands : public testing::Test {
 protected:
  Outcome run(std::vector<const char*> words) {
    CommandLine line("program", "does things", "1.2.3");
    const auto returns = [](int code) { return [code](Flags&) -> Runner { return [code] { return code; }; }; };
    line.flags().command("set", "sets", returns(10), "Stock");
    line.flags().command("replica", "one process", returns(11), "");
    line.flags().command(
        "key", "keys",
        [&](Flags& flags) -> Runner {
          flags.command("create", "makes one", returns(12));
          flags.command("list", "shows all", returns(13));
          return {};
        },
        "Operating");
    words.insert(words.begin(), "program");
    const Said said;
    const int code = line.run(static_cast<int>(words.size()), words.data());
    return {code, said.text()};
  }
};

TEST_F(Commands, TheOneThatIsNamedRuns) {
  EXPECT_EQ(run({"set"}).code, 10);
  EXPECT_EQ(run({"replica"}).code, 11);
  EXPECT_EQ(run({"key", "create"}).code, 12);
  EXPECT_EQ(run({"key", "list"}).code, 13);
}

TEST_F(Commands, NoneIsTheHelp) {
  const Outcome outcome = run({});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(outcome.says("\nStock:\n  set"));
  EXPECT_TRUE(outcome.says("\nOperating:\n  key"));
  EXPECT_FALSE(outcome.says("one process"));  // hidden
}

TEST_F(Commands, ACommandOfCommandsWantsOneOfThem) {
  EXPECT_EQ(run({"key"}).code, 2);
  EXPECT_EQ(run({"key", "burn"}).code, 2);
  EXPECT_EQ(run({"burn"}).code, 2);
  EXPECT_EQ(run({"set", "replica"}).code, 2);
}

TEST_F(Commands, HelpIsAlsoAWord) {
  const Outcome all = run({"help"}), one = run({"help", "key", "create"});
  EXPECT_EQ(all.code, 0);
  EXPECT_NE(all.said.find("Stock"), std::string::npos) << all.said;
  EXPECT_EQ(one.code, 0);
  EXPECT_NE(one.said.find("makes one"), std::string::npos) << one.said;
}

TEST_F(Commands, WhatIsNoCommandIsNamedAndOptionsComeAfterOne) {
  const Outcome unknown = run({"sett", "5"}), early = run({"--at", "8892", "set"});
  EXPECT_EQ(unknown.code, 2);
  EXPECT_NE(unknown.said.find("program: there is no command 'sett'"), std::string::npos) << unknown.said;
  EXPECT_EQ(early.code, 2);
  EXPECT_NE(early.said.find("program: the command comes before its options: program COMMAND --at"),
            std::string::npos)
      << early.said;
}

TEST_F(Commands, TheVersion) {
  const Outcome outcome = run({"--version"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(outcome.said, "1.2.3\n");
}

}  // namespace
}  // namespace titer::app
