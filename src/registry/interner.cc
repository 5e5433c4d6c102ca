// SPDX-License-Identifier: Apache-2.0

#include "registry/interner.h"

#include "base/hash.h"

namespace titer::registry {

Interner::Interner() {
  words_.push();
  words_[0].hash = hash64({});
}

std::uint32_t Interner::find(std::string_view text) const {
  if (text.empty()) return 0;
  return table_.find(hash64(as_bytes(text)), [&](std::uint32_t word) { return words_[word].text == text; });
}

std::uint32_t Interner::acquire(std::string_view text) {
  if (text.empty()) return 0;
  const std::uint64_t hash = hash64(as_bytes(text));
  std::uint32_t word = table_.find(hash, [&](std::uint32_t w) { return words_[w].text == text; });
  if (word == kNil) {
    if (free_.empty()) {
      word = words_.push();
    } else {
      word = free_.back();
      free_.pop_back();
    }
    words_[word].text.assign(text);
    words_[word].hash = hash;
    table_.insert(hash, word);
  }
  ++words_[word].uses;
  return word;
}

void Interner::release(std::uint32_t word) {
  if (word == 0) return;
  Word& entry = words_[word];
  TITER_CHECK(entry.uses > 0, "a word was released more often than used");
  if (--entry.uses > 0) return;
  table_.erase(entry.hash, word);
  std::string().swap(entry.text);
  free_.push_back(word);
}

void Interner::assign(std::uint32_t& word, std::string_view text) {
  const std::string_view old = words_[word].text;
  if (old.size() == text.size() && (old.data() == text.data() || old == text)) return;
  const std::uint32_t fresh = acquire(text);  // first: `text` may lie in what release() frees
  release(word);
  word = fresh;
}

std::size_t Interner::bytes() const { return words_.bytes() + table_.bytes() + free_.capacity() * 4; }

}  // namespace titer::registry
