// SPDX-License-Identifier: Apache-2.0

// JsonLines: NDJSON in pieces, one JSON object a line out.
//
// Empty lines are skipped, blanks around a line do no harm, the last line end may be missing. A line that is no JSON
// object, or is longer than kLineBytesMax, is refused in the report; the next one is not touched by it.
// The object that the sink is shown lives during its call. Pure, one thread.
#pragma once

#include <boost/json/fwd.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "formats/report.h"

namespace titer::formats {

class JsonLines {
 public:
  using ObjectSink = std::function<void(std::uint64_t line, const boost::json::object&)>;
  JsonLines(Report& report, ObjectSink sink);
  ~JsonLines();

  void feed(std::string_view text);
  // The text is over; more may follow, on a line of its own.
  void finish();
  [[nodiscard]] std::uint64_t line() const { return line_; }  // the next one's number

 private:
  struct Parser;
  void take_line(std::string_view line);
  void take_object(std::string_view line);

  Report& report_;
  ObjectSink sink_;
  std::unique_ptr<Parser> parser_;
  std::string partial_;     // of a line that goes on in the next piece
  bool skipping_ = false;   // the rest of a line that was too long
  std::uint64_t line_ = 1;  // of the line that is being gathered
};

}  // namespace titer::formats
