// SPDX-License-Identifier: Apache-2.0

#include "cluster/child_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "net/named_file.h"

extern char** environ;

namespace titer::cluster {

namespace {

Error os_error(const std::string& what, int error) { return {Code::kInternal, what + ": " + std::strerror(error)}; }

// What posix_spawn is told: the files and the signals of the child.
class SpawnPlan {
 public:
  SpawnPlan(int control, int log) {
    posix_spawn_file_actions_init(&files_);
    posix_spawn_file_actions_addopen(&files_, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files_, log, 1);
    posix_spawn_file_actions_adddup2(&files_, 1, 2);
    posix_spawn_file_actions_adddup2(&files_, control, kControlFd);
    posix_spawnattr_init(&attributes_);
    sigset_t none, defaults;
    sigemptyset(&none);
    sigemptyset(&defaults);
    for (const int signal : {SIGINT, SIGTERM, SIGCHLD, SIGPIPE}) sigaddset(&defaults, signal);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &defaults);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  int run(pid_t& pid, const std::string& program, char* const* argv, char* const* environment) const {
    return posix_spawn(&pid, program.c_str(), &files_, &attributes_, argv, environment);
  }

 private:
  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

}  // namespace

Result<ChildProcess> spawn(const std::string& program, const std::vector<std::string>& arguments,
                           const std::string& log_path, const EnvironmentVariable& variable) {
  const auto log = net::open_output(log_path, O_WRONLY | O_APPEND, 0600);
  if (!log) return Error{Code::kInternal, "cannot write the log: " + log.error().message};
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
    ::close(*log);
    return os_error("socketpair", errno);
  }
  // dup2 onto itself would keep close-on-exec; move the child's end out of the way first.
  if (pair[1] == kControlFd) {
    const int moved = ::fcntl(pair[1], F_DUPFD_CLOEXEC, kControlFd + 1);
    ::close(pair[1]);
    pair[1] = moved;
  }
  std::vector<std::string> owned = arguments;
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (std::string& argument : owned) argv.push_back(argument.data());
  argv.push_back(nullptr);
  std::string added = variable.name + "=" + variable.value;
  std::vector<char*> environment;
  for (char** one = environ; *one != nullptr; ++one) environment.push_back(*one);
  environment.insert(environment.end(), {added.data(), nullptr});
  ChildProcess process{-1, pair[0]};
  const int error = SpawnPlan(pair[1], *log).run(process.pid, program, argv.data(), environment.data());
  ::close(pair[1]);
  ::close(*log);
  if (error == 0) return process;
  ::close(pair[0]);
  return os_error("cannot start " + program, error);
}

}  // namespace titer::cluster
