// SPDX-License-Identifier: Apache-2.0

// A history: what clients asked of stock lines, when, and what they were told. The input of linearizability.h.
//
// An operation is seen from its client: the moment of its call, and, if an answer came, the moment of the answer. The
// interval is closed and may be wider than the truth (a call noted before it was sent, an answer noted after it was
// read), never narrower. All moments of one history come from one clock; processes on one machine share
// CLOCK_MONOTONIC, so their histories may be read into one. A simulator gives its virtual time.
//
// A recorder must distinguish three ends of an operation:
//   an answer                           `end_ns` and everything it showed;
//   a refusal that never had an effect  `end_ns` and one of the codes for which did_nothing() is true;
//   anything else                       no `end_ns`: the operation took effect at some time after its call, or never.
// A request that was sent twice and refused as busy the second time belongs to the third kind: the first may count.
//
// As text it is NDJSON, one operation a line, documented in docs/reference/history.md for other checkers. A line with the client
// and id of an earlier one that has no answer replaces it: so a recorder writes the call before it sends, the whole when
// the answer is there, and may be killed between the two.
//
// Pure: files and clocks are the caller's. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "registry/types.h"

namespace titer::check {

enum class OpKind : std::uint8_t { kSet, kAdjust, kReserve, kRelease, kRead };
[[nodiscard]] std::string_view name(OpKind kind);  // "set", …

// The stock line as an answer shows it: before and after the operation (the same if nothing changed), and the version
// that it had afterwards.
struct Shown {
  registry::Availability before, after;
  std::uint32_t version = 0;

  bool operator==(const Shown&) const = default;
};

struct Op {
  std::uint64_t client = 0;  // any number, below 2^53 (JSON); a client may have several operations under way
  std::uint64_t id = 0;      // of the operation, unique for its client; below 2^53
  std::string site;
  std::string product{registry::kAnyProduct};
  OpKind kind = OpKind::kRead;
  registry::Availability value;             // kSet: what to set
  std::int64_t amount = 0;                  // kAdjust: by how many; kReserve, kRelease: doses
  std::optional<std::uint32_t> if_version;  // kSet, kAdjust

  std::int64_t call_ns = 0;
  std::optional<std::int64_t> end_ns;  // none: no answer, and the next two are meaningless
  Code code = Code::kOk;
  std::optional<Shown> shown;  // none: the answer showed no stock line

  bool operator==(const Op&) const = default;
};

using History = std::vector<Op>;

// Refusals by a replica or the client library before the order was reached: the registry has not seen the request.
[[nodiscard]] bool did_nothing(Code code);
// Codes after which nobody knows: as if no answer had come.
[[nodiscard]] bool leaves_open(Code code);

// Appends the operation as one line, its '\n' included.
void print(const Op& op, std::string& out);

// Reads lines in pieces of any size, from any number of files one after another.
class HistoryReader {
 public:
  // kInvalid, with the number of the line in this file, what is wrong and what was expected.
  [[nodiscard]] Status feed(std::string_view text);
  // The end of a file. A last line without '\n' was cut off by the death of its writer and is left out (true): the
  // writer puts a call on file before it sends it, so nothing that happened is missed.
  bool end_of_file();
  // In the order of first lines.
  [[nodiscard]] History take();

 private:
  [[nodiscard]] Status take_line(std::string_view line);

  History history_;
  std::map<std::pair<std::uint64_t, std::uint64_t>, std::size_t> open_;  // without an answer yet: place in history_
  std::string partial_;
  std::uint64_t line_ = 0;
};

}  // namespace titer::check
