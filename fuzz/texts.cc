// SPDX-License-Identifier: Apache-2.0

// What people type.
#include <cstdlib>

#include "base/check.h"
#include "base/time.h"
#include "client/addresses.h"
#include "fuzz/input.h"
#include "registry/product_text.h"
#include "registry/types.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace titer;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto addresses = client::parse_addresses({text})) {
    for (const net::Address& address : *addresses)
      TITER_CHECK(net::parse_address(address.text()).ok(), "what we print we read");
  }
  if (const auto value = registry::parse_availability(text))
    TITER_CHECK(registry::parse_availability(registry::to_text(*value)) == value, "what we print we read");
  if (const auto product = registry::read_product(text); product.as != registry::ProductReading::As::kRefused)
    TITER_CHECK(registry::read_product(product.code).code == product.code, "a normal form is its own");
  (void)registry::products_meant(text);
  if (const auto time = parse_time(text))
    TITER_CHECK(parse_time(time_text(*time)) == time, "what we print we read");
  return 0;
}
