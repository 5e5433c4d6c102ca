// SPDX-License-Identifier: Apache-2.0

// Takes the packed page apart; layout: cmake/embed_page.py.
#include "titer/page.h"

#include "base/bytes.h"
#include "base/check.h"

extern "C" const char titer_page_begin[];
extern "C" const char titer_page_end[];

namespace titer::app {

http::Files page() {
  const std::string_view packed(titer_page_begin, static_cast<std::size_t>(titer_page_end - titer_page_begin));
  http::Files files;
  ByteReader reader(as_bytes(packed));
  while (reader.ok() && reader.left() > 0) {
    const std::string_view name = reader.text();
    files.add(name, as_text(reader.blob()));
  }
  TITER_CHECK(reader.ok(), "the packed page is intact: we packed it ourselves");
  return files;
}

}  // namespace titer::app
