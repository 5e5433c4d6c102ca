// SPDX-License-Identifier: Apache-2.0

// titer export --format csv|ndjson|geojson
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <functional>

#include "client/gateway_client.h"
#include "client/part_file.h"
#include "client/snapshot_stream.h"
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
Result<client::Shown> write_all(client::GatewayClient& client, const Options& o,
                                const std::function<Status(std::string_view)>& write) {
  const formats::ExportFormat format = *formats::export_format_named(o.format);
  const std::unique_ptr<formats::Writer> writer = formats::make_writer(format);
  std::string text(format == formats::ExportFormat::kCsv && !o.no_bom ? kUtf8Mark : "");
  writer->begin(text);
  Status written = ok_status();
  Result<client::Shown> shown = client::show_snapshot(client, o.closed, [&](const registry::Site& site) {
    writer->site(site, text);
    if (text.size() < kPieceBytes) return true;
    written = write(text);
    text.clear();
    return written.ok() && !client.interrupted();
  });
  if (!shown || !written) return shown ? Result<client::Shown>(written.error()) : shown;
  writer->end(text);
  written = write(text);
  return written ? shown : Result<client::Shown>(written.error());
}

// Errors: the disk is full, the reader went away.
Status to_standard_output(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return ok_status();
  return Error{Code::kInternal, std::string("cannot write standard output: ") + std::strerror(errno)};
}

Result<client::Shown> write_file(client::GatewayClient& client, const Options& o) {
  constexpr unsigned kForAll = 0666;
  auto file = client::PartFile::open(o.output, kForAll);
  if (!file) return file.error();
  Result<client::Shown> shown =
      write_all(client, o, [&](std::string_view text) { return file->append(as_bytes(text)); });
  if (!shown || client.interrupted()) return shown;
  const Status finished = file->finish(o.output);
  return finished ? shown : Result<client::Shown>(finished.error());
}

int show(client::GatewayClient& client, const Options& o) {
  const bool to_file = !o.output.empty() && o.output != "-";
  const Result<client::Shown> shown = to_file ? write_file(client, o) : write_all(client, o, to_standard_output);
  if (!shown) return fail(shown.error());
  if (to_file && !client.interrupted())
    std::fprintf(stderr, "%s: %s sites as of position %s\n", o.output.c_str(), grouped(shown->sites).c_str(),
                 grouped(shown->position.value).c_str());
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
