// SPDX-License-Identifier: Apache-2.0

#include "host/log_file.h"

#include <fcntl.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "net/named_file.h"

namespace titer::host {

namespace {

constexpr mode_t kMode = 0644;  // less the umask

Error cannot(const std::string& path) {
  return {Code::kInvalid, "cannot write the log file " + path + ": " + std::strerror(errno)};
}

Result<int> open_to_append(const std::string& path) { return net::open_output(path, O_WRONLY | O_APPEND, kMode); }

}  // namespace

Result<spdlog::level::level_enum> log_level(const std::string& name) {
  const auto level = spdlog::level::from_str(name);  // "off" of what it does not know
  if (level == spdlog::level::off && name != "off")
    return Error{Code::kInvalid, "[log] level is one of debug, info, warning, error, off"};
  return level;
}

Result<std::unique_ptr<LogFile>> LogFile::open(std::string path) {
  const auto fd = open_to_append(path);
  if (!fd) return fd.error();
  std::FILE* const file = ::fdopen(*fd, "a");  // the logger's, to the end of the process
  if (file == nullptr) return cannot(path);
  using Sink = spdlog::sinks::stdout_sink_base<spdlog::details::console_mutex>;
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("titer", std::make_shared<Sink>(file)));
  return std::make_unique<LogFile>(std::move(path), std::vector<int>{*fd});
}

void LogFile::reopen_on_hangup(boost::asio::io_context& context) {
  signals_.emplace(context, SIGHUP);
  wait();
}

void LogFile::wait() {
  signals_->async_wait([this](const boost::system::error_code& cancelled, int) {
    if (cancelled) return;
    if (const Status opened = reopen(); !opened)
      spdlog::error("{}; the file of before stays in use", opened.error().message);
    else
      spdlog::info("the log file was reopened");
    wait();
  });
}

Status LogFile::reopen() const {
  const auto opened = open_to_append(path_);
  if (!opened) return opened.error();
  const int fd = *opened;
  Status done = ok_status();
  for (const int descriptor : descriptors_) {
    const int flags = ::fcntl(descriptor, F_GETFD);
    const int on_exec = flags >= 0 && (flags & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0;
    if (::dup3(fd, descriptor, on_exec) < 0) done = cannot(path_);
  }
  ::close(fd);
  return done;
}

}  // namespace titer::host
