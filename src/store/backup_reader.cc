// SPDX-License-Identifier: Apache-2.0

#include "store/backup_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "base/limits.h"
#include "wire/message.h"

namespace titer::store {

namespace {

constexpr std::size_t kReadBytes = std::size_t{1} << 20;

struct CloseFile {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};

// The messages of a file, one after another.
class MessageFile {
 public:
  MessageFile(std::string path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  // nullopt: the file ends here.
  [[nodiscard]] Result<std::optional<wire::Message>> next();
  [[nodiscard]] std::uint64_t at() const { return before_ + begin_; }
  // Of the wire format of the first message, once next() has looked at it; 0: that is no message.
  [[nodiscard]] std::uint8_t format() const {
    std::uint16_t magic = 0;
    if (buffer_.size() < 3) return 0;
    std::memcpy(&magic, buffer_.data(), sizeof magic);
    return magic == wire::kMagic ? std::to_integer<std::uint8_t>(buffer_[2]) : std::uint8_t{0};
  }
  [[nodiscard]] Error spoilt(std::string_view why) const {
    return {Code::kInvalid,
            fmt::format("{} is damaged: near byte {} it is not what was written ({}). Use another backup; "
                        "nothing was made of this one",
                        path_, at(), why)};
  }
  [[nodiscard]] Error not_whole() const {
    return {Code::kInvalid, fmt::format("{} is incomplete: it ends after {} bytes, before the head that ends a "
                                        "backup. Use another backup; nothing was restored from this one",
                                        path_, at())};
  }

 private:
  // True: there is more to look at.
  [[nodiscard]] Result<bool> read_more();

  std::string path_;
  std::unique_ptr<std::FILE, CloseFile> file_;
  Bytes buffer_;  // [begin_, size) is not used yet
  std::size_t begin_ = 0;
  std::uint64_t before_ = 0;  // bytes of the file that are out of the buffer
};

Result<bool> MessageFile::read_more() {
  before_ += begin_;
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(std::exchange(begin_, 0)));
  const std::size_t had = buffer_.size();
  buffer_.resize(had + kReadBytes);
  const std::size_t n = std::fread(buffer_.data() + had, 1, kReadBytes, file_.get());
  buffer_.resize(had + n);
  if (n == 0 && std::ferror(file_.get()) != 0)
    return Error{Code::kInternal, fmt::format("cannot read {}: {}", path_, std::strerror(errno))};
  return n > 0;
}

Result<std::optional<wire::Message>> MessageFile::next() {
  for (;;) {
    ByteView rest = ByteView(buffer_).subspan(begin_);
    auto message = wire::next_message(rest);
    if (!message) return spoilt(message.error().message);
    if (*message) {
      begin_ = buffer_.size() - rest.size();
      return message;
    }
    const auto more = read_more();
    if (!more) return more.error();
    if (*more) continue;
    if (begin_ < buffer_.size()) return not_whole();
    return std::optional<wire::Message>();
  }
}

Result<wire::HelloReply> read_source(MessageFile& file, const std::string& path) {
  const Error foreign{Code::kInvalid, path + " is not a backup of titer"};
  const auto first = file.next();
  if (!first && file.at() > 0) return first.error();
  if (const std::uint8_t format = file.format(); !first && format != 0 && format != wire::kVersion)
    return Error{Code::kInvalid,
                 fmt::format("{} was written by another version of titer (format {}, this one reads {}): "
                             "restore it with that version",
                             path, format, wire::kVersion)};
  if (!first || !*first || (*first)->type != wire::Type::kHelloReply) return foreign;
  auto source = wire::decode_hello_reply((*first)->payload);
  if (!source) return file.spoilt(source.error().message);
  return source;
}

}  // namespace

Result<BackupContents> read_backup(const std::string& path, machine::Machine& machine) {
  std::FILE* const opened = std::fopen(path.c_str(), "rb");
  if (opened == nullptr)
    return Error{Code::kNotFound, fmt::format("cannot read {}: {}", path, std::strerror(errno))};
  MessageFile file(path, opened);
  auto source = read_source(file, path);
  if (!source) return source.error();
  BackupContents contents;
  contents.source = std::move(source).value();
  for (bool whole = false; !whole;) {
    const auto message = file.next();
    if (!message) return message.error();
    if (!*message) return file.not_whole();
    if ((*message)->type != wire::Type::kTransferPart) return file.spoilt("a message that is no part of a state");
    const auto part = wire::decode_transfer_part((*message)->payload);
    if (!part) return file.spoilt(part.error().message);
    const auto received = machine.read_part(*part);
    if (!received) return file.spoilt(received.error().message);
    whole = received->final_state;
    contents.clock = part->clock;
    contents.digest = part->digest;
  }
  contents.position = machine.position();
  contents.bytes = file.at();
  const auto behind = file.next();
  if (!behind || *behind) return file.spoilt("there is more behind the end of the backup");
  if (const Status sound = machine.registry().check(); !sound) return file.spoilt(sound.error().message);
  return contents;
}

}  // namespace titer::store
