// NDJSON: one JSON object a line, with the names of our own CSV.
//
// Values may be texts, numbers, true/false; null and absent mean "leave as it is". availability may also be
// {"count": 12}; external_ids is a list of [system, value] pairs or the CSV text.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "formats/columns.h"
#include "formats/layout.h"

namespace titer::formats {

class NdjsonReader {
 public:
  explicit NdjsonReader(Context& context);
  ~NdjsonReader();
  void feed(std::string_view text);
  void finish();

 private:
  struct Json;
  void take_line(std::string_view line);
  void take_object(std::string_view line);

  Context& context_;
  OwnRows rows_;
  std::unique_ptr<Json> json_;
  std::string partial_;     // of a line that goes on in the next piece
  bool skipping_ = false;   // the rest of a line that was too long
  std::uint64_t line_ = 1;  // of the line that is being gathered
};

}  // namespace titer::formats
