// SPDX-License-Identifier: Apache-2.0

// Our own CSV and NDJSON: every field, every way to be wrong.

#include <gtest/gtest.h>

#include <algorithm>

#include "formats/csv.h"
#include "formats/testing.h"

namespace titer::formats {
namespace {

constexpr std::string_view kHeader = "site_id,name,street,city,state,zip,product,availability,valid_at,source\n";
ReadFile own(std::string_view lines) { return read_all(std::string(kHeader).append(lines)); }

TEST(OwnCsv, a_row_is_read) {
  const ReadFile f = own("elm,Elm Street,\"173 Elm St, Rear\",Pittsfield,MA,01201,208,12,2024-08-01,county\n");
  ASSERT_TRUE(f.status.ok());
  EXPECT_EQ(f.format, Format::kCsv);
  ASSERT_EQ(f.rows.size(), 1U);
  const ReadRow& r = f.rows[0];
  EXPECT_EQ(r.line, 2U);
  EXPECT_EQ(r.id, "elm");
  EXPECT_EQ(r.fields, (std::map<std::string, std::string>{{"name", "Elm Street"},
                                                          {"street", "173 Elm St, Rear"},
                                                          {"city", "Pittsfield"},
                                                          {"state", "MA"},
                                                          {"zip", "01201"}}));
  EXPECT_EQ(r.product, "208");
  EXPECT_EQ(r.availability, "12");
  EXPECT_EQ(r.valid_at, "2024-08-02T03:59:59Z") << "the end of the day in Massachusetts";
  EXPECT_EQ(r.source, "county");
  EXPECT_TRUE(f.problems.empty());
}

TEST(OwnCsv, availability_is_one_of_four_or_left_as_it_is) {
  const ReadFile f =
      own("a,A,,,,,,12,,\nb,B,,,,,,true,,\nc,C,,,,,,FALSE,,\nd,D,,,,,,unknown,,\ne,E,,,,,,,,\nf,F,,,,,,12.0,,\ng,G,"
          ",,,,,yes,,\n");
  ASSERT_EQ(f.rows.size(), 7U);
  EXPECT_EQ(f.rows[0].availability, "12");
  EXPECT_EQ(f.rows[0].product, "any");
  EXPECT_EQ(f.rows[1].availability, "true");
  EXPECT_EQ(f.rows[2].availability, "false");
  EXPECT_EQ(f.rows[3].availability, "unknown");
  EXPECT_FALSE(f.rows[4].has_stock);
  EXPECT_EQ(f.rows[5].availability, "12");
  EXPECT_EQ(f.rows[6].availability, "true");
}

TEST(OwnCsv, an_address_that_would_run_something_is_left_out_and_told) {
  const ReadFile f = read_all(
      "site_id,name,info_url,booking_url\na,A,javascript:alert(1),https://a.example\n"
      "b,B,a.example/x,\"data:text/html,<script>\"\n");
  ASSERT_EQ(f.rows.size(), 2U);
  EXPECT_FALSE(f.rows[0].fields.contains("info_url"));
  EXPECT_EQ(f.rows[0].fields.at("booking_url"), "https://a.example");
  EXPECT_EQ(f.rows[1].fields.at("info_url"), "a.example/x");
  EXPECT_FALSE(f.rows[1].fields.contains("booking_url"));
  EXPECT_EQ(f.told("not an http"), 2U);
}

// As spreadsheets of old Macs save it.
TEST(OwnCsv, lines_may_end_with_a_carriage_return_alone) {
  std::string text = std::string(kHeader) + "elm,\"Elm, Street\",,,,,,12,,\n\noak,Oak,,,,,,3,,\n";
  std::ranges::replace(text, '\n', '\r');
  for (const bool with_end : {true, false}) {
    if (!with_end) text.pop_back();
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, text.size()}) {
      const ReadFile f = read_all(text, piece);
      ASSERT_TRUE(f.status.ok()) << f.status.error().message;
      ASSERT_EQ(f.rows.size(), 2U) << piece;
      EXPECT_EQ(f.rows[0].fields.at("name"), "Elm, Street");
      EXPECT_EQ(f.rows[1].line, 4U);
      EXPECT_TRUE(f.problems.empty());
    }
  }
  EXPECT_EQ(read_all("site_id,name\r").counts.records, 0U);
  EXPECT_EQ(read_all("site_id,name\r\na,A\r\n").rows.size(), 1U) << "both together are one end";
}

// A device, or bytes that are no text: nobody would see an end of it.
TEST(OwnCsv, a_first_line_that_does_not_end_ends_the_import) {
  const ReadFile f = read_all(std::string(kLineBytesMax + 2, '\0'));
  ASSERT_FALSE(f.status.ok());
  EXPECT_NE(f.status.error().message.find("first line"), std::string::npos) << f.status.error().message;
}

TEST(OwnCsv, wrong_values_refuse_their_row_and_no_other) {
  const ReadFile f =
      own("a,A,,,,,,-1,,\nb,B,,,,,,many,,\nc,C,,,,,,1.5,,\nd,D,,,,,,9999999999,,\ne_f,E,,,,,,1,,\nf,F,,,,,,1,"
          "yesterday,\n"
          "g,G,,,,,b@d,1,,\n,,Nowhere,,,,,1,,\ni,I,,,,,,1,,,x,y\nz,Z,,,,,,1,,\n");
  ASSERT_EQ(f.rows.size(), 1U);
  EXPECT_EQ(f.rows[0].id, "z");
  EXPECT_EQ(f.counts.records, 10U);
  EXPECT_EQ(f.counts.refused, 9U);
  EXPECT_EQ(f.counts.rows, 1U);
  for (std::size_t i = 0; i < f.problems.size(); ++i) {
    EXPECT_TRUE(f.problems[i].refused);
    EXPECT_EQ(f.problems[i].line, i + 2);
    EXPECT_FALSE(f.problems[i].why.empty());
  }
  EXPECT_EQ(f.problems[1].field, "availability");
  EXPECT_EQ(f.problems[1].value, "many");
  EXPECT_EQ(f.problems[5].field, "valid_at");
}

TEST(OwnCsv, zips_are_mended_and_marked) {
  const ReadFile f =
      own("a,A,,,,2138,,,,\nb,B,,,,02138-1234,,,,\nc,C,,,,8332-3762,,,,\nd,D,,,,021381234,,,,\ne,E,,,,2138.0,,,,"
          "\nf,F,,,,Cambridge,,,,\n"
          "g,G,,,,501,,,,\nh,H,,,,00000,,,,\ni,I,,,,12,,,,\n");
  ASSERT_EQ(f.rows.size(), 9U);
  const auto zip = [&](std::size_t i) {
    const auto& fields = f.rows[i].fields;
    const auto five = fields.find("zip"), four = fields.find("zip_plus4");
    return (five == fields.end() ? "" : five->second) + (four == fields.end() ? "" : "-" + four->second);
  };
  EXPECT_EQ(zip(0), "02138");
  EXPECT_EQ(zip(1), "02138-1234");
  EXPECT_EQ(zip(2), "08332-3762");
  EXPECT_EQ(zip(3), "02138-1234");
  EXPECT_EQ(zip(4), "02138");
  EXPECT_EQ(zip(5), "");
  EXPECT_EQ(zip(6), "00501");
  EXPECT_EQ(zip(7), "");
  EXPECT_EQ(zip(8), "");
  EXPECT_EQ(f.told("zeros in front of the ZIP code were lost"), 4U);
  EXPECT_EQ(f.told("not a ZIP code"), 3U);
}

TEST(OwnCsv, products_are_codes_or_refused_with_what_is_near) {
  const ReadFile f =
      own("a,A,,,,,59267-1000-01,1,,\nb,B,,,,,8,1,,\nc,C,,,,,newvax,1,,\nd,D,,,,,any,1,,\ne,E,,,,,Pfizer,1,,\n"
          "f,F,,,,,999-1-1,1,,\ng,G,,,,,Flu,1,,\nh,H,,,,,flu,1,,\n");
  ASSERT_EQ(f.rows.size(), 6U);
  EXPECT_EQ(f.rows[0].product, "59267-1000-01") << "a pack is not its vaccine";
  EXPECT_EQ(f.rows[1].product, "08");
  EXPECT_EQ(f.rows[2].product, "any");
  EXPECT_EQ(f.rows[3].product, "00999-0001-01");
  EXPECT_EQ(f.rows[4].product, "88");
  EXPECT_EQ(f.told("names no product"), 2U);
  EXPECT_EQ(f.told("no NDC code that is known here: kept"), 1U);
  EXPECT_EQ(f.told("a group of vaccines"), 1U) << "once";
  EXPECT_NE(f.problems[1].value.find("near: Pfizer-BioNTech"), std::string::npos) << f.problems[1].value;
}

TEST(OwnCsv, bytes_of_windows_1252_are_converted_and_others_replaced_and_told) {
  const ReadFile f =
      own("a,Pe\xF1"
          "a Cl\xEDnica \x96 Caf\xE9,,Mayag\xFC"
          "ez,,,,1,,\nb,\"Two\nLines\",,,,,,1,,\nc,Caf\xC3\xA9,,,,,,1,,\n"
          "d,Caf\xC3\xA9 \xE9,,,,,,1,,\ne,Pe\xC3\x83\xC2\xB1"
          "a,,,,,,1,,\n");
  ASSERT_EQ(f.rows.size(), 5U);
  EXPECT_EQ(f.rows[0].fields.at("name"),
            "Pe\xC3\xB1"
            "a Cl\xC3\xAD"
            "nica \xE2\x80\x93 Caf\xC3\xA9");
  EXPECT_EQ(f.rows[0].fields.at("city"),
            "Mayag\xC3\xBC"
            "ez");
  EXPECT_EQ(f.rows[1].fields.at("name"), "Two Lines");
  EXPECT_EQ(f.rows[2].fields.at("name"), "Caf\xC3\xA9");
  EXPECT_EQ(f.rows[3].fields.at("name"), "Caf\xC3\xA9 \xEF\xBF\xBD") << "both encodings in one text: damaged";
  EXPECT_EQ(f.rows[4].fields.at("name"),
            "Pe\xC3\xB1"
            "a")
      << "UTF-8 that was encoded twice";
  EXPECT_EQ(f.told("Windows-1252"), 2U) << "once for each column";
  EXPECT_EQ(f.told("not UTF-8"), 1U);
  EXPECT_EQ(f.told("UTF-8 that was encoded twice"), 1U);
  EXPECT_EQ(f.told("line ends or control"), 1U);
}

TEST(OwnCsv, what_turns_the_direction_of_writing_is_left_out_and_told) {
  const ReadFile f =
      own("a,\xE2\x80\xAE"
          "Elm\xE2\x80\xAC Street,,,,,,1,,\nb,Elm\xC2\x85Two,,,,,,1,,\n");
  ASSERT_EQ(f.rows.size(), 2U);
  EXPECT_EQ(f.rows[0].fields.at("name"), "Elm Street");
  EXPECT_EQ(f.rows[1].fields.at("name"), "Elm Two");
  EXPECT_EQ(f.told("characters that turn the direction of writing"), 1U);
  EXPECT_EQ(f.told("line ends or control"), 1U);
}

TEST(OwnCsv, the_header_decides_the_order_and_unknown_columns_are_told_once) {
  const ReadFile f = read_all(
      "Availability, NAME ,colour,lat,lon,external_ids,name\n3,Elm,red,42.5,-71.25,npi_usa:12|a\\:b:c\\|d,x\n");
  ASSERT_TRUE(f.status.ok());
  ASSERT_EQ(f.rows.size(), 1U);
  EXPECT_EQ(f.rows[0].fields.at("name"), "Elm");
  EXPECT_EQ(f.rows[0].fields.at("lat"), "42.500000");
  EXPECT_EQ(f.rows[0].external_ids,
            (std::vector<std::pair<std::string, std::string>>{{"npi_usa", "12"}, {"a:b", "c|d"}}));
  EXPECT_EQ(f.told("this column is not known"), 1U);
  EXPECT_EQ(f.told("this column comes twice"), 1U);
}

TEST(OwnCsv, points_off_the_map_are_left_out) {
  const ReadFile f = read_all("name,lat,lon\na,0,0\nb,91,181\nc,42,\nd,x,y\ne,42,-71\n");
  EXPECT_EQ(f.told("not a point on land"), 4U);
  ASSERT_EQ(f.rows.size(), 5U);
  EXPECT_EQ(f.rows[4].fields.count("lat"), 1U);
  EXPECT_EQ(f.rows[3].fields.count("lat"), 0U);
}

TEST(OwnCsv, a_place_that_contradicts_itself_is_kept_and_told) {
  const ReadFile f = read_all("name,state,zip,lat,lon\na,MA,90001,,\nb,MA,,34.1,-118.2\nc,MA,02138,42.4,-71.1\n");
  ASSERT_EQ(f.rows.size(), 3U);
  EXPECT_EQ(f.told("the place contradicts itself"), 2U);
  ASSERT_FALSE(f.problems.empty());
  EXPECT_NE(f.problems[0].why.find("90001 is in CA"), std::string::npos) << f.problems[0].why;
}

TEST(OwnCsv, of_two_values_for_one_stock_line_the_first_counts) {
  const ReadFile f =
      own("a,A,,,,,208,1,,\na,A,,,,,208,2,,\na,A,,,,,208,1,,\na,A,,,,,207,2,,\na,A,,,,,208,5,2024-08-01,\na,A,,,,,"
          "208,6,2024-08-02,\n");
  EXPECT_EQ(f.rows.size(), 5U);
  ASSERT_EQ(f.problems.size(), 2U);
  EXPECT_TRUE(f.problems[0].refused);
  EXPECT_EQ(f.problems[0].value, "line 2");
  EXPECT_FALSE(f.problems[1].refused) << "the same value again";
}

TEST(OwnNdjson, a_row_is_read) {
  const ReadFile f = read_all(
      R"({"site_id":"elm","name":"Elm \u00e9","zip":"01201","product":208,"availability":12,"valid_at":"2024-08-01","lat":42.5,"lon":-71.5,"external_ids":[["npi_usa","1"]]})"
      "\n\n"
      R"({"site_id":"b","name":"B","availability":true})"
      "\n"
      R"({"site_id":"c","name":"C","availability":{"count":7},"zip":2138,"phone":null})");
  ASSERT_TRUE(f.status.ok());
  EXPECT_EQ(f.format, Format::kNdjson);
  ASSERT_EQ(f.rows.size(), 3U);
  EXPECT_EQ(f.rows[0].fields.at("name"), "Elm \xC3\xA9");
  EXPECT_EQ(f.rows[0].product, "208");
  EXPECT_EQ(f.rows[0].availability, "12");
  EXPECT_EQ(f.rows[0].external_ids.at(0).second, "1");
  EXPECT_EQ(f.rows[1].availability, "true");
  EXPECT_EQ(f.rows[1].line, 3U);
  EXPECT_EQ(f.rows[2].availability, "7");
  EXPECT_EQ(f.rows[2].fields.at("zip"), "02138");
}

TEST(OwnNdjson, wrong_lines_are_refused_one_by_one) {
  const std::string deep = std::string(100, '[') + std::string(100, ']');
  const ReadFile f = read_all(
      "{\"name\":\"A\"}\n{\"name\":\n[1]\n{\"name\":\"B\",\"zip\":[1]}\n{\"name\":\"B\",\"availability\":{\"n\":1}}"
      "\n"
      "{\"name\":\"x\",\"colour\":" +
      deep + "}\n{\"name\":\"Z\",\"colour\":1}\n{\"name\":\"Y\",\"colour\":2}\n");
  EXPECT_EQ(f.rows.size(), 3U);
  EXPECT_EQ(f.counts.refused, 5U);
  EXPECT_EQ(f.counts.records, 8U);
  EXPECT_EQ(f.told("this name is not known"), 1U);
}

TEST(OwnNdjson, a_line_beyond_the_limit_is_refused_alone) {
  const std::string text = "{\"name\":\"A\"}\n{\"name\":\"" + std::string(2 << 20, 'x') + "\"}\n{\"name\":\"Z\"}\n";
  for (const std::size_t piece : {std::size_t{0}, std::size_t{10'000}}) {
    const ReadFile f = read_all(text, piece);
    EXPECT_EQ(f.rows.size(), 2U);
    EXPECT_EQ(f.rows.back().line, 3U);
    EXPECT_EQ(f.told("the line is longer"), 1U);
  }
}

// --- whole files

TEST(Reader, marks_packing_and_pieces_make_no_difference) {
  const std::string text = std::string(kHeader).append("a,A,,,,02138,,12,,\nb,B,,,,02139,,true,,\n");
  std::string two = gzip(text.substr(0, 40));
  two += gzip(text.substr(40));
  for (const std::string& form : {text, "\xEF\xBB\xBF" + text, gzip(text), gzip("\xEF\xBB\xBF" + text), two})
    for (const std::size_t piece : {0U, 1U, 3U, 100U}) {
      const ReadFile f = read_all(form, piece);
      ASSERT_TRUE(f.status.ok()) << f.status.error().message;
      EXPECT_EQ(f.rows.size(), 2U);
      EXPECT_TRUE(f.problems.empty());
    }
}

// Found by fuzz/imports: the mark alone was taken for the beginning of a CSV.
TEST(Reader, a_byte_order_mark_that_comes_alone_says_nothing_about_the_format) {
  for (const std::size_t piece : {0U, 1U, 2U, 3U, 4U})
    EXPECT_EQ(read_all("\xEF\xBB\xBF\n{\"name\": \"A\"}\n", piece).format, Format::kNdjson) << piece;
}

// Found by fuzz/imports: it depended on where the file was cut.
TEST(Reader, after_an_error_about_the_whole_file_nothing_else_is_told) {
  for (const std::size_t piece : {0U, 1U, 7U}) {
    const ReadFile f = read_all("no,such,header\n\"never closed\nand,more\n", piece);
    EXPECT_FALSE(f.status.ok());
    EXPECT_TRUE(f.problems.empty()) << piece;
    EXPECT_EQ(f.counts.records, 0U);
  }
}

TEST(Reader, files_that_are_none_are_told_what_is_wanted) {
  const auto refused = [](std::string_view text) {
    return !read_all(text).status.ok() && !read_all(text, 1).status.ok();
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("\n\n\n"));
  EXPECT_TRUE(refused("hello\nworld\n"));
  EXPECT_TRUE(refused("[{\"name\":\"a\"}]"));
  EXPECT_TRUE(refused(std::string_view("\xFF\xFEn\0a\0", 6)));
  EXPECT_TRUE(refused("PK\x03\x04zip"));
  EXPECT_TRUE(refused("\x1F\x8Bgarbage that is no gzip"));
  const std::string packed = gzip(std::string(kHeader).append("a,A,,,,,,1,,\n"));
  EXPECT_TRUE(refused(std::string_view(packed).substr(0, packed.size() - 6)));
  EXPECT_FALSE(read_all(kHeader, 0, {.expected = Format::kCdcProviders}).status.ok()) << "another format was said";
  EXPECT_TRUE(read_all(kHeader).status.ok()) << "a header alone is an empty file";
}

TEST(Reader, gzip_that_unpacks_to_far_more_than_its_size_is_refused) {
  const std::string bomb = gzip("site_id,name\n" + std::string(8 << 20, '\n'));
  ASSERT_GT((std::size_t{8} << 20) / bomb.size(), kInflationMax);
  for (const std::size_t piece : {std::size_t{0}, std::size_t{1}, std::size_t{100}}) {
    const ReadFile file = read_all(bomb, piece);
    ASSERT_FALSE(file.status.ok()) << piece;
    EXPECT_NE(file.status.error().message.find("unpacks to more than 200 times"), std::string::npos)
        << file.status.error().message;
  }
  // What only looks like one at its beginning is none.
  std::string blank_first = "site_id,name\n" + std::string(3 << 20, '\n');
  blank_first += "a,A\n";
  EXPECT_EQ(read_all(gzip(blank_first)).rows.size(), 1U);
}

TEST(Reader, names_of_columns_and_values_are_cut_where_they_are_told) {
  const ReadFile file = read_all("{\"site_id\":\"a\",\"name\":\"A\",\"" + std::string(100'000, 'k') + "\":1}\n");
  ASSERT_EQ(file.problems.size(), 1U);
  EXPECT_EQ(file.problems[0].field.size(), 80U);
}

TEST(Reader, a_damaged_gzip_gives_what_was_before_the_damage) {
  std::string text(kHeader);
  for (int i = 0; i < 20'000; ++i) text += "site-" + std::to_string(i * 7919 % 100'003) + ",A,,,,,,1,,\n";
  std::string packed = gzip(text);
  packed.resize(packed.size() / 2);
  const ReadFile f = read_all(packed, 1000);
  EXPECT_FALSE(f.status.ok());
  EXPECT_GT(f.rows.size(), 5000U);
}

TEST(Reader, noise_is_never_a_crash) {
  std::uint64_t state = 1;
  const auto random = [&state] {
    return state = state * 6364136223846793005ULL + 1442695040888963407ULL, state >> 33;
  };
  for (int round = 0; round < 2000; ++round) {
    std::string text = round % 3 == 0 ? "{" : round % 3 == 1 ? std::string(kHeader) : "\x1F\x8B\x08";
    for (std::uint64_t n = random() % 300; n > 0; --n)
      text.push_back(random() % 2 == 0 ? ",\"\n{}:1a"[random() % 8] : static_cast<char>(random() % 256));
    const ReadFile f = read_all(text, random() % 20);
    EXPECT_EQ(f.counts.rows, f.rows.size());
  }
}

}  // namespace
}  // namespace titer::formats
