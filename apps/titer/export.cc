// SPDX-License-Identifier: Apache-2.0

// titer export --format csv|ndjson|geojson
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "client/gateway_client.h"
#include "client/read.h"
#include "formats/writer.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/text.h"

namespace titer::app {
namespace {

struct Options {
  At at;
  std::string format = "csv", output;
  bool closed = false;
};

constexpr std::size_t kPieceBytes = std::size_t{256} << 10;

// False: the disk is full, the reader went away …
bool write_all(const client::Snapshot& all, formats::ExportFormat format, std::FILE* out) {
  const std::unique_ptr<formats::Writer> writer = formats::make_writer(format);
  std::string text;
  writer->begin(text);
  for (const registry::Site& site : all.sites) {
    writer->site(site, text);
    if (text.size() < kPieceBytes) continue;
    if (std::fwrite(text.data(), 1, text.size(), out) != text.size()) return false;
    text.clear();
  }
  writer->end(text);
  return std::fwrite(text.data(), 1, text.size(), out) == text.size() && std::fflush(out) == 0;
}

// The file is there whole or not at all: written beside its name, then renamed.
Status write_file(const client::Snapshot& all, formats::ExportFormat format, const std::string& path) {
  const std::string partial = path + ".part";
  std::FILE* out = std::fopen(partial.c_str(), "wb");
  if (out == nullptr) return Error{Code::kInternal, "cannot write " + partial + ": " + std::strerror(errno)};
  bool good = write_all(all, format, out);
  good = std::fclose(out) == 0 && good;
  if (good && std::rename(partial.c_str(), path.c_str()) == 0) return ok_status();
  const std::string why = std::strerror(errno);
  std::remove(partial.c_str());
  return Error{Code::kInternal, "cannot write " + path + ": " + why};
}

int show(client::GatewayClient& client, const Options& o) {
  const Result<client::Snapshot> all = client::snapshot(client, o.closed);
  if (!all) return fail(all.error());
  const formats::ExportFormat format = *formats::export_format_named(o.format);
  if (o.output.empty() || o.output == "-") return write_all(*all, format, stdout) ? kExitOk : kExitRefused;
  if (const Status written = write_file(*all, format, o.output); !written) return fail(written.error());
  std::fprintf(stderr, "%s: %s sites as of position %s\n", o.output.c_str(), grouped(all->sites.size()).c_str(),
               grouped(all->position.value).c_str());
  return kExitOk;
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("--format", o->format).one_of({"csv", "ndjson", "geojson"}).show_default();
  flags.option("--output,-o", o->output, "file; without it, standard output");
  flags.flag("--closed", o->closed, "closed and hidden sites too");
  o->at.declare(flags);
  flags.footer("All sites as they were at one position of the order, while writes go on.");
  return [o] { return with_client(o->at, [&](client::GatewayClient& client) { return show(client, *o); }); };
}

const Registration registered({Group::kFiles, "export", "write all sites to a file", setup});

}  // namespace
}  // namespace titer::app
