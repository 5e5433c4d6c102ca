// SPDX-License-Identifier: Apache-2.0

// LogFile: the log of a process in a file that may be renamed while it is written (logrotate).
//
// SIGHUP reopens the file by its name. The new file takes the place of the old one at the same descriptor (dup2), so no
// thread that writes has to know, and messages of libraries on standard error move too. A file that cannot be opened leaves
// the old one in use, and the reason is logged there.
// Thread rule: the thread of the io_context.
#pragma once

#include <spdlog/common.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace titer::host {

// From which level on lines are logged, as an operator says it. kInvalid: there is no such level.
[[nodiscard]] Result<spdlog::level::level_enum> log_level(const std::string& name);

class LogFile {
 public:
  // Everything that is logged goes to this file from now on, behind what is there.
  [[nodiscard]] static Result<std::unique_ptr<LogFile>> open(std::string path);
  // These descriptors lead to the file already.
  LogFile(std::string path, std::vector<int> descriptors)
      : path_(std::move(path)), descriptors_(std::move(descriptors)) {}

  // From now on, while the context and this live.
  void reopen_on_hangup(boost::asio::io_context& context);
  [[nodiscard]] Status reopen() const;

 private:
  void wait();

  std::string path_;
  std::vector<int> descriptors_;
  std::optional<boost::asio::signal_set> signals_;
};

}  // namespace titer::host
