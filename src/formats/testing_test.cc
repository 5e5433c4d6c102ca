// SPDX-License-Identifier: Apache-2.0

#include "formats/testing.h"

#include <zlib.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/limits.h"
#include "base/time.h"
#include "formats/writer.h"

namespace titer::formats {

std::size_t ReadFile::told(std::string_view why) const {
  return static_cast<std::size_t>(std::count_if(problems.begin(), problems.end(), [why](const ReadProblem& p) {
    return std::string_view(p.why).starts_with(why);
  }));
}

ReadRow copy_of(const Row& row) {
  const registry::ImportRow& i = row.import;
  const registry::SiteFields& f = i.fields;
  ReadRow r;
  r.line = row.line;
  r.id = i.id;
  const std::pair<const char*, std::optional<std::string_view>> texts[] = {
      {"name", f.name},         {"zip", f.zip},     {"zip_plus4", f.zip_plus4},     {"street", f.street},
      {"city", f.city},         {"state", f.state}, {"county", f.county},           {"phone", f.phone},
      {"info_url", f.info_url}, {"hours", f.hours}, {"booking_url", f.booking_url}, {"provider", f.provider}};
  for (const auto& [name, text] : texts)
    if (text) r.fields[name] = *text;
  if (f.lat) r.fields["lat"] = std::to_string(*f.lat);
  if (f.lon) r.fields["lon"] = std::to_string(*f.lon);
  if (f.status) r.fields["status"] = registry::name(*f.status);
  if (f.external_ids) r.external_ids.assign(f.external_ids->begin(), f.external_ids->end());
  r.has_stock = i.stock.has_value();
  if (!r.has_stock) return r;
  r.product = i.stock->product;
  r.availability = registry::to_text(i.stock->availability);
  if (i.stock->valid_at) r.valid_at = time_text(*i.stock->valid_at);
  r.source = i.stock->source;
  return r;
}

ReadFile read_all(std::string_view text, std::size_t piece, ReadOptions options) {
  ReadFile file;
  Reader reader([&](const Row& row) { file.rows.push_back(copy_of(row)); },
                [&](const Problem& p) {
                  file.problems.push_back(
                      {p.line, std::string(p.field), std::string(p.why), std::string(p.value), p.refused});
                },
                std::move(options));
  if (piece == 0) piece = std::max<std::size_t>(text.size(), 1);
  for (std::size_t at = 0; at < text.size() && file.status.ok(); at += piece)
    file.status = reader.feed(as_bytes(text.substr(at, piece)));
  if (file.status.ok()) file.status = reader.finish();
  file.format = reader.format();
  file.counts = reader.counts();
  return file;
}

std::string file_content(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string gzip(std::string_view text) {
  z_stream z{};
  if (deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK) return {};
  std::string out(deflateBound(&z, text.size()) + 64, '\0');
  std::string in(text);
  z.next_in = reinterpret_cast<Bytef*>(in.data());
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

Imported import_into(registry::State& state, std::string_view text) {
  Imported done;
  registry::Outcome outcome;
  registry::Request request;
  request.actor = "import";
  Reader reader(
      [&](const Row& row) {
        request.operation = row.import;
        const Position next(state.position().value + 1);
        state.apply(request, next, WallTime(1'800'000'000'000), outcome);
        if (!outcome.ok()) {
          if (done.refused++ == 0) done.first_refusal = outcome.message;
        } else {
          ++(outcome.changed ? done.changed : done.unchanged);
          done.last_message = outcome.message;
        }
      },
      nullptr);
  Status status = reader.feed(as_bytes(text));
  if (status.ok()) status = reader.finish();
  if (!status.ok()) done.first_refusal = status.error().message;
  return done;
}

std::string export_of(const registry::State& state, std::string_view format) {
  std::string out;
  const auto writer = make_writer(*export_format_named(format));
  writer->begin(out);
  std::string name, id;
  registry::ListSites page;
  page.filter.with_closed = true;
  page.limit = limits::kPageMax;
  for (bool more = true; more;) {
    page.after_name = name;
    page.after_id = id;
    std::string last_name, last_id;
    const auto shown = state.list(page, [&](const registry::Site& site) {
      writer->site(site, out);
      last_name = site.name;
      last_id = site.id;
      return true;
    });
    more = shown.ok() && *shown;
    name = last_name;
    id = last_id;
  }
  writer->end(out);
  return out;
}

}  // namespace titer::formats
