// SPDX-License-Identifier: Apache-2.0

#include "view/base64.h"

#include <openssl/evp.h>

#include <algorithm>

namespace titer::view {

namespace {

constexpr std::size_t kGroupBytes = 3;  // stand as kGroupText characters
constexpr std::size_t kGroupText = 4;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

}  // namespace

std::string to_base64(std::string_view bytes) {
  TITER_CHECK(bytes.size() <= kBase64BytesMax / kGroupText * kGroupBytes, "what we encode is small");
  std::string out((bytes.size() + kGroupBytes - 1) / kGroupBytes * kGroupText, '\0');  // and a zero behind it
  EVP_EncodeBlock(bytes_of(out), bytes_of(bytes), static_cast<int>(bytes.size()));
  return out;
}

// OpenSSL leaves out spaces at both ends, takes '=' anywhere for a zero, and ignores bits that say nothing. Equal bytes
// must have equal texts, and the other way round, so the text is compared with the one that we would have written.
Result<std::string> from_base64(std::string_view text) {
  const Error refused{Code::kInvalid, "this is not base64"};
  if (text.size() > kBase64BytesMax || text.size() % kGroupText != 0) return refused;
  std::string out(text.size() / kGroupText * kGroupBytes, '\0');
  const int n = EVP_DecodeBlock(bytes_of(out), bytes_of(text), static_cast<int>(text.size()));
  if (n < 0 || static_cast<std::size_t>(n) != out.size()) return refused;
  const std::size_t digits = std::min(text.find('='), text.size());
  out.resize(digits * kGroupBytes / kGroupText);
  if (to_base64(out) != text) return refused;
  return out;
}

}  // namespace titer::view
