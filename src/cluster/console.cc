// SPDX-License-Identifier: Apache-2.0

#include "cluster/console.h"

#include <fmt/format.h>

#include <optional>

#include "base/number.h"
#include "base/text.h"

namespace titer::cluster {

std::string Console::line(std::string_view text) {
  const std::string_view words = trim(text);
  if (words.empty()) return {};
  if (words == "status") return supervisor_.status();
  if (words == "quit" || words == "q") {
    quit_ = true;
    return {};
  }
  if (words.starts_with("start ")) return start(trim(words.substr(6)));
  if (words.starts_with("kill ")) return kill(trim(words.substr(5)));
  return kill(words);
}

std::string Console::kill(std::string_view index) {
  const std::optional<std::uint32_t> i = parse_number<std::uint32_t>(index);
  if (!i) return fmt::format("'{}' is not an index: type a whole number, 'start I', 'status' or 'quit'.\n", index);
  if (const Status killed = supervisor_.kill(*i); !killed) return killed.error().message + "\n";
  std::string said = fmt::format("Replica {} was killed.\n", *i);
  if (supervisor_.alive() <= 1) said += "Maximum fault tolerance achieved.\n";
  return said;
}

std::string Console::start(std::string_view index) {
  const std::optional<std::uint32_t> i = parse_number<std::uint32_t>(index);
  if (!i) return fmt::format("'{}' is not an index: type 'start' and a whole number.\n", index);
  if (const Status started = supervisor_.start(*i); !started) return started.error().message + "\n";
  return fmt::format("Replica {} is starting; 'status' shows how far it is.\n", *i);
}

}  // namespace titer::cluster
