// SPDX-License-Identifier: Apache-2.0

#include "registry/site_text.h"

#include <cstring>

#include "base/check.h"

namespace titer::registry {
namespace {

// Of the length of an external id's system: nobody has confirmed the id. Lengths end far below (kNameBytesMax).
constexpr std::uint16_t kUnverified = 0x8000;

std::size_t pair_size(const ExternalId& pair) { return 4 + pair.first.size() + pair.second.size(); }

class Cursor {
 public:
  explicit Cursor(char* at) : at_(at) {}
  void put(std::string_view text) {
    if (!text.empty()) std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void number(std::uint16_t v) {
    std::memcpy(at_, &v, sizeof v);
    at_ += sizeof v;
  }

 private:
  char* at_;
};

std::uint16_t u16(std::string_view text) {
  TITER_CHECK(text.size() <= 0xFFFF, "a text longer than its limit got past validation");
  return static_cast<std::uint16_t>(text.size());
}
std::uint8_t u8(std::size_t n) {
  TITER_CHECK(n <= 0xFF, "a text longer than its limit got past validation");
  return static_cast<std::uint8_t>(n);
}

}  // namespace

SiteText::SiteText(const Site& s, bool with_id) {
  const std::string_view id = with_id ? s.id : std::string_view();
  const Head head{u16(s.name),  u16(s.street), u16(s.phone),     u16(s.info_url),        u16(s.booking_url),
                  u16(s.hours), u8(id.size()), u8(s.zip.size()), u8(s.zip_plus4.size()), u8(s.external_ids.size())};
  std::size_t size = externals_at(head);
  for (const ExternalId& pair : s.external_ids) size += pair_size(pair);
  block_ = std::make_unique_for_overwrite<char[]>(size);
  std::memcpy(block_.get(), &head, sizeof head);
  Cursor out(block_.get() + sizeof head);
  for (const std::string_view text :
       {id, s.name, s.zip, s.zip_plus4, s.street, s.phone, s.info_url, s.booking_url, s.hours}) {
    out.put(text);
  }
  for (std::size_t i = 0; i < s.external_ids.size(); ++i) {
    const ExternalId& pair = s.external_ids[i];
    const unsigned mark = is_unverified(s, i) ? kUnverified : 0;
    out.number(static_cast<std::uint16_t>(u16(pair.first) | mark));
    out.number(u16(pair.second));
    out.put(pair.first);
    out.put(pair.second);
  }
}

SiteText::External SiteText::external(const char*& at) {
  std::uint16_t system = 0;
  std::uint16_t value = 0;
  std::memcpy(&system, at, 2);
  std::memcpy(&value, at + 2, 2);
  const std::size_t size = system & ~std::size_t{kUnverified};
  const ExternalId pair{{at + 4, size}, {at + 4 + size, value}};
  at += pair_size(pair);
  return {pair, (system & kUnverified) != 0};
}

void SiteText::show(Site& out) const {
  const Head& h = head();
  const char* at = block_.get() + sizeof(Head);
  const auto take = [&](std::size_t n) {
    const std::string_view text(at, n);
    at += n;
    return text;
  };
  out.id = take(h.id);
  out.name = take(h.name);
  out.zip = take(h.zip);
  out.zip_plus4 = take(h.zip_plus4);
  out.street = take(h.street);
  out.phone = take(h.phone);
  out.info_url = take(h.info_url);
  out.booking_url = take(h.booking_url);
  out.hours = take(h.hours);
  out.external_ids.clear();
  out.unverified = 0;
  for (unsigned i = 0; i < h.externals; ++i) {
    const External one = external(at);
    out.external_ids.push_back(one.pair);
    if (one.unverified) out.unverified |= std::uint32_t{1} << i;
  }
}

ByteView SiteText::bytes() const {
  const Head& h = head();
  const char* at = block_.get() + externals_at(h);
  for (unsigned i = 0; i < h.externals; ++i) external(at);
  return as_bytes(std::string_view(block_.get(), static_cast<std::size_t>(at - block_.get())));
}

}  // namespace titer::registry
