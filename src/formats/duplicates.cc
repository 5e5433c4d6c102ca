// SPDX-License-Identifier: Apache-2.0

#include "formats/duplicates.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "formats/text.h"

namespace titer::formats {
namespace {

constexpr unsigned kSameStreet = 50, kSameName = 40, kPartOfName = 15, kSamePhone = 25;
constexpr std::size_t kPhoneDigits = 10;

// Words of a street that people abbreviate (USPS Publication 28).
constexpr std::array<std::pair<std::string_view, std::string_view>, 24> kShortWords = {{
    {"street", "st"},    {"avenue", "ave"},   {"av", "ave"},       {"road", "rd"},       {"boulevard", "blvd"},
    {"drive", "dr"},     {"lane", "ln"},      {"highway", "hwy"},  {"parkway", "pkwy"},  {"place", "pl"},
    {"court", "ct"},     {"square", "sq"},    {"suite", "ste"},    {"building", "bldg"}, {"floor", "fl"},
    {"north", "n"},      {"south", "s"},      {"east", "e"},       {"west", "w"},        {"northeast", "ne"},
    {"northwest", "nw"}, {"southeast", "se"}, {"southwest", "sw"}, {"saint", "st"},
}};
constexpr std::array<std::string_view, 8> kForms = {"inc", "llc",     "corp", "corporation",
                                                    "co",  "company", "ltd",  "the"};

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
}

// Words of letters and digits, in lower case.
std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words(1);
  for (const char c : folded(text)) {
    if (is_letter_or_digit(c))
      words.back().push_back(c);
    else if (c != '\'' && !words.back().empty())
      words.emplace_back();
  }
  if (words.back().empty()) words.pop_back();
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out.append(out.empty() ? "" : " ").append(word);
  return out;
}

std::string name_key_of(std::string_view name) {
  std::vector<std::string> words = words_of(name);
  std::erase_if(words, [](const std::string& word) { return std::ranges::find(kForms, word) != kForms.end(); });
  return joined(words);
}

std::string phone_key_of(std::string_view phone) {
  std::string digits;
  for (const char c : phone)
    if (c >= '0' && c <= '9') digits.push_back(c);
  return digits.size() < kPhoneDigits ? std::string() : digits.substr(digits.size() - kPhoneDigits);
}

}  // namespace

std::string street_key(std::string_view street) {
  std::vector<std::string> words = words_of(street);
  for (std::string& word : words)
    for (const auto& [whole, abbreviated] : kShortWords)
      if (word == whole) word = abbreviated;
  return joined(words);
}

void DuplicateFinder::add(const registry::Site& site) {
  Entry entry{{std::string(site.id), std::string(site.name), std::string(site.street), std::string(site.zip)},
              street_key(site.street),
              name_key_of(site.name),
              phone_key_of(site.phone)};
  if (!entry.street_key.empty()) entry.street_key.append(" ").append(site.zip);
  sites_.push_back(std::move(entry));
}

Duplicate DuplicateFinder::compare(const Entry& a, const Entry& b) const {
  Duplicate pair{a.shown, b.shown, 0, {}};
  const auto alike = [&pair](bool holds, unsigned score, std::string_view why) {
    if (!holds) return;
    pair.score += score;
    pair.why.append(pair.why.empty() ? "" : ", ").append(why);
  };
  alike(!a.street_key.empty() && a.street_key == b.street_key, kSameStreet, "same street and ZIP code");
  const bool same_name = !a.name_key.empty() && a.name_key == b.name_key;
  alike(same_name, kSameName, "same name");
  const std::string& longer = a.name_key.size() > b.name_key.size() ? a.name_key : b.name_key;
  const std::string& shorter = a.name_key.size() > b.name_key.size() ? b.name_key : a.name_key;
  alike(!same_name && !shorter.empty() && longer.starts_with(shorter + " "), kPartOfName,
        "one name begins the other");
  alike(!a.phone_key.empty() && a.phone_key == b.phone_key, kSamePhone, "same phone number");
  pair.score = std::min(pair.score, 100U);
  return pair;
}

std::vector<Duplicate> DuplicateFinder::find() const {
  std::map<std::string, std::vector<std::size_t>> alike;
  for (std::size_t i = 0; i < sites_.size(); ++i) {
    const Entry& site = sites_[i];
    if (!site.street_key.empty()) alike["s" + site.street_key].push_back(i);
    if (!site.name_key.empty() && !site.shown.zip.empty())
      alike["n" + site.name_key + " " + site.shown.zip].push_back(i);
    if (!site.phone_key.empty()) alike["p" + site.phone_key].push_back(i);
  }
  std::set<std::pair<std::size_t, std::size_t>> compared;
  std::vector<Duplicate> pairs;
  for (const auto& [key, group] : alike) {
    if (group.size() > kAlikeMax) continue;
    for (std::size_t i = 0; i < group.size(); ++i)
      for (std::size_t j = i + 1; j < group.size(); ++j) {
        if (!compared.emplace(group[i], group[j]).second) continue;
        Duplicate pair = compare(sites_[group[i]], sites_[group[j]]);
        if (pair.score >= kDuplicateScoreMin) pairs.push_back(std::move(pair));
      }
  }
  std::ranges::stable_sort(pairs, [](const Duplicate& a, const Duplicate& b) {
    return a.score != b.score ? a.score > b.score
                              : std::pair(a.first.name, a.first.id) < std::pair(b.first.name, b.first.id);
  });
  return pairs;
}

}  // namespace titer::formats
