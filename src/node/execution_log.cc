// SPDX-License-Identifier: Apache-2.0

#include "node/execution_log.h"

#include <fcntl.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/number.h"
#include "net/named_file.h"
#include "wire/codec.h"

namespace titer::node {

namespace {

constexpr std::size_t kLineBytesMax = 8192;

// Length of the file up to its last line end: a process killed in the middle of a write leaves half a line.
std::uint64_t whole_lines(int fd) {
  off_t end = ::lseek(fd, 0, SEEK_END);
  char c = 0;
  while (end > 0 && ::pread(fd, &c, 1, end - 1) == 1 && c != '\n') --end;
  return end > 0 ? static_cast<std::uint64_t>(end) : 0;
}

}  // namespace

ExecutionLog::ExecutionLog(ExecutionLog&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      bytes_(other.bytes_),
      pending_(std::move(other.pending_)),
      last_kept_(other.last_kept_) {}

ExecutionLog& ExecutionLog::operator=(ExecutionLog&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(bytes_, other.bytes_);
  std::swap(pending_, other.pending_);
  std::swap(last_kept_, other.last_kept_);
  return *this;
}

ExecutionLog::~ExecutionLog() {
  if (fd_ < 0) return;
  flush();
  ::close(fd_);
}

Result<ExecutionLog> ExecutionLog::open(const std::string& path, bool keep) {
  ExecutionLog log;
  const auto opened = net::open_output(path, O_RDWR | (keep ? 0 : O_TRUNC), 0600);
  if (!opened) return opened.error();
  log.fd_ = *opened;
  log.bytes_ = whole_lines(log.fd_);
  if (::ftruncate(log.fd_, static_cast<off_t>(log.bytes_)) != 0)
    return Error{Code::kInternal, "cannot write " + path + ": " + std::strerror(errno)};
  log.find_last_place();
  return log;
}

ExecutionLog::Place ExecutionLog::place(std::string_view line) {
  Place place{};
  for (std::uint64_t& number : place) {
    const auto read = take_number<std::uint64_t>(line);
    if (!read || line.empty()) return {};
    number = *read;
    line.remove_prefix(1);
  }
  return place;
}

void ExecutionLog::find_last_place() {
  std::string tail(static_cast<std::size_t>(std::min<std::uint64_t>(bytes_, kLineBytesMax)), '\0');
  const ssize_t n = ::pread(fd_, tail.data(), tail.size(), static_cast<off_t>(bytes_ - tail.size()));
  if (n < 2) return;
  tail.resize(static_cast<std::size_t>(n) - 1);  // without its line end
  const std::size_t before = tail.rfind('\n');
  last_kept_ = place(std::string_view(tail).substr(before == std::string::npos ? 0 : before + 1));
}

void ExecutionLog::append(std::string_view line) {
  if (fd_ < 0) return;
  if (last_kept_ != Place{}) {
    if (place(line) <= last_kept_) return;
    last_kept_ = {};
  }
  pending_.append(line);
  pending_.push_back('\n');
  bytes_ += line.size() + 1;
}

void ExecutionLog::flush() {
  std::string_view rest = pending_;
  while (fd_ >= 0 && !rest.empty()) {
    const ssize_t n = ::pwrite(fd_, rest.data(), rest.size(), static_cast<off_t>(bytes_ - rest.size()));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail("write");
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  pending_.clear();
}

void ExecutionLog::fail(const char* what) {
  spdlog::error("the execution log ends here: {}: {}", what, std::strerror(errno));
  ::close(fd_);
  fd_ = -1;
  pending_.clear();
}

std::uint64_t ExecutionLog::write_part(std::uint64_t from, std::size_t bytes_max, Bytes& out) {
  flush();
  if (fd_ < 0 || from >= bytes_) return bytes_;
  Bytes piece(static_cast<std::size_t>(std::min<std::uint64_t>(bytes_max, bytes_ - from)));
  const ssize_t n = ::pread(fd_, piece.data(), piece.size(), static_cast<off_t>(from));
  if (n <= 0) {
    fail("read");
    return bytes_;
  }
  wire::encode(out, wire::TransferLog{from, ByteView(piece).first(static_cast<std::size_t>(n))});
  return from + static_cast<std::uint64_t>(n);
}

Status ExecutionLog::read_part(ByteView payload) {
  const auto part = wire::decode_transfer_log(payload);
  if (!part) return part.error();
  if (fd_ < 0) return ok_status();
  flush();
  // Pieces overlap when a donor dies half-way: all full replicas have the same lines at the same place.
  if (part->offset > bytes_) return Error{Code::kProtocol, "a piece of the execution log is missing"};
  if (::pwrite(fd_, part->bytes.data(), part->bytes.size(), static_cast<off_t>(part->offset)) !=
      static_cast<ssize_t>(part->bytes.size()))
    fail("write");
  bytes_ = std::max(bytes_, part->offset + part->bytes.size());
  last_kept_ = {};
  return ok_status();
}

}  // namespace titer::node
