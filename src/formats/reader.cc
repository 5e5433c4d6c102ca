// SPDX-License-Identifier: Apache-2.0

#include "formats/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "formats/inflate.h"
#include "formats/ndjson.h"
#include "formats/smart_reader.h"

namespace titer::formats {
namespace {

constexpr std::array<std::string_view, 7> kFormatNames = {"csv",          "ndjson", "cdc",      "national",
                                                          "therapeutics", "smart",  "inventory"};
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

constexpr std::size_t kJsonToldBy = 4096;  // bytes of the first lines that tell one JSON format from another

// JSON whose first line is not complete yet, or is only the brace of a printed object.
bool undecided_json(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
  if (!text.starts_with('{') || text.size() >= kJsonToldBy) return false;
  const std::size_t name = text.find_first_not_of(" \t\r\n", 1);
  return name == std::string_view::npos || text.find('\n', name) == std::string_view::npos;
}

// Spreadsheets of old Macs end lines with a carriage return alone. The first line end of a text tells: where it is such a one,
// each carriage return is.
class LineEnds {
 public:
  // The text with line feeds; valid until the next call. A carriage return may be half of the first end: it is kept back.
  std::string_view feed(std::string_view in) {
    if (in.empty() || kind_ == Kind::kLineFeed) return in;
    if (kind_ == Kind::kUnknown) {
      const std::size_t at = in.find_first_of("\r\n");
      if (at == std::string_view::npos) return in;
      const bool half = in[at] == '\r' && at + 1 == in.size();
      kind_ = half ? Kind::kHalf : in[at] == '\n' || in[at + 1] == '\n' ? Kind::kLineFeed : Kind::kReturn;
      if (kind_ != Kind::kReturn) return in.substr(0, half ? at : in.size());
    }
    room_.assign(kind_ == Kind::kHalf ? 1 : 0, '\r').append(in);
    if (kind_ == Kind::kHalf) kind_ = in.front() == '\n' ? Kind::kLineFeed : Kind::kReturn;
    if (kind_ == Kind::kReturn) std::ranges::replace(room_, '\r', '\n');
    return room_;
  }
  // The byte that was kept back. Another text may begin.
  std::string_view finish() { return std::exchange(kind_, Kind::kUnknown) == Kind::kHalf ? "\n" : ""; }

 private:
  enum class Kind : std::uint8_t { kUnknown, kHalf, kLineFeed, kReturn };
  Kind kind_ = Kind::kUnknown;
  std::string room_;
};

}  // namespace

std::string_view name(Format format) { return kFormatNames[static_cast<std::size_t>(format)]; }

std::optional<Format> format_named(std::string_view text) {
  const auto found = std::find(kFormatNames.begin(), kFormatNames.end(), text);
  if (found == kFormatNames.end()) return std::nullopt;
  return static_cast<Format>(found - kFormatNames.begin());
}

struct Reader::Impl {
  Impl(RowSink r, ProblemSink p, ReadOptions o)
      : rows(std::move(r)),
        report(std::move(p)),
        options(std::move(o)),
        context{report, rows, options.now, options.incomplete} {}

  RowSink rows;
  Report report;
  ReadOptions options;
  LayoutContext context;
  std::optional<Format> format;

  std::optional<bool> packed;  // known from the first two bytes
  std::string start;           // bytes or text that are too few to tell by
  std::unique_ptr<Inflater> inflater;
  LineEnds line_ends;
  bool text_begun = false;
  std::unique_ptr<CsvSplitter> csv;
  std::unique_ptr<NdjsonReader> ndjson;
  std::unique_ptr<SmartReader> smart;
  std::unique_ptr<Layout> layout;
  Status status = ok_status();

  void bytes(ByteView in);
  void text(std::string_view in);
  void begin_text();
  void begin_json(std::string_view first);
  void record(const CsvRecord& record);
  void header(const CsvRecord& record);
  void fail(std::string message) {
    if (status.ok()) status = Error{Code::kInvalid, std::move(message)};
  }
  void found(Format f);
  void end_bytes();
  std::uint64_t next_file();
  void finish();
};

void Reader::Impl::bytes(ByteView in) {
  if (!packed) {
    start.append(as_text(in));
    if (start.size() < 2) return;
    packed = start.starts_with("\x1F\x8B");
    const std::string first = std::exchange(start, {});
    if (*packed)
      inflater = std::make_unique<Inflater>([this](ByteView out) { text(line_ends.feed(as_text(out))); });
    return bytes(as_bytes(first));
  }
  if (!*packed) return text(line_ends.feed(as_text(in)));
  const Status unpacked = inflater->feed(in);
  if (!unpacked.ok() && status.ok()) status = unpacked;
}

void Reader::Impl::text(std::string_view in) {
  if (!status.ok()) return;
  if (!text_begun) {
    start.append(in);
    // Enough to see a byte order mark and the first character after it and blanks.
    std::string_view seen = start;
    if (seen.starts_with(kUtf8Mark)) seen.remove_prefix(kUtf8Mark.size());
    if (start.size() < kUtf8Mark.size() || trim(seen).empty()) {
      if (start.size() > kLineBytesMax) fail("the file begins with more than 1 MiB of blanks");
      return;
    }
    if (undecided_json(seen)) return;
    begin_text();
    const std::string first = std::exchange(start, {});
    return text(first);
  }
  if (csv) csv->feed(in);
  if (ndjson) ndjson->feed(in);
  if (smart) smart->feed(in);
}

void Reader::Impl::begin_text() {
  text_begun = true;
  if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF"))
    return fail("the file is UTF-16; save it as UTF-8 and import it again");
  if (start.starts_with("PK"))
    return fail("this is a ZIP archive or a spreadsheet (.xlsx); save it as CSV (UTF-8) and import that");
  if (start.starts_with(kUtf8Mark)) start.erase(0, kUtf8Mark.size());
  const std::string_view first = trim(start);
  if (first.starts_with('['))
    return fail("this is one JSON array; NDJSON is wanted: one object a line, without brackets and commas around");
  if (first.starts_with('{')) {
    return begin_json(first);
  }
  csv = std::make_unique<CsvSplitter>([this](const CsvRecord& r) { record(r); },
                                      [this](std::uint64_t line, std::string_view why) {
                                        if (!layout) fail(fmt::format("the first line is no header: {}", why));
                                        if (!status.ok()) return;
                                        ++report.counts.records;
                                        report.refuse(line, "", why);
                                      });
}

// Which of the two JSON formats it is, by the names in its beginning.
void Reader::Impl::begin_json(std::string_view first) {
  const bool manifest = first.find("\"transactionTime\"") != std::string_view::npos;
  if (manifest || first.find("\"resourceType\"") != std::string_view::npos) {
    found(Format::kSmart);
    smart = std::make_unique<SmartReader>(context);
    if (manifest && first.find_first_not_of(" \t\r", 1) == first.find('\n')) smart->expect_printed_manifest();
  } else {
    found(Format::kNdjson);
    ndjson = std::make_unique<NdjsonReader>(context);
  }
}

void Reader::Impl::found(Format f) {
  format = f;
  if (options.expected && *options.expected != f)
    fail(fmt::format("the file's format is {}, not {} as was said", name(f), name(*options.expected)));
}

void Reader::Impl::record(const CsvRecord& r) {
  if (!status.ok()) return;
  if (std::ranges::all_of(r.fields, [](std::string_view f) { return trim(f).empty(); })) {
    ++report.counts.blank;
    return;
  }
  if (!layout) return header(r);
  ++report.counts.records;
  layout->record(r);
}

void Reader::Impl::header(const CsvRecord& r) {
  auto made = make_layout(Header(r), options.map, context);
  if (!made) return fail(made.error().message);
  layout = std::move(made).value();
  found(layout->format());
}

// The bytes that were held back because they were too few to recognize the format.
void Reader::Impl::end_bytes() {
  if (packed == true) {
    const Status whole = inflater->finish();
    if (!whole.ok() && status.ok()) status = whole;
  } else if (!packed && !start.empty()) {  // a single byte
    packed = false;
    const std::string only = std::exchange(start, {});
    text(line_ends.feed(only));
  }
  text(line_ends.finish());
  if (!text_begun && !trim(start).empty() && status.ok()) {
    begin_text();
    text(std::exchange(start, {}));
  }
}

std::uint64_t Reader::Impl::next_file() {
  end_bytes();
  packed.reset();
  inflater.reset();
  if (status.ok() && !smart) fail("only a SMART feed has several files; import these one by one");
  return smart ? smart->end_file() : 0;
}

void Reader::Impl::finish() {
  end_bytes();
  if (csv) csv->finish();
  if (ndjson) ndjson->finish();
  if (smart && status.ok()) status = smart->finish();
  if (layout) layout->finish();
  if (status.ok() && !layout && !ndjson && !smart) fail("the file is empty: not even a header");
}

Reader::Reader(RowSink rows, ProblemSink problems, ReadOptions options)
    : impl_(std::make_unique<Impl>(std::move(rows), std::move(problems), std::move(options))) {}
Reader::~Reader() = default;

Status Reader::feed(ByteView bytes) {
  if (impl_->status.ok()) impl_->bytes(bytes);
  return impl_->status;
}
Status Reader::finish() {
  if (impl_->status.ok()) impl_->finish();
  return impl_->status;
}
Result<std::uint64_t> Reader::next_file() {
  const std::uint64_t line = impl_->status.ok() ? impl_->next_file() : 0;
  if (!impl_->status.ok()) return impl_->status.error();
  return line;
}
std::optional<bool> Reader::packed() const { return impl_->packed; }
std::optional<Format> Reader::format() const { return impl_->format; }
const Counts& Reader::counts() const { return impl_->report.counts; }

}  // namespace titer::formats
