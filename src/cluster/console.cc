// SPDX-License-Identifier: Apache-2.0

#include "cluster/console.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

namespace titer::cluster {

namespace {

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<std::uint32_t> index_of(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

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
  const std::optional<std::uint32_t> i = index_of(index);
  if (!i) return fmt::format("'{}' is not an index: type a whole number, 'start I', 'status' or 'quit'.\n", index);
  if (const Status killed = supervisor_.kill(*i); !killed) return killed.error().message + "\n";
  std::string said = fmt::format("Replica {} was killed.\n", *i);
  if (supervisor_.alive() <= 1) said += "Maximum fault tolerance achieved.\n";
  return said;
}

std::string Console::start(std::string_view index) {
  const std::optional<std::uint32_t> i = index_of(index);
  if (!i) return fmt::format("'{}' is not an index: type 'start' and a whole number.\n", index);
  if (const Status started = supervisor_.start(*i); !started) return started.error().message + "\n";
  return fmt::format("Replica {} is starting; 'status' shows how far it is.\n", *i);
}

}  // namespace titer::cluster
