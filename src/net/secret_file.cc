// SPDX-License-Identifier: Apache-2.0

#include "net/secret_file.h"

#include <sys/stat.h>

#include "net/named_file.h"

namespace titer::net {

namespace {

Status judge(const std::string& path, const struct stat& found) {
  if ((found.st_mode & S_IRWXO) == 0) return ok_status();
  return Error{Code::kInvalid, "everybody on this machine may use " + path + ", which holds a secret: chmod 600 " +
                                   path + " (640 if its group is to read it)"};
}

}  // namespace

Status closed_to_others(const std::string& path) {
  struct stat found {};
  return ::stat(path.c_str(), &found) == 0 ? judge(path, found) : ok_status();
}

Result<std::string> read_secret(const std::string& path, Pipes pipes) {
  return read_small_file(path, judge, pipes);
}

Result<std::string> read_secret_line(const std::string& path, Pipes pipes) {
  auto text = read_secret(path, pipes);
  if (!text) return text;
  std::string line = text->substr(0, text->find('\n'));
  if (line.empty()) return Error{Code::kInvalid, "there is no secret in the first line of " + path};
  return line;
}

}  // namespace titer::net
