// SPDX-License-Identifier: Apache-2.0

// titer import FILE…
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "base/text.h"
#include "client/gateway_client.h"
#include "formats/header_match.h"
#include "net/loop.h"
#include "net/named_file.h"
#include "titer/command.h"
#include "titer/import_job.h"
#include "titer/remote.h"
#include "titer/sample.h"
#include "titer/smart_feed.h"
#include "titer/text.h"

namespace titer::app::import_command {
namespace {

struct Options {
  At at;
  std::vector<std::string> files;
  std::string format, map, problems, actor;
  bool dry_run = false, json = false;
};

constexpr std::size_t kProblemsShown = 20;  // rejected rows, and as many notes

// Where per-row reports go: the first few to standard error, all of them to a file when asked.
class Problems {
 public:
  ~Problems() {
    if (file_ != nullptr) std::fclose(file_);
  }
  Problems() = default;
  Problems(const Problems&) = delete;
  Problems& operator=(const Problems&) = delete;

  // Not over one of the files that are read.
  Status open(const std::string& path, const std::vector<std::string>& read) {
    if (path.empty()) return ok_status();
    std::error_code ignored;
    for (const std::string& file : read)
      if (std::filesystem::equivalent(path, file, ignored))
        return Error{Code::kInvalid, path + " is read by this import: name another file for the problems"};
    const auto output = net::open_output(path, O_WRONLY | O_TRUNC, 0666);
    if (!output) return output.error();
    file_ = ::fdopen(*output, "w");
    if (file_ == nullptr) return Error{Code::kInvalid, "cannot write " + path + ": " + std::strerror(errno)};
    return ok_status();
  }
  // The file is for terminals too, in time.
  void tell(const std::string& text, bool rejected) {
    const std::string line = printable(text) + "\n";
    if (file_ != nullptr) std::fputs(line.c_str(), file_);
    // Counted apart, so that a thousand notes do not hide the one row that is missing.
    if (++(rejected ? rejected_ : notes_) <= kProblemsShown) std::fputs(line.c_str(), stderr);
  }
  void end_of_file() {
    const std::size_t hidden =
        std::max(rejected_, kProblemsShown) + std::max(notes_, kProblemsShown) - 2 * kProblemsShown;
    if (hidden > 0)
      std::fprintf(stderr, "… and %s more%s\n", grouped(hidden).c_str(),
                   file_ == nullptr ? "; --problems FILE writes all of them" : "");
    rejected_ = notes_ = 0;
  }

 private:
  std::FILE* file_ = nullptr;
  std::size_t rejected_ = 0, notes_ = 0;  // of the current file
};

// One line that overwrites itself, on terminals only.
void show_progress(const ImportJob& job) {
  const formats::ImportCounts& c = job.counts();
  const std::uint64_t done = c.added + c.updated + c.unchanged;
  const double rate = static_cast<double>(done) / job.seconds();
  std::string left;
  if (const std::optional<double> share = job.share(); share && *share > 0.01)
    left = ", " + std::to_string(static_cast<int>(*share * 100)) + " %, " +
           duration_text(static_cast<std::int64_t>(job.seconds() / *share * (1 - *share) * 1000)) + " left";
  std::fprintf(stderr, "\r  %s rows, %s/s%s   ", grouped(done).c_str(),
               grouped(static_cast<std::uint64_t>(rate)).c_str(), left.c_str());
  std::fflush(stderr);
}

std::string summary(const std::string& file, const ImportJob& job, bool dry_run) {
  const formats::ImportCounts& c = job.counts();
  std::string out = file + ": " + grouped(c.rows) + " rows: ";
  if (!dry_run) {
    out +=
        grouped(c.added) + " added, " + grouped(c.updated) + " updated, " + grouped(c.unchanged) + " unchanged, ";
    if (c.out_of_date > 0) out += grouped(c.out_of_date) + " with older stock than is known, ";
  }
  out += grouped(c.rejected) + " rejected, " + grouped(c.notes) + " notes";
  if (c.blank > 0) out += ", " + grouped(c.blank) + " blank";
  char time[64];
  const double rate = job.seconds() > 0 ? static_cast<double>(c.rows) / job.seconds() : 0;
  std::snprintf(time, sizeof time, "; %.1f s, %s rows/s", job.seconds(),
                grouped(static_cast<std::uint64_t>(rate)).c_str());
  return out + time;
}

void print_summary(const std::string& file, const ImportJob& job, const Options& o) {
  const formats::ImportCounts& c = job.counts();
  if (!o.json) {
    std::printf("%s\n", summary(file, job, o.dry_run).c_str());
    return;
  }
  boost::json::object out;
  out["file"] = file;
  out["dry_run"] = o.dry_run;
  out["rows"] = c.rows;
  out["added"] = c.added;
  out["updated"] = c.updated;
  out["unchanged"] = c.unchanged;
  out["out_of_date"] = c.out_of_date;
  out["rejected"] = c.rejected;
  out["notes"] = c.notes;
  out["blank"] = c.blank;
  out["seconds"] = job.seconds();
  print_line(out);
}

// `client` is null in a dry run.
int import_feed(client::GatewayClient* client, const Options& o, const std::vector<std::string>& files,
                const formats::ReadOptions& read, Problems& problems) {
  const bool terminal = ::isatty(STDERR_FILENO) == 1;
  ImportJob* running = nullptr;
  ImportJob job({.files = files,
                 .read = read,
                 .actor = o.actor,
                 .problem = [&](const std::string& line, bool rejected) { problems.tell(line, rejected); },
                 .progress =
                     [&] {
                       if (terminal) show_progress(*running);
                     }});
  running = &job;
  const Status done = client == nullptr ? job.dry_run() : job.run(*client);
  if (terminal) std::fprintf(stderr, "\r%60s\r", "");
  problems.end_of_file();
  print_summary(files.front(), job, o);
  if (done.ok() && job.counts().took_nothing(o.dry_run)) {
    complain(files.front() + ": " + std::string(formats::kNothingTaken));
    return kExitRefused;
  }
  if (done.ok()) return kExitOk;
  const int code = fail(done.error());
  return done.error().code == Code::kInvalid ? static_cast<int>(kExitUsage) : code;
}

int import_files(client::GatewayClient* client, const Options& o, formats::ReadOptions read, Problems& problems) {
  int worst = kExitOk;
  std::vector<std::string> missing;
  const auto feeds = feeds_of(o.files, o.format, missing);
  read.incomplete = !missing.empty();
  for (const std::vector<std::string>& feed : feeds) {
    if (client != nullptr && client->interrupted()) break;
    worst = std::max(worst, import_feed(client, o, feed, read, problems));
  }
  if (!missing.empty())
    complain(grouped(missing.size()) + " files that a manifest names are not beside it, " + missing.front() +
             " first; fetch them and import the manifest again");
  return worst;
}

int run(const Options& o) {
  Problems problems;
  if (const Status opened = problems.open(o.problems, o.files); !opened) {
    complain(opened.error().message);
    return kExitUsage;
  }
  auto map = formats::parse_column_map(o.map);
  if (!map) {
    complain(map.error().message);
    return kExitUsage;
  }
  const formats::ReadOptions read{
      .expected = formats::format_named(o.format), .now = net::wall_now(), .map = std::move(map).value()};
  if (o.dry_run) return import_files(nullptr, o, read, problems);
  return with_client(o.at, [&](client::GatewayClient& client) { return import_files(&client, o, read, problems); });
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("files", o->files, "files to read, plain or gzip; - is standard input").required();
  flags.option("--format", o->format, "default: detected from the file")
      .one_of({"csv", "ndjson", "cdc", "national", "therapeutics", "inventory", "smart"});
  flags.option("--map", o->map, "columns of a table that is not ours: zip=\"Zip Code\",availability=Quantity");
  flags.flag("--dry-run", o->dry_run, "read and check only");
  flags.option("--problems", o->problems, "write the problems of every row to this file");
  const char* user = std::getenv("USER");
  o->actor = user != nullptr && *user != '\0' ? user : "cli";
  flags.option("--actor", o->actor, "person or program, for the history").show_default();
  flags.flag("--json", o->json, "print the counts as one JSON object per file");
  o->at.declare(flags);
  flags.footer(
      "Each row is applied completely or not at all. To import a file again is safe: it changes nothing.\n"
      "A SMART feed is its manifest (`$bulk-publish`) with its files beside it, or --format smart with all its "
      "files.\n"
      "Rows that are rejected are reported as FILE:LINE: field: why; the exit code is nevertheless 0 when the\n"
      "whole file was read and something of it was taken, and 1 when nothing was.");
  return [o] { return run(*o); };
}

const Registration registered({Group::kFiles, "import", "add and update sites from files", setup});

}  // namespace
}  // namespace titer::app::import_command

namespace titer::app {

int import_sample(const At& at, const std::string& file) {
  return with_client(at, [&](client::GatewayClient& client) {
    ImportJob job({.files = {file},
                   .read = {.now = net::wall_now()},
                   .actor = "titer cluster",
                   .problem = {},
                   .progress = {}});
    const Status done = job.run(client);
    if (!done) return fail(done.error());
    std::printf("%s\n", import_command::summary(file, job, false).c_str());
    return static_cast<int>(kExitOk);
  });
}

}  // namespace titer::app
