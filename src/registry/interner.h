// SPDX-License-Identifier: Apache-2.0

// Words: texts that many rows share (products, sources, people, cities, states, counties, providers), each kept
// once and named by a small number.
//
// Words are counted: a word that no row uses any more is forgotten and its number given again, so a stream of
// ever new actors does not grow the memory. Numbers therefore depend on history and differ between replicas;
// nothing that is compared between replicas may depend on them (digests use the word's hash).
// Number 0 is the empty word and is never counted. One thread. A word's text stays in place while it is used.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "registry/paged.h"
#include "registry/slot_table.h"

namespace titer::registry {

class Interner {
 public:
  Interner();

  // The word's number with one more use.
  [[nodiscard]] std::uint32_t acquire(std::string_view text);
  void release(std::uint32_t word);
  // Replaces a use of `word` by one of `text`; free when they are the same.
  void assign(std::uint32_t& word, std::string_view text);

  [[nodiscard]] std::uint32_t find(std::string_view text) const;  // kNil: no row uses it
  [[nodiscard]] std::string_view text(std::uint32_t word) const { return words_[word].text; }
  [[nodiscard]] std::uint64_t hash(std::uint32_t word) const { return words_[word].hash; }
  [[nodiscard]] std::uint32_t uses(std::uint32_t word) const { return words_[word].uses; }
  [[nodiscard]] std::uint32_t size() const { return words_.size(); }
  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Word {
    std::string text;
    std::uint64_t hash = 0;
    std::uint32_t uses = 0;
  };
  Paged<Word> words_;
  SlotTable table_;
  std::vector<std::uint32_t> free_;
};

}  // namespace titer::registry
