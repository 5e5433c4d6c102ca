// SPDX-License-Identifier: Apache-2.0

#include "client/backup.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "client/link.h"
#include "client/part_file.h"
#include "wire/codec.h"

namespace titer::client {

namespace {

constexpr std::int64_t kBackupSilenceUs = 3'000'000;  // of the replica in use: then the next one is asked
constexpr unsigned kAttemptsMax = 16;                 // replicas that broke off
constexpr std::uint64_t kReadToken = 1;

bool is_refusal(Code code) { return code == Code::kUnauthorized || code == Code::kForbidden; }

class Job final : LinkOwner {
 public:
  Job(net::Loop& loop, const BackupOptions& options, PartFile file)
      : loop_(loop),
        options_(options),
        file_(std::move(file)),
        link_(loop, Link::thin(options.at, options.token), *this) {}
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  [[nodiscard]] Result<BackupTaken> run();

 private:
  void on_link_up(const wire::HelloReply& reply) override;
  void on_link_message(const wire::Message& message) override;
  void on_link_down(const std::string& reason) override;
  void read_answered(const wire::Message& message);
  void part(const wire::Message& message);
  void keep(ByteView bytes) {
    if (const Status kept = file_.append(bytes); !kept) error_ = kept.error();
  }
  void turn();
  [[nodiscard]] bool over() const { return whole_ || error_ || options_.interrupted(); }
  [[nodiscard]] Result<BackupTaken> finish();

  net::Loop& loop_;
  const BackupOptions& options_;
  PartFile file_;
  BackupTaken taken_;
  bool whole_ = false;
  std::optional<Error> error_;
  unsigned attempts_ = 0;
  BootTime heard_ = net::boot_now();
  Bytes bytes_;
  Link link_;  // last: it may call us as long as it lives
};

void Job::on_link_up(const wire::HelloReply& reply) {
  heard_ = net::boot_now();
  taken_ = {};
  taken_.from = link_.address();
  taken_.cluster = reply.cluster;
  if (const Status again = file_.restart(); !again) error_ = again.error();
  bytes_.clear();
  wire::encode(bytes_, reply);
  keep(bytes_);
  Bytes query;
  wire::encode_query(query, registry::Info{});
  wire::encode(link_.outgoing(), wire::Query{kReadToken, query});
}

void Job::on_link_message(const wire::Message& message) {
  heard_ = net::boot_now();
  if (over()) return;
  if (message.type == wire::Type::kQueryAnswer) return read_answered(message);
  if (message.type == wire::Type::kTransferPart) return part(message);
}

void Job::read_answered(const wire::Message& message) {
  const auto answer = wire::decode_query_answer(message.payload);
  if (!answer) return link_.try_another(answer.error().message);
  if (is_refusal(answer->code)) {
    error_ = Error{answer->code, std::string(as_text(answer->body))};
    return;
  }
  if (answer->code != Code::kOk) return link_.try_another(std::string(as_text(answer->body)));
  wire::encode_backup_ask(link_.outgoing());
}

void Job::part(const wire::Message& message) {
  const auto part = wire::decode_transfer_part(message.payload);
  if (!part) return link_.try_another(part.error().message);
  bytes_.clear();
  wire::MessageWriter copy(bytes_, message.type);
  copy.raw(message.payload);
  copy.finish();
  keep(bytes_);
  taken_.sites = std::max(taken_.sites, part->slots);
  if (part->kind != wire::TransferKind::kHead || part->view == ViewNumber() || part->more) return;
  taken_.position = part->complete;
  taken_.digest = part->digest;
  whole_ = true;
}

void Job::on_link_down(const std::string& reason) {
  if (over()) return;
  if (link_.refusal())  // the other replicas have the same keys
    error_ = *link_.refusal();
  else if (++attempts_ >= kAttemptsMax)
    error_ = Error{Code::kUnreachable, "no replica gave its state to the end; the last one: " + reason};
  else if (file_.bytes() > 0 && options_.say)
    options_.say(taken_.from.text() + " broke off (" + reason + "); starting over at another replica");
}

void Job::turn() {
  link_.flush();
  const BootTime now = net::boot_now();
  const std::int64_t silent_us = now.value - heard_.value;
  if (link_.refusal())
    error_ = *link_.refusal();
  else if (silent_us > options_.patience_us)
    error_ = Error{Code::kUnreachable,
                   "no replica gives a backup at " + to_text(link_.addresses()) +
                       "; the last one: " + (link_.up() ? "it says nothing more" : link_.last_reason())};
  else if (link_.up() && silent_us > kBackupSilenceUs)
    link_.try_another("it has said nothing for too long");
  loop_.wake_at(BootTime(now.value + kBackupSilenceUs / 10));
}

Result<BackupTaken> Job::run() {
  link_.start();
  loop_.run_until(
      BootTime(INT64_MAX), [this] { return over(); }, [this] { turn(); });
  link_.stop();
  if (error_) return *error_;
  if (!whole_) return Error{Code::kUnreachable, "interrupted; no backup was written"};
  return finish();
}

Result<BackupTaken> Job::finish() {
  taken_.bytes = file_.bytes();
  taken_.file = options_.target;
  if (std::filesystem::is_directory(options_.target))
    taken_.file = fmt::format("{}/titer-{:016x}-{}.backup", options_.target, taken_.cluster, taken_.position.value);
  if (const Status finished = file_.finish(taken_.file); !finished) return finished.error();
  return std::move(taken_);
}

}  // namespace

Result<BackupTaken> take_backup(net::Loop& loop, const BackupOptions& options) {
  const bool directory = std::filesystem::is_directory(options.target);
  constexpr unsigned kForOwner = 0600;  // it holds who did what
  auto file = PartFile::open(directory ? options.target + "/titer.backup" : options.target, kForOwner);
  if (!file) return file.error();
  return Job(loop, options, std::move(file).value()).run();
}

}  // namespace titer::client
