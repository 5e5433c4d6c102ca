// SPDX-License-Identifier: Apache-2.0

// titer export --format csv|ndjson|geojson
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>

#include "client/gateway_client.h"
#include "client/part_file.h"
#include "client/read.h"
#include "formats/writer.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/text.h"

namespace titer::app::export_command {
namespace {

struct Options {
  At at;
  std::string format = "csv", output;
  bool closed = false, no_bom = false;
};

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;
// Spreadsheets take a CSV without it for Windows-1252.
constexpr std::string_view kUtf8Mark = "\xEF\xBB\xBF";

// Pieces of the text to `write`, until it reports an error.
Status write_all(const client::Snapshot& all, const Options& o,
                 const std::function<Status(std::string_view)>& write) {
  const formats::ExportFormat format = *formats::export_format_named(o.format);
  const std::unique_ptr<formats::Writer> writer = formats::make_writer(format);
  std::string text(format == formats::ExportFormat::kCsv && !o.no_bom ? kUtf8Mark : "");
  writer->begin(text);
  for (const registry::Site& site : all.sites) {
    writer->site(site, text);
    if (text.size() < kPieceBytes) continue;
    if (Status written = write(text); !written) return written;
    text.clear();
  }
  writer->end(text);
  return write(text);
}

// Errors: the disk is full, the reader went away.
Status to_standard_output(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return ok_status();
  return Error{Code::kInternal, std::string("cannot write standard output: ") + std::strerror(errno)};
}

Status write_file(const client::Snapshot& all, const Options& o) {
  constexpr unsigned kForAll = 0666;
  auto file = client::PartFile::open(o.output, kForAll);
  if (!file) return file.error();
  const Status written = write_all(all, o, [&](std::string_view text) { return file->append(as_bytes(text)); });
  return written ? file->finish(o.output) : written;
}

int show(client::GatewayClient& client, const Options& o) {
  const Result<client::Snapshot> all = client::snapshot(client, o.closed);
  if (!all) return fail(all.error());
  if (o.output.empty() || o.output == "-") {
    const Status written = write_all(*all, o, to_standard_output);
    return written ? int{kExitOk} : fail(written.error());
  }
  if (const Status written = write_file(*all, o); !written) return fail(written.error());
  std::fprintf(stderr, "%s: %s sites as of position %s\n", o.output.c_str(), grouped(all->sites.size()).c_str(),
               grouped(all->position.value).c_str());
  return kExitOk;
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("--format", o->format, "format of the file").one_of({"csv", "ndjson", "geojson"}).show_default();
  flags.option("--output,-o", o->output, "file to write; default: standard output");
  flags.flag("--no-bom", o->no_bom, "CSV without the byte order mark that spreadsheets look for");
  flags.flag("--closed", o->closed, "closed and hidden sites too");
  o->at.declare(flags);
  flags.footer("The file has all sites as of one position, while writes continue.");
  return [o] { return with_client(o->at, [&](client::GatewayClient& client) { return show(client, *o); }); };
}

const Registration registered({Group::kFiles, "export", "write all sites to a file", setup});

}  // namespace
}  // namespace titer::app::export_command
