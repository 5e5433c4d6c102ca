// SPDX-License-Identifier: Apache-2.0

#include "load/history.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "net/named_file.h"

namespace titer::load {

Result<std::unique_ptr<LoadHistory>> LoadHistory::open(const std::string& path) {
  const auto file = net::open_output(path, O_WRONLY | O_TRUNC, 0644);
  if (!file) return file.error();
  return std::unique_ptr<LoadHistory>(new LoadHistory(*file));
}

LoadHistory::~LoadHistory() {
  if (file_ >= 0) ::close(file_);
}

void LoadHistory::called(const check::Op& op) {
  print(op, text_);
  flush();
}

void LoadHistory::answered(const check::Op& op) {
  print(op, text_);
  if (text_.size() > 65'536) flush();
}

Status LoadHistory::close() {
  flush();
  if (::close(std::exchange(file_, -1)) != 0 && error_ == 0) error_ = errno;
  if (error_ == 0) return ok_status();
  return Error{Code::kInternal, std::string("the history could not be written: ") + std::strerror(error_)};
}

void LoadHistory::flush() {
  for (std::size_t done = 0; done < text_.size() && error_ == 0;) {
    const ssize_t n = ::write(file_, text_.data() + done, text_.size() - done);
    if (n >= 0)
      done += static_cast<std::size_t>(n);
    else if (errno != EINTR)
      error_ = errno;
  }
  text_.clear();
}

}  // namespace titer::load
