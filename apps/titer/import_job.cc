// SPDX-License-Identifier: Apache-2.0

#include "titer/import_job.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "net/loop.h"
#include "net/named_file.h"
#include "wire/codec.h"

namespace titer::app {

namespace {

constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr std::int64_t kProgressEveryUs = 200'000;

}  // namespace

ImportJob::ImportJob(Options options)
    : options_(std::move(options)),
      reader_([this](const formats::Row& row) { take_row(row); },
              [this](const formats::Problem& problem) { tell(problem); }, options_.read),
      piece_(kPieceBytes) {}

ImportJob::~ImportJob() {
  if (in_ != nullptr && in_ != stdin) std::fclose(in_);
}

Status ImportJob::open() {
  began_us_ = net::boot_now().value;
  for (const std::string& file : options_.files) {
    struct stat about {};
    const bool known = file != "-" && ::stat(file.c_str(), &about) == 0 && S_ISREG(about.st_mode);
    size_ += known ? static_cast<std::uint64_t>(about.st_size) : 0;
  }
  return open_file();
}

Status ImportJob::open_file() {
  const std::string& file = options_.files[first_lines_.size() - 1];
  const auto opened = file == "-" ? Result<std::FILE*>(stdin) : net::open_input(file);
  if (!opened) return opened.error();
  in_ = *opened;
  return ok_status();
}

Status ImportJob::run(client::GatewayClient& client) {
  if (const Status opened = open(); !opened) return opened;
  const Status sent = client.pipeline(
      [this](Bytes& body) { return next(body); },
      [this](std::uint64_t index, const Result<registry::Outcome>& outcome) { take_outcome(index, outcome); });
  ended_us_ = net::boot_now().value;
  counts_.notes += reader_.counts().notes;
  counts_.rejected += reader_.counts().refused;
  counts_.blank = reader_.counts().blank;
  return failed_.ok() ? sent : failed_;
}

Status ImportJob::dry_run() {
  dry_ = true;
  if (const Status opened = open(); !opened) return opened;
  while (!ended_) read_more();
  ended_us_ = net::boot_now().value;
  counts_.notes = reader_.counts().notes;
  counts_.rejected = reader_.counts().refused;
  counts_.blank = reader_.counts().blank;
  return failed_;
}

bool ImportJob::next(Bytes& body) {
  while (ready_.empty() && !ended_) read_more();
  if (ready_.empty()) return false;
  body.swap(ready_.front());
  ready_.pop_front();
  return true;
}

void ImportJob::read_more() {
  const std::size_t n = std::fread(piece_.data(), 1, piece_.size(), in_);
  done_ += n;
  if (n == 0 && std::ferror(in_) == 0 && first_lines_.size() < options_.files.size()) return end_of_file();
  Status read = n > 0 ? reader_.feed(ByteView(piece_).first(n)) : reader_.finish();
  if (n == 0 && std::ferror(in_) != 0) read = Error{Code::kInvalid, std::strerror(errno)};
  if (n == 0 || !read) ended_ = true;
  if (!read)
    failed_ = Error{read.error().code, options_.files[first_lines_.size() - 1] + ": " + read.error().message};
}

// On to the feed's next file.
void ImportJob::end_of_file() {
  if (in_ != stdin) std::fclose(in_);
  in_ = nullptr;
  const Result<std::uint64_t> line = reader_.next_file();
  if (line) first_lines_.push_back(*line);
  failed_ = line ? open_file() : Status(line.error());
  ended_ = !failed_.ok();
}

std::string ImportJob::place(std::uint64_t line) const {
  std::size_t i = first_lines_.size() - 1;
  while (i > 0 && first_lines_[i] > line) --i;
  return options_.files[i] + ":" + std::to_string(line - first_lines_[i] + 1);
}

void ImportJob::take_row(const formats::Row& row) {
  ++counts_.rows;
  if (dry_) return;
  lines_.push_back(row.line);
  wire::encode_request(
      ready_.emplace_back(),
      {.operation = row.import, .actor = options_.actor, .reason = {}, .idempotency_key = {}, .echo_site = false});
}

void ImportJob::tell(const formats::Problem& problem) {
  if (!options_.problem) return;
  std::string text = place(problem.line) + ": ";
  if (!problem.field.empty()) text.append(problem.field).append(": ");
  text.append(problem.why);
  if (!problem.value.empty()) text.append(" ('").append(problem.value).append("')");
  options_.problem(text, problem.refused);
}

// No further row would fare better.
void ImportJob::stop(const registry::Outcome& refused) {
  if (failed_.ok()) failed_ = Error{refused.code, refused.message};
  ended_ = true;
  ready_.clear();
}

void ImportJob::take_outcome(std::uint64_t index, const Result<registry::Outcome>& outcome) {
  const Code code = outcome ? outcome->code : outcome.error().code;
  if (outcome)
    counts_.count(*outcome);
  else
    ++counts_.rejected;
  if (outcome && (code == Code::kUnauthorized || code == Code::kWritesStopped)) return stop(*outcome);
  const bool doubtful = code == Code::kOk && outcome->message.starts_with(registry::kPerhapsTheSame);
  if (doubtful) ++counts_.notes;
  if (code != Code::kOk || doubtful)
    tell({.line = lines_[index],
          .field = {},
          .why = outcome ? outcome->message : outcome.error().message,
          .value = {},
          .refused = code != Code::kOk && code != Code::kOutOfDate});
  const std::int64_t now = net::boot_now().value;
  if (!options_.progress || now < next_progress_us_) return;
  next_progress_us_ = now + kProgressEveryUs;
  options_.progress();
}

std::optional<double> ImportJob::share() const {
  if (size_ == 0) return std::nullopt;
  // Rows that were read and wait for their turn are not done.
  const double read = static_cast<double>(done_) / static_cast<double>(size_);
  const double rows = static_cast<double>(counts_.rows);
  return rows > 0 ? read * (rows - static_cast<double>(ready_.size())) / rows : read;
}

double ImportJob::seconds() const {
  const std::int64_t end = ended_us_ != 0 ? ended_us_ : net::boot_now().value;
  return static_cast<double>(end - began_us_) / 1e6;
}

}  // namespace titer::app
