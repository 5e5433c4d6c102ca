// SPDX-License-Identifier: Apache-2.0

// The dialogue of `titer client`: the prompts and answers that scripts of the original system rely on, line for
// line. It knows nothing of connections: lines come in through read(), the database is the Database below.
//
// Line-stable form (docs/reference/cli.md): a menu of 6 lines; other prompts without line end; then an empty line (it ends
// the prompt's line), the result, an empty line. A wrong answer is asked for again.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "client/read.h"
#include "registry/request.h"

namespace titer::app {

class Dialogue {
 public:
  using Execute = std::function<Result<registry::Outcome>(const registry::Request&)>;
  struct Options {
    std::function<void(std::string_view)> write;       // shown at once
    std::function<std::optional<std::string>()> read;  // a line without its end; nullopt: no more input
    Execute execute;
    client::Asker* asker = nullptr;
    std::string actor;
  };
  explicit Dialogue(Options options) : io_(std::move(options)) {}

  // Until `q` or the end of input.
  void run();

 private:
  // The answer to `prompt`, trimmed, asked again with `again` until `fits`. nullopt: no more input.
  std::optional<std::string> ask(std::string_view prompt, std::string_view again,
                                 const std::function<bool(std::string_view)>& fits);
  std::optional<std::string> ask_name();
  std::optional<std::string> choose();
  // Each gives the result's text; nullopt: no more input.
  std::optional<std::string> list();
  std::optional<std::string> view();
  std::optional<std::string> edit();
  std::optional<std::string> add();
  Result<registry::Outcome> execute(const registry::Operation& operation);

  Options io_;
};

// As the original writes it: "12", "True", "False"; "Unknown" for what the original did not have.
[[nodiscard]] std::string seed_text(registry::Availability availability);
// One value for a site that may have several stock lines: the one of `any` when there is one; else, when all are
// counts, their sum; else whether there is any.
[[nodiscard]] registry::Availability seed_availability(const registry::Site& site);

}  // namespace titer::app
