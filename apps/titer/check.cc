// SPDX-License-Identifier: Apache-2.0

// titer check FILE…: are these histories, taken together, linearizable?
#include <boost/json/array.hpp>
#include <cstdio>
#include <memory>

#include "base/text.h"
#include "check/linearizability.h"
#include "net/loop.h"
#include "net/named_file.h"
#include "titer/command.h"
#include "titer/remote.h"
#include "titer/text.h"

namespace titer::app::check_command {
namespace {

struct Options {
  std::vector<std::string> files;
  double budget_s = 60;
  bool new_cluster = false, json = false;
};

constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
constexpr std::size_t kExplained = 3;  // violations that are shown to people in full

Status read_file(const std::string& path, check::HistoryReader& reader) {
  const auto opened = path == "-" ? Result<std::FILE*>(stdin) : net::open_input(path);
  if (!opened) return opened.error();
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      *opened, [](std::FILE* f) { return f == stdin ? 0 : std::fclose(f); });
  std::string piece(kPieceBytes, '\0');
  while (const std::size_t n = std::fread(piece.data(), 1, piece.size(), file.get())) {
    const Status fed = reader.feed(std::string_view(piece).substr(0, n));
    if (!fed) return Error{Code::kInvalid, path + ": " + fed.error().message};
  }
  if (std::ferror(file.get()) != 0) return Error{Code::kInvalid, "cannot read " + path};
  if (reader.end_of_file()) complain(path + ": the last line is cut off and was left out");
  return ok_status();
}

int exit_code_of(check::Answer answer) {
  if (answer == check::Answer::kViolation) return kExitRefused;
  return answer == check::Answer::kUnknown ? kExitUnknown : kExitOk;
}

std::string line_name(const check::LineVerdict& line) {
  return line.product == registry::kAnyProduct ? line.site : line.site + " product " + line.product;
}

void print_text(const check::Verdict& v, double seconds) {
  std::printf("%s: %s operations with an answer and %s without, on %s stock lines, in %.1f s\n",
              std::string(name(v.answer())).c_str(), grouped(v.operations).c_str(), grouped(v.open).c_str(),
              grouped(v.lines.size()).c_str(), seconds);
  if (v.violations > 0) std::printf("  %s stock lines are in violation\n", grouped(v.violations).c_str());
  if (v.unknown > 0)
    std::printf("  %s stock lines are unknown: the time was over first; give --budget more\n",
                grouped(v.unknown).c_str());
  std::size_t shown = 0;
  for (const check::LineVerdict& line : v.lines)
    if (line.answer == check::Answer::kViolation && shown++ < kExplained)
      std::printf("\n%s: %s", printable(line_name(line)).c_str(), line.explanation.c_str());
  if (shown > kExplained) std::printf("\nand %s more\n", grouped(shown - kExplained).c_str());
}

boost::json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

void print_json(const check::Verdict& v, double seconds) {
  boost::json::object out;
  out["verdict"] = view(name(v.answer()));
  out["operations"] = v.operations;
  out["open"] = v.open;
  out["stock_lines"] = v.lines.size();
  out["violations"] = v.violations;
  out["unknown"] = v.unknown;
  out["seconds"] = seconds;
  boost::json::array& lines = out["not_linearizable"].emplace_array();
  for (const check::LineVerdict& line : v.lines) {
    if (line.answer == check::Answer::kLinearizable) continue;
    lines.push_back({{"site", line.site},
                     {"product", line.product},
                     {"verdict", view(name(line.answer))},
                     {"operations", line.operations},
                     {"placed", line.placed},
                     {"explanation", line.explanation}});
  }
  print_line(out);
}

int run(const Options& o) {
  check::HistoryReader reader;
  for (const std::string& file : o.files)
    if (const Status read = read_file(file, reader); !read) {
      complain(read.error().message);
      return kExitUsage;
    }
  const check::History history = reader.take();
  const BootTime began = net::boot_now();
  const auto seconds = [&] { return static_cast<double>(net::boot_now().value - began.value) / 1e6; };
  check::Options options;
  if (o.new_cluster) options.begin = check::Begin::kNoLine;
  options.give_up = [&] { return seconds() > o.budget_s; };
  const check::Verdict verdict = check::check(history, options);
  o.json ? print_json(verdict, seconds()) : print_text(verdict, seconds());
  return exit_code_of(verdict.answer());
}

Runner setup(Flags& flags) {
  auto o = std::make_shared<Options>();
  flags.option("files", o->files, "recorded histories (docs/reference/history.md); - is standard input").required();
  flags.option("--budget", o->budget_s, "seconds, for all stock lines together").seconds().show_default();
  flags.flag("--new-cluster", o->new_cluster, "assume that no stock line existed before the history began");
  flags.flag("--json", o->json, "print the verdict as one JSON object");
  flags.footer(
      "Several files are one history: they must come from one machine, because they need one clock.\n"
      "Exit codes: 0 linearizable, 1 violation, 5 the time was over before there was a verdict.");
  return [o] { return run(*o); };
}

const Registration registered({Group::kOperate, "check", "check that recorded histories are linearizable", setup});

}  // namespace
}  // namespace titer::app::check_command
