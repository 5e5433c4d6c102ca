// SPDX-License-Identifier: Apache-2.0

// Gzip: answers made smaller, for clients that ask for it; in one go or as a stream.
#pragma once

#include <zlib.h>

#include <memory>
#include <string>
#include <string_view>

namespace titer::http {

// "gzip" is named in Accept-Encoding, and not with q=0.
[[nodiscard]] bool accepts_gzip(std::string_view accept_encoding);

class Gzip {
 public:
  Gzip();
  // Appends what `piece` has become to `out`. `flush`: the reader can decode everything given so far.
  enum class Then { kMore, kFlush, kEnd };
  void add(std::string_view piece, Then then, std::string& out);

 private:
  struct End {
    void operator()(z_stream* stream) const;
  };
  std::unique_ptr<z_stream, End> stream_;
};

[[nodiscard]] std::string gzipped(std::string_view text);

}  // namespace titer::http
